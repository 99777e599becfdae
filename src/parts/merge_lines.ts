/**
 * Merges streams of lines that are each sorted by key into one, in bounded memory. Used by hosts for what they sort and reduce, and by
 * a run's coordinator for its result.
 */
import { type Bytes, EMPTY } from "../protocol/bytes.ts";
import { lineTooLong } from "./line_buffer.ts";
import { MAX_LINE_BYTES } from "./rules.ts";

const NEWLINE = 10;
const TAB = 9;
/** Bytes of a chunk that a merge gives out. */
const CHUNK_BYTES = 64 * 1024;
/** Up to this length a line is copied byte by byte, which is faster than a call. */
const SHORT_LINE_BYTES = 40;

/** How lines are merged. */
export interface MergeOptions {
  /** @default {MAX_LINE_BYTES} */
  readonly maxLineBytes?: number | undefined;
}

/**
 * Merges sorted streams of lines. The key of a line is what stands before its first TAB, or the whole of it; keys are compared by their
 * bytes. Lines of equal keys come in the order of their sources. A last line without an end gets one.
 *
 * @param sources - each sorted by key; a source that is not leaves the result unsorted, and loses nothing
 * @returns chunks of about 64 KiB, each valid until the next is asked for; ending the iteration ends the sources
 * @throws {OperationError} `cannot_run` if a line is longer than the limit; and what a source throws.
 *
 * @example
 * ```ts
 * for await (const chunk of mergeSortedLines([first, second])) await file.write(chunk);
 * ```
 */
export async function* mergeSortedLines(
  sources: readonly AsyncIterable<Bytes>[],
  { maxLineBytes = MAX_LINE_BYTES }: MergeOptions = {},
): AsyncGenerator<Bytes, void, void> {
  const [only] = sources;
  if (only === undefined) return;
  if (sources.length === 1) return yield* withLastEnd(only);
  const all = sources.map((source, index) => new Source(source, index, maxLineBytes));
  try {
    const heap: Source[] = [];
    // All end their work before one that failed is told: nothing goes on behind.
    for (const begun of await Promise.allSettled(all.map((source) => source.refill()))) {
      if (begun.status === "rejected") throw begun.reason;
    }
    for (const source of all) if (source.hasLine) heap.push(source);
    for (let i = heap.length >> 1; i >= 0; i--) siftDown(heap, i);
    const out = new Uint8Array(CHUNK_BYTES);
    let written = 0;
    for (let top = heap[0]; top !== undefined; top = heap[0]) {
      const size = top.end - top.start;
      if (size > out.length - written) {
        if (written > 0) yield out.subarray(0, written);
        written = 0;
      }
      if (size > out.length) yield top.buffer.subarray(top.start, top.end);
      else written = copyLine(top, out, written);
      if (!top.next() && !await top.refill()) {
        const last = heap.pop();
        if (last !== undefined && last !== top) heap[0] = last;
      }
      siftDown(heap, 0);
    }
    if (written > 0) yield out.subarray(0, written);
  } finally {
    await Promise.allSettled(all.map((source) => source.close()));
  }
}

/** One source needs no comparing. */
async function* withLastEnd(source: AsyncIterable<Bytes>): AsyncGenerator<Bytes, void, void> {
  let last = NEWLINE;
  for await (const chunk of source) {
    last = chunk.at(-1) ?? last;
    yield chunk;
  }
  if (last !== NEWLINE) yield new Uint8Array([NEWLINE]);
}

function copyLine({ buffer, start, end }: Source, out: Bytes, at: number): number {
  if (end - start > SHORT_LINE_BYTES) {
    out.set(buffer.subarray(start, end), at);
    return at + end - start;
  }
  for (let i = start; i < end; i++) out[at++] = buffer[i] ?? 0;
  return at;
}

/** A source and the line that is next in it. */
class Source {
  /** Holds the line from `start` to `end`, and what came after it. */
  buffer: Bytes = EMPTY;
  start = 0;
  end = 0;
  /** The first six bytes of the key as a number, zeros where it has ended: it decides most comparisons. */
  prefix = 0;
  keyEnd = 0;
  hasLine = false;
  readonly index: number;
  readonly #iterator: AsyncIterator<Bytes>;
  readonly #maxLineBytes: number;
  #length = 0;
  /** How far the line was looked at that is not whole yet. */
  #at = 0;
  #tab = -1;
  #isOver = false;

  constructor(source: AsyncIterable<Bytes>, index: number, maxLineBytes: number) {
    this.#iterator = source[Symbol.asyncIterator]();
    this.index = index;
    this.#maxLineBytes = maxLineBytes;
  }

  /** Goes to the next line, if the whole of it is here. */
  next(): boolean {
    this.start = this.end;
    this.#at = this.end;
    this.#tab = -1;
    return this.#find();
  }

  /** Waits for the rest of the line. Returns false at the end. */
  async refill(): Promise<boolean> {
    while (!this.#isOver) {
      const { value, done } = await this.#iterator.next();
      if (done === true) {
        this.#isOver = true;
        if (this.start < this.#length) this.#append(new Uint8Array([NEWLINE]));
      } else if (value.length > 0) {
        this.#append(value);
      }
      if (this.#find()) return true;
    }
    this.hasLine = false;
    return false;
  }

  async close(): Promise<void> {
    if (!this.#isOver) await this.#iterator.return?.();
    this.buffer = EMPTY;
  }

  #append(chunk: Uint8Array): void {
    const rest = this.#length - this.start;
    if (rest > this.#maxLineBytes) throw lineTooLong();
    if (rest + chunk.length > this.buffer.length) {
      const grown = new Uint8Array(Math.max(rest + chunk.length, rest * 2));
      grown.set(this.buffer.subarray(this.start, this.#length));
      this.buffer = grown;
    } else {
      this.buffer.copyWithin(0, this.start, this.#length);
    }
    this.buffer.set(chunk, rest);
    this.#at -= this.start;
    if (this.#tab >= 0) this.#tab -= this.start;
    this.start = 0;
    this.#length = rest + chunk.length;
  }

  #find(): boolean {
    const { buffer } = this;
    const length = this.#length;
    let at = this.#at;
    let tab = this.#tab;
    for (; at < length; at++) {
      const byte = buffer[at];
      if (byte === NEWLINE) {
        this.end = at + 1;
        this.keyEnd = tab < 0 ? at : tab;
        this.prefix = prefixOf(buffer, this.start, this.keyEnd);
        this.hasLine = true;
        return true;
      }
      if (byte === TAB && tab < 0) tab = at;
    }
    this.#at = at;
    this.#tab = tab;
    return false;
  }
}

function prefixOf(bytes: Uint8Array, start: number, end: number): number {
  const left = end - start;
  const high = (left > 0 ? bytes[start] ?? 0 : 0) << 16 | (left > 1 ? bytes[start + 1] ?? 0 : 0) << 8 |
    (left > 2 ? bytes[start + 2] ?? 0 : 0);
  const low = (left > 3 ? bytes[start + 3] ?? 0 : 0) << 16 | (left > 4 ? bytes[start + 4] ?? 0 : 0) << 8 |
    (left > 5 ? bytes[start + 5] ?? 0 : 0);
  return high * 0x1000000 + low;
}

function isBefore(a: Source, b: Source): boolean {
  if (a.prefix !== b.prefix) return a.prefix < b.prefix;
  const [bytesA, bytesB] = [a.buffer, b.buffer];
  const lengthA = a.keyEnd - a.start;
  const lengthB = b.keyEnd - b.start;
  const shorter = Math.min(lengthA, lengthB);
  for (let i = Math.min(6, shorter); i < shorter; i++) {
    const difference = (bytesA[a.start + i] ?? 0) - (bytesB[b.start + i] ?? 0);
    if (difference !== 0) return difference < 0;
  }
  return lengthA !== lengthB ? lengthA < lengthB : a.index < b.index;
}

/** Lets the source at `i` sink to its place: the first of all is on top. */
function siftDown(heap: Source[], i: number): void {
  const moved = heap[i];
  if (moved === undefined) return;
  let at = i;
  for (;;) {
    const left = heap[2 * at + 1];
    if (left === undefined) break;
    const right = heap[2 * at + 2];
    const [child, to] = right !== undefined && isBefore(right, left)
      ? [right, 2 * at + 2]
      : [left, 2 * at + 1];
    if (!isBefore(child, moved)) break;
    heap[at] = child;
    at = to;
  }
  heap[at] = moved;
}
