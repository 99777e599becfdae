/**
 * Lines in one piece of memory, and their order: by reducer, then by the bytes of their keys, then as they came. Sorted without making
 * a string or an object of any line. Used by `sort_lines.ts`.
 */
import { OperationError } from "../errors.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { HASH_SEED, hashByte, partitionOfState } from "./partition.ts";
import { MAX_LINE_BYTES } from "./rules.ts";
import { sortKeys } from "./sort_keys.ts";

const NEWLINE = 10;
const TAB = 9;
const FIRST_BYTES = 64 * 1024;
const FIRST_LINES = 1024;
/** Up to this length a line is copied byte by byte, which is faster than a call. */
const SHORT_LINE_BYTES = 40;

/** How much a buffer holds before it is full. */
export interface LineBufferSize {
  readonly maxBytes: number;
  readonly maxLines: number;
}

/** Collects lines until it is full; is sorted; is emptied. */
export class LineBuffer {
  readonly #size: LineBufferSize;
  readonly #reducers: number;
  #bytes: Bytes = new Uint8Array(FIRST_BYTES);
  #length = 0;
  /** Where each line begins; one more for where the last ends. */
  #starts: Uint32Array<ArrayBuffer>;
  #keyEnds: Uint32Array<ArrayBuffer>;
  #reducersOf: Uint8Array<ArrayBuffer>;
  #count = 0;
  // The line that is not whole yet: how far it was looked at, where its key ended, and the hash of the key so far.
  #at = 0;
  #keyEnd = -1;
  #hash = HASH_SEED;

  constructor(reducers: number, size: LineBufferSize) {
    this.#reducers = reducers;
    this.#size = size;
    const lines = Math.min(FIRST_LINES, size.maxLines);
    this.#starts = new Uint32Array(lines + 1);
    this.#keyEnds = new Uint32Array(lines);
    this.#reducersOf = new Uint8Array(lines);
  }

  /** Whole lines in it. */
  get count(): number {
    return this.#count;
  }

  /**
   * Takes as much of a chunk as there is room for.
   *
   * @returns how many bytes it took; fewer than there are: it is full, and must be emptied
   * @throws {OperationError} If a line is over 16 MiB.
   */
  push(chunk: Uint8Array): number {
    const room = this.#size.maxBytes - this.#length;
    let taken = Math.min(chunk.length, Math.max(0, room));
    const isFull = this.#count >= this.#size.maxLines || taken === 0;
    if (isFull && this.#count > 0) return 0;
    // A line that is alone here may be longer than the buffer.
    if (taken === 0) taken = Math.min(chunk.length, MAX_LINE_BYTES - this.#length);
    if (taken === 0 && chunk.length > 0) throw lineTooLong();
    this.#reserve(taken);
    this.#bytes.set(chunk.subarray(0, taken), this.#length);
    this.#length += taken;
    this.#scan();
    return taken;
  }

  /** Whether it holds as many lines as it may, and bytes beyond them. */
  get isFull(): boolean {
    return this.#count >= this.#size.maxLines && this.#start < this.#length;
  }

  /** Ends the last line, if it has no end. */
  end(): void {
    if (this.#start === this.#length || this.#bytes[this.#length - 1] === NEWLINE) return;
    this.#reserve(1);
    this.#bytes[this.#length++] = NEWLINE;
    this.#scan();
  }

  /**
   * Sorts the whole lines.
   *
   * @param breathe - awaited now and then, so that others get on
   * @returns their order, which holds until the buffer is cleared
   */
  async sort(breathe: () => Promise<void>): Promise<SortedLines> {
    const [starts, keyEnds, count] = [this.#starts, this.#keyEnds, this.#count];
    const { order, ends } = this.#byReducer();
    const keys = { bytes: this.#bytes, starts, keyEnds, order, count };
    await sortKeys(keys, ends, breathe);
    return { ends, order };
  }

  /**
   * Copies sorted lines into `out` until one does not fit.
   *
   * @param from - index into the order
   * @param to - index at which to stop
   * @returns the index of the next line, and how many bytes were written; a line that is longer than `out` is left to {@link lineAt}
   */
  copy(
    { order }: SortedLines,
    { from, to, out }: { from: number; to: number; out: Bytes },
  ): [number, number] {
    const [bytes, starts] = [this.#bytes, this.#starts];
    let written = 0;
    let i = from;
    for (; i < to; i++) {
      const line = order[i] ?? 0;
      const start = starts[line] ?? 0;
      const end = starts[line + 1] ?? 0;
      if (end - start > out.length - written) break;
      if (end - start <= SHORT_LINE_BYTES) {
        for (let at = start; at < end; at++) out[written++] = bytes[at] ?? 0;
      } else {
        out.set(bytes.subarray(start, end), written);
        written += end - start;
      }
    }
    return [i, written];
  }

  /** The bytes of one sorted line. */
  lineAt({ order }: SortedLines, i: number): Bytes {
    const line = order[i] ?? 0;
    return this.#bytes.subarray(this.#starts[line], this.#starts[line + 1]);
  }

  /** Forgets the whole lines, and goes on with what came after them. */
  clear(): void {
    const start = this.#start;
    this.#bytes.copyWithin(0, start, this.#length);
    this.#length -= start;
    this.#at -= start;
    if (this.#keyEnd >= 0) this.#keyEnd -= start;
    this.#count = 0;
    this.#starts[0] = 0;
    // One long line is no reason to keep so much memory.
    if (this.#bytes.length > this.#size.maxBytes && this.#length < this.#size.maxBytes) {
      this.#bytes = this.#bytes.slice(0, this.#size.maxBytes);
    }
    this.#scan();
  }

  /** Where the line begins that is not whole yet. */
  get #start(): number {
    return this.#starts[this.#count] ?? 0;
  }

  #reserve(more: number): void {
    const needed = this.#length + more;
    if (needed <= this.#bytes.length) return;
    const limit = needed <= this.#size.maxBytes ? this.#size.maxBytes : MAX_LINE_BYTES + 1;
    const grown = new Uint8Array(Math.max(needed, Math.min(limit, this.#bytes.length * 2)));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }

  /** Finds lines, their keys and reducers, up to the end or the highest number of lines. */
  #scan(): void {
    const { maxLines } = this.#size;
    const bytes = this.#bytes;
    const length = this.#length;
    const reducers = this.#reducers;
    let [starts, keyEnds, reducersOf] = [this.#starts, this.#keyEnds, this.#reducersOf];
    let [at, keyEnd, hash, count] = [this.#at, this.#keyEnd, this.#hash, this.#count];
    for (; at < length && count < maxLines; at++) {
      const byte = bytes[at] ?? 0;
      if (byte === NEWLINE) {
        if (count === keyEnds.length) [starts, keyEnds, reducersOf] = this.#growTables();
        keyEnds[count] = keyEnd < 0 ? at : keyEnd;
        reducersOf[count] = reducers === 1 ? 0 : partitionOfState(hash, reducers);
        starts[++count] = at + 1;
        keyEnd = -1;
        hash = HASH_SEED;
      } else if (keyEnd < 0) {
        if (byte === TAB) keyEnd = at;
        else hash = hashByte(hash, byte);
      }
    }
    [this.#at, this.#keyEnd, this.#hash, this.#count] = [at, keyEnd, hash, count];
  }

  #growTables(): [Uint32Array<ArrayBuffer>, Uint32Array<ArrayBuffer>, Uint8Array<ArrayBuffer>] {
    const lines = Math.min(this.#size.maxLines, this.#keyEnds.length * 2);
    this.#starts = grow(this.#starts, new Uint32Array(lines + 1));
    this.#keyEnds = grow(this.#keyEnds, new Uint32Array(lines));
    this.#reducersOf = grow(this.#reducersOf, new Uint8Array(lines));
    return [this.#starts, this.#keyEnds, this.#reducersOf];
  }

  /** Puts the lines in the order of reducers, each one's as they came. */
  #byReducer(): { readonly order: Uint32Array; readonly ends: readonly number[] } {
    const order = new Uint32Array(this.#count);
    const next = new Uint32Array(this.#reducers + 1);
    for (let i = 0; i < this.#count; i++) {
      const reducer = (this.#reducersOf[i] ?? 0) + 1;
      next[reducer] = (next[reducer] ?? 0) + 1;
    }
    for (let i = 1; i <= this.#reducers; i++) next[i] = (next[i] ?? 0) + (next[i - 1] ?? 0);
    const ends = [...next.subarray(1)];
    for (let i = 0; i < this.#count; i++) {
      const reducer = this.#reducersOf[i] ?? 0;
      const at = next[reducer] ?? 0;
      order[at] = i;
      next[reducer] = at + 1;
    }
    return { order, ends };
  }
}

/** The order of the lines of a buffer, until it is cleared. */
export interface SortedLines {
  /** Where each reducer's lines end in the order. */
  readonly ends: readonly number[];
  readonly order: Uint32Array;
}

/** The error for a line over 16 MiB. */
export function lineTooLong(): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot sort or divide the lines: one is over ${MAX_LINE_BYTES / (1024 * 1024)} MiB, the limit`,
    { remedy: "Let the command write shorter lines" },
  );
}

function grow<T extends Uint32Array | Uint8Array>(from: T, to: T): T {
  to.set(from);
  return to;
}
