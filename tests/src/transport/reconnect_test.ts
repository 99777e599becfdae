import assert from "node:assert/strict";
import fc from "fast-check";
import { CloseCode } from "../../../src/protocol/control.ts";
import { BACKOFF, GOOD_CONNECTION_MS, nextDelay, PLATEAU } from "../../../src/transport/reconnect.ts";

const ALMOST_1 = 1 - Number.EPSILON;
const failed = { heldMs: 0 };

const bounds: readonly [number, number][] = [
  [0, 500],
  [1, 1000],
  [2, 2000],
  [3, 2000],
  [PLATEAU.attempts - 1, 2000],
  [PLATEAU.attempts, 4000],
  [PLATEAU.attempts + 1, 8000],
  [PLATEAU.attempts + 2, 16_000],
  [PLATEAU.attempts + 3, 30_000],
  [PLATEAU.attempts + 4, 30_000],
  [1_000_000, 30_000],
];
for (const [attempts, boundMs] of bounds) {
  Deno.test(`nextDelay() after ${attempts} failures is from 0 up to ${boundMs} ms`, () => {
    const delayAt = (random: number) => nextDelay(attempts, { ending: failed, random }).delayMs;
    assert.equal(delayAt(0), 0);
    assert.equal(delayAt(0.5), boundMs / 2);
    assert.equal(delayAt(ALMOST_1), boundMs - 1);
  });
}

Deno.test("nextDelay() stays within the bounds of the protocol and counts failures", () => {
  const random = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  const code = fc.option(fc.oneof(fc.constantFrom(...Object.values(CloseCode)), fc.nat(4999)), {
    nil: undefined,
  });
  fc.assert(fc.property(fc.nat(2000), fc.nat(20_000), code, random, (attempts, heldMs, closeCode, drawn) => {
    const next = nextDelay(attempts, { ending: { heldMs, code: closeCode }, random: drawn });
    assert.ok(Number.isInteger(next.delayMs) && next.delayMs >= 0 && next.delayMs <= BACKOFF.maxMs);
    assert.ok(next.attempts === attempts + 1 || (next.attempts === 1 && heldMs >= GOOD_CONNECTION_MS));
  }));
});

Deno.test("nextDelay() tries often enough for half a minute to be back within 3 s of the relay", () => {
  let state = { delayMs: 0, attempts: 0 };
  let elapsedMs = 0;
  while (elapsedMs < 25_000) {
    state = nextDelay(state.attempts, { ending: failed, random: 0.5 });
    elapsedMs += state.delayMs;
    assert.ok(nextDelay(state.attempts, { ending: failed, random: ALMOST_1 }).delayMs < 3000);
  }
});

const endings: readonly [string, { heldMs: number; code?: number }, number][] = [
  ["one that held for 10 s", { heldMs: GOOD_CONNECTION_MS }, 1],
  ["one that held for just under 10 s", { heldMs: GOOD_CONNECTION_MS - 1 }, 21],
  ["one that never was", { heldMs: 0, code: 1006 }, 21],
  ["a good one that the relay's restart ended", { heldMs: 60_000, code: CloseCode.restarting }, 1],
  ["one that broke", { heldMs: 60_000, code: 1006 }, 1],
];
for (const [what, ending, attempts] of endings) {
  Deno.test(`nextDelay() counts ${attempts} failures after 20 and ${what}`, () => {
    const next = nextDelay(20, { ending, random: ALMOST_1 });
    assert.equal(next.attempts, attempts);
    assert.equal(next.delayMs, attempts === 1 ? 499 : 1999);
  });
}

for (const code of Object.values(CloseCode)) {
  const lasting: readonly number[] = [CloseCode.joinRefused, CloseCode.roomNotAllowed, CloseCode.replaced];
  const isLasting = lasting.includes(code);
  Deno.test(`nextDelay() waits ${isLasting ? "15 to 30 s" : "no longer than usual"} after close code ${code}`, () => {
    const delayAt = (random: number) => nextDelay(0, { ending: { heldMs: 60_000, code }, random }).delayMs;
    assert.deepEqual([delayAt(0), delayAt(ALMOST_1)], isLasting ? [15_000, 29_999] : [0, 499]);
  });
}
