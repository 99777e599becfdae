import assert from "node:assert/strict";
import fc from "fast-check";
import { partitionOf } from "../../../src/parts/partition.ts";
import { createLineSorter } from "../../../src/parts/sort_lines.ts";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { anyLines, collect, keyOf, linesOf, namesIn, scratchIn, sortedByKey } from "./_lines.ts";

async function sort(
  input: Bytes,
  folder: string,
  options: { reducers: number; bufferBytes?: number; maxOpen?: number; chunkBytes?: number },
): Promise<Bytes[]> {
  await using sorter = createLineSorter({ ...options, scratch: scratchIn(folder).scratch });
  const chunkBytes = options.chunkBytes ?? 64;
  const memory = new Uint8Array(chunkBytes);
  for (let at = 0; at < input.length; at += chunkBytes) {
    const chunk = input.subarray(at, at + chunkBytes);
    memory.set(chunk);
    await sorter.push(memory.subarray(0, chunk.length));
  }
  await sorter.end();
  const parts: Bytes[] = [];
  for (let i = 0; i < options.reducers; i++) parts.push(await collect(sorter.linesOf(i)));
  return parts;
}

function expected(input: Bytes, reducers: number): Bytes[] {
  const lines = linesOf(input);
  return Array.from(
    { length: reducers },
    (_, i) => concatBytes(...sortedByKey(lines.filter((line) => partitionOf(keyOf(line), reducers) === i))),
  );
}

Deno.test("createLineSorter() sorts any bytes as Array.sort does, spilled or not", async () => {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await fc.assert(
    fc.asyncProperty(
      anyLines(),
      fc.integer({ min: 1, max: 5 }),
      fc.constantFrom(1, 8, 40, 1_000_000),
      fc.integer({ min: 2, max: 4 }),
      fc.integer({ min: 1, max: 50 }),
      async (input, reducers, bufferBytes, maxOpen, chunkBytes) => {
        const sorted = await sort(input, folder, { reducers, bufferBytes, maxOpen, chunkBytes });
        assert.deepEqual(sorted, expected(input, reducers));
        assert.deepEqual(await namesIn(folder), []);
      },
    ),
    { numRuns: 60 },
  );
});

const KEYS: readonly (readonly [name: string, key: (i: number) => string])[] = [
  ["random keys", (i) => String(Math.imul(i, 2654435761) >>> 0)],
  ["one key", () => "same"],
  ["keys with a long beginning in common", (i) => "x".repeat(50) + (i % 97)],
  ["keys that are beginnings of each other", (i) => "\0".repeat(i % 13)],
  ["few keys", (i) => String(i % 5)],
];
for (const [name, key] of KEYS) {
  Deno.test(`createLineSorter() sorts many lines with ${name}`, async () => {
    await using temporary = await temporaryFolder();
    const text = Array.from({ length: 6_000 }, (_, i) => `${key(i)}\t${i}\n`).join("");
    const input = new TextEncoder().encode(text);
    for (const reducers of [1, 20]) {
      const sorted = await sort(input, temporary.folder, {
        reducers,
        bufferBytes: 60_000,
        chunkBytes: 4_096,
      });
      assert.deepEqual(sorted, expected(input, reducers));
    }
  });
}

Deno.test("createLineSorter() sorts lines that are longer than its buffer and its chunks", async () => {
  await using temporary = await temporaryFolder();
  const line = (key: string, bytes: number) => `${key}\t${"v".repeat(bytes)}\n`;
  const input = new TextEncoder().encode(
    line("b", 200_000) + line("a", 10) + line("c", 70_000) + line("a", 300_000),
  );
  const sorted = await sort(input, temporary.folder, { reducers: 1, bufferBytes: 1_000, chunkBytes: 65_536 });
  assert.deepEqual(sorted, expected(input, 1));
});

Deno.test("createLineSorter() refuses a line over 16 MiB", async () => {
  await using temporary = await temporaryFolder();
  const input = new Uint8Array(17 * 1024 * 1024).fill(97);
  await assert.rejects(
    sort(input, temporary.folder, { reducers: 1, chunkBytes: 1024 * 1024 }),
    /^OperationError: Cannot sort or divide the lines: one is over 16 MiB, the limit$/,
  );
});

Deno.test("createLineSorter() leaves no file behind when it is given up", async () => {
  await using temporary = await temporaryFolder();
  const { scratch, made } = scratchIn(temporary.folder);
  {
    await using sorter = createLineSorter({ reducers: 2, bufferBytes: 100, maxOpen: 3, scratch });
    for (let i = 0; i < 50; i++) await sorter.push(new TextEncoder().encode(`${i}\tvalue\n`.repeat(5)));
    assert.ok(made() > 5);
  }
  assert.deepEqual(await namesIn(temporary.folder), []);
});
