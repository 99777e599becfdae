import assert from "node:assert/strict";
import fc from "fast-check";
import { OperationError } from "../../../src/errors.ts";
import { createRollout, parseCount, type Rollout } from "../../../src/fleet/rollout.ts";
import { flow } from "./_runs.ts";

const make = (hosts: number, changes: Parameters<typeof flow>[0]) =>
  createRollout({ hosts, flow: flow(changes) });
const endAll = (rollout: Rollout, indexes: readonly number[], ok = true) =>
  indexes.forEach((index) => rollout.ended(index, ok));

Deno.test("createRollout() begins so many at once, and the next one for each that ends", () => {
  const rollout = make(5, { parallel: 2 });
  assert.deepEqual(rollout.next(), [0, 1]);
  assert.deepEqual(rollout.next(), []);
  rollout.ended(1, false);
  assert.deepEqual(rollout.next(), [2]);
  endAll(rollout, [0, 2]);
  assert.deepEqual(rollout.next(), [3, 4]);
  endAll(rollout, [4]);
  assert.equal(rollout.isOver, false);
  endAll(rollout, [3]);
  assert.deepEqual([rollout.isOver, rollout.stopReason, rollout.next()], [true, undefined, []]);
});

Deno.test("createRollout() lets canaries go first and alone", () => {
  const rollout = make(6, { canary: 2 });
  assert.deepEqual(rollout.next(), [0, 1]);
  rollout.ended(0, true);
  assert.deepEqual(rollout.next(), []);
  rollout.ended(1, true);
  assert.deepEqual(rollout.next(), [2, 3, 4, 5]);
});

Deno.test("createRollout() stops when a canary fails, and begins no other canary", () => {
  const rollout = make(9, { canary: 3, parallel: 2 });
  assert.deepEqual(rollout.next(), [0, 1]);
  rollout.ended(0, false);
  assert.deepEqual([rollout.next(), rollout.isOver], [[], false]);
  rollout.ended(1, true);
  assert.ok(rollout.isOver);
  assert.equal(rollout.begun, 2);
  assert.match(rollout.stopReason ?? "", /canary did not succeed: all 3/);
});

Deno.test("createRollout() ends a wave wholly before the next, after the canaries", () => {
  const rollout = make(6, { canary: 1, waveSize: 2 });
  const begun: number[][] = [];
  for (let next = rollout.next(); next.length > 0; next = rollout.next()) {
    begun.push(next);
    for (const index of next) {
      assert.deepEqual(rollout.next(), []);
      rollout.ended(index, index !== 1);
    }
  }
  assert.deepEqual(begun, [[0], [1, 2], [3, 4], [5]]);
  assert.ok(rollout.isOver);
});

Deno.test("createRollout() stops when more than maxFailures have failed", () => {
  const rollout = make(10, { maxFailures: 1, parallel: 3 });
  endAll(rollout, rollout.next().slice(0, 1), false);
  assert.deepEqual(rollout.next(), [3]);
  rollout.ended(2, false);
  assert.deepEqual(rollout.next(), []);
  endAll(rollout, [1, 3]);
  assert.ok(rollout.isOver);
  assert.match(rollout.stopReason ?? "", /2 hosts did not succeed, and 1 were allowed/);
});

Deno.test("createRollout() names no reason if everybody was begun before it stopped", () => {
  const rollout = make(2, { maxFailures: 0 });
  endAll(rollout, rollout.next(), false);
  assert.deepEqual([rollout.isOver, rollout.stopReason], [true, undefined]);
});

Deno.test("stop() begins nobody any more", () => {
  const rollout = make(4, { parallel: 1 });
  rollout.next();
  rollout.stop("by ada");
  rollout.stop("by bob");
  rollout.ended(0, true);
  assert.deepEqual([rollout.next(), rollout.isOver, rollout.stopReason], [[], true, "by ada"]);
});

Deno.test("createRollout() of no hosts is over at once", () => {
  const rollout = make(0, { canary: 3 });
  assert.deepEqual([rollout.next(), rollout.isOver], [[], true]);
});

Deno.test("ended() wants a host that runs", () => {
  const rollout = make(2, {});
  assert.throws(() => rollout.ended(0, true), RangeError);
  rollout.next();
  rollout.ended(0, true);
  assert.throws(() => rollout.ended(0, true), RangeError);
});

Deno.test("createRollout() keeps to the flow, whatever happens in whichever order", () => {
  fc.assert(fc.property(
    fc.record({
      hosts: fc.nat(40),
      parallel: fc.integer({ min: 1, max: 8 }),
      canary: fc.nat(6),
      waveSize: fc.nat(9),
      maxFailures: fc.oneof(fc.constant(Infinity), fc.nat(5)),
      failing: fc.func(fc.integer({ min: 0, max: 9 })),
      order: fc.func(fc.nat()),
      stopAt: fc.option(fc.nat(60), { nil: undefined }),
    }),
    ({ hosts, parallel, canary, waveSize, maxFailures, failing, order, stopAt }) => {
      const rollout = createRollout({ hosts, flow: { parallel, canary, waveSize, maxFailures } });
      const running: number[] = [];
      const begun: number[] = [];
      let failures = 0;
      let hasStopped = false;
      const canaries = Math.min(canary, hosts);
      const waveOf = (index: number) =>
        index < canaries ? -1 : waveSize === 0 ? 0 : Math.floor((index - canaries) / waveSize);
      for (let step = 0; step <= 2 * hosts + 2; step++) {
        if (step === stopAt) {
          rollout.stop("outside");
          hasStopped = true;
        }
        const next = rollout.next();
        assert.ok(!hasStopped || next.length === 0);
        for (const index of next) {
          assert.equal(index, begun.length);
          begun.push(index);
          running.push(index);
        }
        assert.ok(running.length <= parallel);
        assert.ok(new Set(running.map(waveOf)).size <= 1);
        if (running.length === 0) break;
        const [index] = running.splice(order(step) % running.length, 1);
        if (index === undefined) throw new Error("Cannot be: somebody runs");
        const ok = failing(index) > 2;
        rollout.ended(index, ok);
        failures += Number(!ok);
        hasStopped ||= failures > maxFailures || (!ok && index < canaries);
      }
      assert.ok(rollout.isOver);
      assert.equal(rollout.begun, begun.length);
      assert.equal(rollout.stopReason === undefined, begun.length === hosts);
      assert.ok(hasStopped || begun.length === hosts);
    },
  ));
});

const COUNTS: readonly (readonly [number | string, number, "up" | "down", number])[] = [
  [3, 10, "up", 3],
  ["3", 10, "down", 3],
  [0, 10, "up", 0],
  [50, 10, "up", 10],
  ["10%", 20, "up", 2],
  ["10%", 25, "up", 3],
  ["10%", 25, "down", 2],
  ["1%", 5, "up", 1],
  ["1%", 5, "down", 0],
  ["0%", 5, "up", 0],
  ["100%", 7, "down", 7],
  ["33.4%", 1000, "up", 334],
  ["0.3%", 1000, "up", 3],
  ["29%", 100, "down", 29],
  [" 5% ", 100, "up", 5],
];
for (const [count, total, rounding, expected] of COUNTS) {
  Deno.test(`parseCount() reads ${JSON.stringify(count)} of ${total}, rounded ${rounding}, as ${expected}`, () => {
    assert.equal(parseCount(count, total, rounding), expected);
  });
}

for (const count of ["", "-1", -1, 1.5, NaN, Infinity, "101%", "1e3", "%", "10 %", "ten", "5%%", "1.%"]) {
  Deno.test(`parseCount() refuses ${JSON.stringify(count)} (${String(count)})`, () => {
    assert.throws(() => parseCount(count, 10), (error) => {
      assert.ok(error instanceof OperationError);
      assert.equal(error.code, "bad_request");
      assert.ok(error.remedy);
      return true;
    });
  });
}
