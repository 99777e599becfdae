/**
 * Lines for tests of sorting, and the slow and simple way to do the same.
 */
import fc from "fast-check";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import type { SpoolFile } from "../../../src/parts/spool_file.ts";
import { createSpoolFile } from "../../../src/parts/spool_file.ts";
import { createSpace } from "../../../src/parts/space.ts";
import { PART_LIMITS } from "../../../src/parts/rules.ts";

/** Bytes in which lines, TABs, equal keys, NULs, CRs and invalid UTF-8 are frequent. */
export const anyLines = (options: { maxLength?: number } = {}): fc.Arbitrary<Bytes> =>
  fc.array(
    fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(97, 98, 0, 255, 0xc3) },
      { weight: 3, arbitrary: fc.constant(10) },
      { weight: 2, arbitrary: fc.constant(9) },
      { weight: 1, arbitrary: fc.constantFrom(13, 128) },
    ),
    { maxLength: options.maxLength ?? 400 },
  ).map((bytes) => new Uint8Array(bytes));

/** Cuts bytes into lines that all end in a newline. */
export function linesOf(bytes: Bytes): Bytes[] {
  const lines: Bytes[] = [];
  let line: number[] = [];
  for (const byte of bytes) {
    line.push(byte);
    if (byte !== 10) continue;
    lines.push(new Uint8Array(line));
    line = [];
  }
  if (line.length > 0) lines.push(new Uint8Array([...line, 10]));
  return lines;
}

/** What stands before the first TAB of a line. */
export function keyOf(line: Uint8Array): Uint8Array {
  const tab = line.indexOf(9);
  return line.subarray(0, tab < 0 ? line.length - 1 : tab);
}

/** As memcmp does, the shorter first. */
export function compareBytes(a: Uint8Array, b: Uint8Array): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0);
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

/** Sorts lines by key as `Array.prototype.sort` does, which is stable. */
export function sortedByKey(lines: readonly Bytes[]): Bytes[] {
  return [...lines].sort((a, b) => compareBytes(keyOf(a), keyOf(b)));
}

/** Gives bytes in chunks of a size, each in memory that is used again for the next. */
export async function* chunked(bytes: Bytes, size: number): AsyncGenerator<Bytes> {
  const memory = new Uint8Array(size);
  for (let at = 0; at < bytes.length; at += size) {
    await Promise.resolve();
    const chunk = bytes.subarray(at, at + size);
    memory.set(chunk);
    yield memory.subarray(0, chunk.length);
  }
}

/** Collects chunks that are valid until the next. */
export async function collect(chunks: AsyncIterable<Bytes>): Promise<Bytes> {
  const all: Bytes[] = [];
  for await (const chunk of chunks) all.push(chunk.slice());
  return concatBytes(...all);
}

/** Makes files in a folder, and counts those that are there. */
export function scratchIn(folder: string): { scratch: () => Promise<SpoolFile>; made: () => number } {
  let made = 0;
  const space = createSpace(PART_LIMITS, () => Promise.resolve(undefined));
  return { scratch: () => createSpoolFile(`${folder}/${made++}`, space), made: () => made };
}

/** Names of what is in a folder. */
export async function namesIn(folder: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) names.push(name);
  return names.sort();
}
