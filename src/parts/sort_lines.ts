/**
 * Divides lines by key among reducers and sorts each one's by key, in bounded memory: what does not fit is sorted piece by piece, goes
 * to files, and is merged. Lines of equal keys stay in the order in which they came.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { LineBuffer, type SortedLines } from "./line_buffer.ts";
import { mergeSortedLines } from "./merge_lines.ts";
import { MAX_OPEN_FILES } from "./rules.ts";
import type { SpoolFile } from "./spool_file.ts";

const MIB = 1024 * 1024;
/** Sorting is several times faster in what a processor's cache holds; the rest is left to the merge. */
const BUFFER_BYTES = MIB;
/** With many reducers each one's lines are a small part, which the cache holds, and pieces should not become tiny. */
const LARGE_BUFFER_BYTES = 2 * MIB;
const MANY_REDUCERS = 16;
/** No more lines than these fit if they have eight bytes each; shorter ones fill a buffer sooner. */
const LINE_BYTES = 8;
const CHUNK_BYTES = 64 * 1024;

/** How lines are sorted. */
export interface SortOptions {
  /** From 1 to 256. */
  readonly reducers: number;
  /** Makes a file for what does not fit. */
  readonly scratch: () => Promise<SpoolFile>;
  /** @default 1 MiB, or 2 with many reducers */
  readonly bufferBytes?: number | undefined;
  /** Files that are read at the same time. @default {MAX_OPEN_FILES} */
  readonly maxOpen?: number | undefined;
}

/** Sorts lines; disposing of it removes its files. */
export interface LineSorter extends AsyncDisposable {
  /** Takes the next bytes; they may be used again when it resolves. Calls must not overlap. */
  push(chunk: Uint8Array): Promise<void>;
  /** Ends the input; a last line without an end gets one. */
  end(): Promise<void>;
  /** The sorted lines of one reducer, each asked for once and one after the other; chunks are valid until the next. */
  linesOf(reducer: number): AsyncIterable<Bytes>;
}

/** Sorted lines in a file. */
interface SpilledLines {
  readonly file: SpoolFile;
  /** Where each reducer's lines end. */
  readonly ends: readonly number[];
  /** How often they were merged. */
  readonly level: number;
}

/** Makes a sorter. */
export function createLineSorter(options: SortOptions): LineSorter {
  const { reducers, scratch, maxOpen = MAX_OPEN_FILES } = options;
  const maxBytes = options.bufferBytes ?? (reducers >= MANY_REDUCERS ? LARGE_BUFFER_BYTES : BUFFER_BYTES);
  const buffer = new LineBuffer(reducers, {
    maxBytes,
    maxLines: Math.max(1, Math.ceil(maxBytes / LINE_BYTES)),
  });
  /** In the order in which their lines came. */
  const spilled: SpilledLines[] = [];
  let sorted: SortedLines | undefined;

  const writeAll = async (level: number, linesOf: (reducer: number) => AsyncIterable<Bytes>) => {
    const file = await scratch();
    const ends: number[] = [];
    try {
      for (let reducer = 0; reducer < reducers; reducer++) {
        for await (const chunk of linesOf(reducer)) await file.write(chunk);
        ends.push(file.bytes);
      }
    } catch (error) {
      await file[Symbol.asyncDispose]();
      throw error;
    }
    return { file, ends, level };
  };
  const spill = async () => {
    const lines = await buffer.sort(breathe);
    spilled.push(await writeAll(0, (reducer) => copyLines(buffer, lines, reducer)));
    buffer.clear();
    while (spilled.length >= maxOpen && spilled.at(-maxOpen)?.level === spilled.at(-1)?.level) {
      await mergeLast(maxOpen);
    }
  };
  /** Merges neighbours, so that lines of equal keys stay in order. */
  const mergeLast = async (count: number) => {
    const merged = spilled.splice(-count);
    try {
      const level = Math.max(...merged.map((one) => one.level)) + 1;
      spilled.push(
        await writeAll(level, (reducer) => mergeSortedLines(merged.map((one) => sectionOf(one, reducer)))),
      );
    } finally {
      for (const { file } of merged) await file[Symbol.asyncDispose]();
    }
  };

  return {
    async push(chunk) {
      for (let at = 0; at < chunk.length;) {
        const taken = buffer.push(chunk.subarray(at));
        at += taken;
        if (taken === 0) await spill();
      }
    },
    async end() {
      buffer.end();
      while (buffer.isFull) {
        await spill();
        buffer.end();
      }
      while (spilled.length >= maxOpen) await mergeLast(Math.min(maxOpen, spilled.length - maxOpen + 2));
      sorted = await buffer.sort(breathe);
    },
    async *linesOf(reducer) {
      if (sorted === undefined) throw new TypeError("Cannot read the sorted lines: the input has not ended");
      const inMemory = copyLines(buffer, sorted, reducer);
      yield* mergeSortedLines([...spilled.map((one) => sectionOf(one, reducer)), inMemory]);
    },
    async [Symbol.asyncDispose]() {
      for (const { file } of spilled.splice(0)) await file[Symbol.asyncDispose]();
    },
  };
}

function sectionOf({ file, ends }: SpilledLines, reducer: number): AsyncIterable<Bytes> {
  return file.read(reducer === 0 ? 0 : ends[reducer - 1] ?? 0, ends[reducer] ?? 0);
}

async function* copyLines(buffer: LineBuffer, sorted: SortedLines, reducer: number): AsyncGenerator<Bytes> {
  const to = sorted.ends[reducer] ?? 0;
  let from = reducer === 0 ? 0 : sorted.ends[reducer - 1] ?? 0;
  if (from === to) return;
  const out = new Uint8Array(CHUNK_BYTES);
  while (from < to) {
    const [next, written] = buffer.copy(sorted, { from, to, out });
    if (written > 0) yield out.subarray(0, written);
    if (next === from) {
      yield buffer.lineAt(sorted, from);
      from++;
    } else from = next;
  }
}

/** Lets the rest of the agent get on. */
async function breathe(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 0));
}
