import assert from "node:assert/strict";
import { partitionOf } from "../../../src/parts/partition.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";

/** Hosts of different versions work on one run: these never change. Computed by a program in another language. */
const FIXED: readonly (readonly [key: string, reducers: number, partition: number])[] = [
  ["", 256, 11],
  ["a", 256, 179],
  ["hello", 256, 110],
  ["hello", 7, 6],
  ["\u00e9\u0000x", 256, 200],
];
for (const [key, reducers, partition] of FIXED) {
  Deno.test(`partitionOf() sends ${JSON.stringify(key)} of ${reducers} to ${partition}, for ever`, () =>
    assert.equal(partitionOf(utf8(key), reducers), partition));
}

Deno.test("partitionOf() spreads keys that are alike evenly", () => {
  for (
    const [reducers, keyOf] of [[16, (i: number) => `key${i}`], [7, (i: number) => String(i * 16)]] as const
  ) {
    const counts = new Array<number>(reducers).fill(0);
    for (let i = 0; i < 20_000; i++) {
      const partition = partitionOf(utf8(keyOf(i)), reducers);
      counts[partition] = (counts[partition] ?? 0) + 1;
    }
    const mean = 20_000 / reducers;
    for (const count of counts) assert.ok(Math.abs(count - mean) < mean * 0.15, String(counts));
  }
});

Deno.test("partitionOf() of one reducer is always the first", () => {
  assert.equal(partitionOf(utf8("anything"), 1), 0);
});
