import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createReadiness, READY_TIMEOUT_MS } from "../../../src/peer/readiness.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";

function start() {
  const state = { isReady: false, hasFailed: false };
  const readiness = createReadiness({
    isReady: () => state.isReady,
    hasFailed: () => state.hasFailed,
    explain: () => new OperationError("not_connected", "Because"),
  });
  return { state, readiness };
}
const because = { code: "not_connected", message: "Because" };

Deno.test("wait() resolves at once if the peer is ready, also after failures", async () => {
  const { state, readiness } = start();
  Object.assign(state, { isReady: true, hasFailed: true });
  await readiness.wait();
});

Deno.test("wait() tells the reason at once if the last attempt failed", async () => {
  const { state, readiness } = start();
  state.hasFailed = true;
  await assert.rejects(readiness.wait(), because);
});

Deno.test("settle() lets those go who wait, once the peer is ready", async () => {
  const { state, readiness } = start();
  const waiting = Promise.all([readiness.wait(), readiness.wait()]);
  readiness.settle();
  state.isReady = true;
  readiness.settle();
  await waiting;
});

Deno.test("fail() tells those who wait, and not those who come later", async () => {
  const { state, readiness } = start();
  const waiting = assert.rejects(readiness.wait(), { message: "Ending" });
  readiness.fail(new OperationError("cancelled", "Ending"));
  await waiting;
  const later = readiness.wait();
  state.isReady = true;
  readiness.settle();
  await later;
});

Deno.test("wait() gives up after 5 s with the reason, and leaves no timer behind", async () => {
  using clock = useFakeClock();
  const { readiness } = start();
  const waiting = assert.rejects(readiness.wait(), because);
  await clock.advance(READY_TIMEOUT_MS);
  await waiting;
  assert.equal(clock.timers, 0);
});
