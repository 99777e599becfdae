import assert from "node:assert/strict";
import { inParallel } from "../../../src/executors/in_parallel.ts";

const budget = {
  signal: new AbortController().signal,
  isOver: () => false,
  breathe: () => Promise.resolve(),
};

Deno.test("inParallel() keeps the order and its bound", async () => {
  let running = 0;
  let most = 0;
  const results = await inParallel([5, 4, 3, 2, 1, 0], async (item) => {
    most = Math.max(most, ++running);
    for (let turn = 0; turn < item; turn++) await Promise.resolve();
    running--;
    return item * 10;
  }, { budget, parallel: 2 });
  assert.deepEqual([results, most], [[50, 40, 30, 20, 10, 0], 2]);
});

Deno.test("inParallel() fails only when all that it began has ended", async () => {
  let ended = 0;
  const work = inParallel([0, 1, 2], async (item) => {
    if (item === 0) throw new Error("no");
    await new Promise((resolve) => setTimeout(resolve, 1));
    ended++;
  }, { budget, parallel: 3 });
  await assert.rejects(work, /no/);
  assert.equal(ended, 2);
});
