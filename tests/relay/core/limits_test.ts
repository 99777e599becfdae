import assert from "node:assert/strict";
import { createBucket, takeTokens } from "../../../relay/core/limits.ts";

const cases: readonly { name: string; takes: readonly [count: number, atMs: number, had: boolean][] }[] = [
  { name: "holds one second's worth at first", takes: [[10, 0, true], [1, 0, false]] },
  { name: "fills at its rate", takes: [[10, 0, true], [1, 99, false], [1, 100, true], [1, 100, false]] },
  { name: "holds no more after a long rest", takes: [[10, 60_000, true], [1, 60_000, false]] },
  { name: "takes nothing when it has too little", takes: [[8, 0, true], [3, 0, false], [2, 0, true]] },
  { name: "never gives more than it holds", takes: [[11, 0, false], [11, 9000, false], [10, 9000, true]] },
  {
    name: "adds nothing when the clock goes back",
    takes: [[10, 1000, true], [1, 500, false], [1, 1050, false], [1, 1100, true]],
  },
];

for (const { name, takes } of cases) {
  Deno.test(`takeTokens() ${name}`, () => {
    const bucket = createBucket(10, 0);
    for (const [count, atMs, had] of takes) {
      assert.equal(takeTokens(bucket, count, atMs), had, `${count} at ${atMs} ms`);
    }
  });
}
