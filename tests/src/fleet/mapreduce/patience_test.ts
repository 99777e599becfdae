import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import { isLoss, pause, requestPatiently } from "../../../../src/fleet/mapreduce/patience.ts";
import type { ErrorCode } from "../../../../src/protocol/error_code.ts";
import { useFakeClock } from "../../../helpers/fake_clock.ts";
import { createSimulatedFleet } from "./simulated_fleet.ts";

/** Makes a request that fails so often, and tells how often it was made. */
async function ask(code: ErrorCode, { failures, isRepeatable }: { failures: number; isRepeatable: boolean }) {
  using clock = useFakeClock();
  const { ports } = createSimulatedFleet(["a"], { commands: {}, duration: () => 0 });
  let requests = 0;
  const request = () => {
    if (requests++ < failures) return Promise.reject(new OperationError(code, "No"));
    return Promise.resolve("yes");
  };
  const { signal } = new AbortController();
  const answer = requestPatiently({ ...ports, request }, { host: "a", op: "x", params: {} }, {
    signal,
    isRepeatable,
  })
    .catch((error: unknown) => OperationError.from(error).code);
  await clock.advance(120_000);
  assert.equal(clock.timers, 0);
  return { answer: await answer, requests };
}

for (
  const { code, failures, isRepeatable, answer, requests } of [
    { code: "busy", failures: 3, isRepeatable: false, answer: "yes", requests: 4 },
    { code: "not_connected", failures: 20, isRepeatable: false, answer: "yes", requests: 21 },
    { code: "not_connected", failures: 99, isRepeatable: false, answer: "not_connected", requests: 31 },
    { code: "link_lost", failures: 1, isRepeatable: true, answer: "yes", requests: 2 },
    { code: "link_lost", failures: 99, isRepeatable: true, answer: "link_lost", requests: 6 },
    { code: "link_lost", failures: 1, isRepeatable: false, answer: "link_lost", requests: 1 },
    { code: "refused", failures: 1, isRepeatable: true, answer: "refused", requests: 1 },
  ] as const
) {
  const what = isRepeatable ? "that may be repeated" : "that may not be repeated";
  Deno.test(`requestPatiently() makes a request ${what} ${requests} times if it is ${code} ${failures} times`, async () => {
    assert.deepEqual(await ask(code, { failures, isRepeatable }), { answer, requests });
  });
}

Deno.test("requestPatiently() makes no request when it is cancelled", async () => {
  const { ports, log } = createSimulatedFleet(["a"], { commands: {}, duration: () => 0 });
  const options = { signal: AbortSignal.abort(new Error("Enough")), isRepeatable: true };
  await assert.rejects(requestPatiently(ports, { host: "a", op: "x", params: {} }, options), /Enough/);
  assert.deepEqual(log, []);
});

Deno.test("pause() ends early, without an error and without a timer, when it is cancelled", async () => {
  using clock = useFakeClock();
  const controller = new AbortController();
  const ended = pause(1_000, controller.signal);
  controller.abort();
  await ended;
  await pause(1_000, controller.signal);
  assert.equal(clock.timers, 0);
});

for (
  const [code, expected] of [["peer_gone", true], ["link_lost", true], ["refused", false], [
    "timed_out",
    false,
  ]] as const
) {
  Deno.test(`isLoss() tells that ${code} is ${expected ? "a" : "no"} loss`, () => {
    assert.equal(isLoss(new OperationError(code, "No")), expected);
  });
}
