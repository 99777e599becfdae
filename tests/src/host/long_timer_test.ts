import assert from "node:assert/strict";
import { after, MAX_TIMEOUT_MS, type SetTimer } from "../../../src/host/long_timer.ts";

/** A clock that a test winds. */
function fakeClock() {
  let now = 0;
  const timers = new Map<() => void, number>();
  const setTimer: SetTimer = (action, ms) => {
    assert.ok(ms <= MAX_TIMEOUT_MS, `asked for ${ms} ms`);
    timers.set(action, now + ms);
    return () => timers.delete(action);
  };
  return {
    setTimer,
    get pending() {
      return timers.size;
    },
    wind(ms: number) {
      const end = now + ms;
      for (;;) {
        const [next] = [...timers].filter(([, at]) => at <= end).sort((a, b) => a[1] - b[1]);
        if (next === undefined) break;
        timers.delete(next[0]);
        now = next[1];
        next[0]();
      }
      now = end;
    },
  };
}

for (const ms of [0, 1, MAX_TIMEOUT_MS, MAX_TIMEOUT_MS + 1, 5 * MAX_TIMEOUT_MS + 7]) {
  Deno.test(`after() fires once, ${ms} ms later`, () => {
    const clock = fakeClock();
    let count = 0;
    after(ms, () => count++, clock.setTimer);
    if (ms > 0) {
      clock.wind(ms - 1);
      assert.equal(count, 0);
    }
    clock.wind(1);
    clock.wind(MAX_TIMEOUT_MS);
    assert.deepEqual([count, clock.pending], [1, 0]);
  });
}

Deno.test("after() never fires after Infinity milliseconds", () => {
  const clock = fakeClock();
  after(Infinity, () => assert.fail("it fired"), clock.setTimer);
  clock.wind(100 * MAX_TIMEOUT_MS);
  assert.equal(clock.pending, 1);
});

Deno.test("after() does not fire once it is disposed of, also in a later step", () => {
  const clock = fakeClock();
  const timer = after(3 * MAX_TIMEOUT_MS, () => assert.fail("it fired"), clock.setTimer);
  clock.wind(2 * MAX_TIMEOUT_MS);
  timer[Symbol.dispose]();
  clock.wind(9 * MAX_TIMEOUT_MS);
  assert.equal(clock.pending, 0);
});
