import assert from "node:assert/strict";
import fc from "fast-check";
import { createReplayWindow, REPLAY_WINDOW_SIZE } from "../../../src/crypto/replay_window.ts";

/** The same rule with all counters remembered for ever. */
function createModel() {
  const seen = new Set<number>();
  let newest = -1;
  const isFresh = (counter: number) => !seen.has(counter) && counter > newest - REPLAY_WINDOW_SIZE;
  return {
    isFresh,
    accept(counter: number) {
      if (!isFresh(counter)) return false;
      seen.add(counter);
      newest = Math.max(newest, counter);
      return true;
    },
    newest: () => newest,
  };
}

/** A step from the newest counter, or a counter itself. */
const step = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: -70, max: 70 }).map((by) => ({ by })) },
  {
    weight: 3,
    arbitrary: fc.integer({ min: -REPLAY_WINDOW_SIZE - 70, max: -REPLAY_WINDOW_SIZE + 70 }).map((by) => ({
      by,
    })),
  },
  {
    weight: 3,
    arbitrary: fc.integer({ min: REPLAY_WINDOW_SIZE - 70, max: REPLAY_WINDOW_SIZE + 70 }).map((by) => ({
      by,
    })),
  },
  { weight: 1, arbitrary: fc.constantFrom(2 ** 31, 2 ** 32, 2 ** 32 + 33, 2 ** 45).map((by) => ({ by })) },
  { weight: 1, arbitrary: fc.nat(100).map((to) => ({ to })) },
);

Deno.test("createReplayWindow() agrees with a set that forgets nothing", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 200, size: "max" }), (steps) => {
      const window = createReplayWindow();
      const model = createModel();
      for (const move of steps) {
        const counter = "to" in move ? move.to : Math.max(0, model.newest() + move.by);
        const message = `counter ${counter} after ${model.newest()}`;
        assert.equal(window.isFresh(counter), model.isFresh(counter), message);
        assert.equal(window.accept(counter), model.accept(counter), message);
        assert.equal(window.isFresh(counter), false, message);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("createReplayWindow() accepts each counter once in any order within the window", () => {
  const shuffled = fc.shuffledSubarray(Array.from({ length: 200 }, (_, i) => i * 10), { minLength: 200 });
  fc.assert(
    fc.property(shuffled, (counters) => {
      const window = createReplayWindow();
      for (const counter of counters) assert.equal(window.accept(counter), true);
      for (const counter of counters) assert.equal(window.accept(counter), false);
    }),
    { numRuns: 20 },
  );
});

const edges: readonly [string, readonly (readonly [number, boolean])[]][] = [
  ["0 as the first", [[0, true], [0, false], [1, true]]],
  ["any counter as the first", [[2 ** 47, true], [2 ** 47 - 1, true], [2 ** 47, false]]],
  ["the oldest of the window", [[REPLAY_WINDOW_SIZE - 1, true], [0, true], [0, false]]],
  ["none older than the window", [[REPLAY_WINDOW_SIZE, true], [0, false], [1, true]]],
  ["the oldest at a jump of one window", [[5, true], [5 + REPLAY_WINDOW_SIZE, true], [5, false], [6, true]]],
  ["all of the window after a far jump", [[3, true], [100_000, true], [98_000, true], [97_952, false]]],
  ["both neighbours of a word's edge", [[31, true], [32, true], [33, true], [31, false], [32, false]]],
];
for (const [what, steps] of edges) {
  Deno.test(`createReplayWindow() accepts ${what}`, () => {
    const window = createReplayWindow();
    for (const [counter, expected] of steps) {
      assert.equal(window.accept(counter), expected, `counter ${counter}`);
    }
  });
}

Deno.test("isFresh() remembers nothing", () => {
  const window = createReplayWindow();
  window.accept(10);
  assert.ok(window.isFresh(100_000));
  assert.ok(window.isFresh(9));
  assert.ok(window.accept(9));
});
