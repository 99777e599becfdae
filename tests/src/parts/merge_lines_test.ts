import assert from "node:assert/strict";
import fc from "fast-check";
import { mergeSortedLines } from "../../../src/parts/merge_lines.ts";
import { type Bytes, concatBytes, utf8 } from "../../../src/protocol/bytes.ts";
import { anyLines, chunked, collect, linesOf, sortedByKey } from "./_lines.ts";

Deno.test("mergeSortedLines() of sorted sources is the sort of all their lines, in the order of sources", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(anyLines({ maxLength: 120 }), { maxLength: 9 }),
      fc.integer({ min: 1, max: 40 }),
      fc.boolean(),
      async (inputs, chunkBytes, hasLastEnd) => {
        const sources = inputs.map((input) => sortedByKey(linesOf(input)));
        const merged = mergeSortedLines(sources.map((lines) => {
          const whole = concatBytes(...lines);
          // An empty line is told from none by its end alone.
          const canCut = !hasLastEnd && (lines.at(-1)?.length ?? 0) > 1;
          return chunked(canCut ? whole.subarray(0, -1) : whole, chunkBytes);
        }));
        assert.deepEqual(await collect(merged), concatBytes(...sortedByKey(sources.flat())));
      },
    ),
    { numRuns: 150 },
  );
});

Deno.test("mergeSortedLines() tells keys apart after many equal bytes", async () => {
  const lines = (ends: readonly string[]) => utf8(ends.map((end) => `abcdefgh${end}\tv\n`).join(""));
  const merged = mergeSortedLines([chunked(lines(["a", "c"]), 7), chunked(lines(["", "b", "ca"]), 9)]);
  assert.deepEqual(await collect(merged), lines(["", "a", "b", "c", "ca"]));
});

Deno.test("mergeSortedLines() passes lines on that are longer than its chunks", async () => {
  const long = (key: string) => utf8(`${key}${"x".repeat(150_000)}\n`);
  const merged = await collect(
    mergeSortedLines([chunked(long("b"), 65_536), chunked(concatBytes(long("a"), long("c")), 65_536)]),
  );
  assert.deepEqual(merged, concatBytes(long("a"), long("b"), long("c")));
});

Deno.test("mergeSortedLines() refuses a line over the limit", async () => {
  const sources = [chunked(utf8("a".repeat(1_000)), 10), chunked(utf8("b\n"), 10)];
  await assert.rejects(collect(mergeSortedLines(sources, { maxLineBytes: 100 })), /one is over .* the limit/);
});

Deno.test("mergeSortedLines() ends all sources when it is given up, and when one fails", async () => {
  let open = 0;
  async function* source(fails: boolean): AsyncGenerator<Bytes> {
    open++;
    try {
      yield utf8("a\nb\n");
      await Promise.resolve();
      if (fails) throw new Error("the disk is gone");
      for (;;) yield utf8("c".repeat(40_000) + "\n");
    } finally {
      open--;
    }
  }
  for await (const chunk of mergeSortedLines([source(false), source(false)])) {
    assert.ok(chunk.length > 0);
    break;
  }
  assert.equal(open, 0);
  await assert.rejects(
    collect(mergeSortedLines([source(false), source(true), source(false)])),
    /the disk is gone/,
  );
  assert.equal(open, 0);
});

Deno.test("mergeSortedLines() of nothing is nothing", async () => {
  assert.equal((await collect(mergeSortedLines([]))).length, 0);
  assert.equal((await collect(mergeSortedLines([chunked(utf8(""), 1), chunked(utf8(""), 1)]))).length, 0);
});
