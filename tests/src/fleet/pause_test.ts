import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { pause } from "../../../src/fleet/pause.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";

Deno.test("pause() waits, and leaves no timer behind", async () => {
  using clock = useFakeClock();
  let isOver = false;
  const waiting = pause(500, new AbortController().signal).then(() => isOver = true);
  await clock.advance(499);
  assert.equal(isOver, false);
  await clock.advance(1);
  await waiting;
  assert.equal(clock.timers, 0);
});

Deno.test("pause() ends as soon as its signal aborts", async () => {
  using clock = useFakeClock();
  const controller = new AbortController();
  const reason = new OperationError("cancelled", "by ada");
  const waiting = assert.rejects(pause(500, controller.signal), reason);
  controller.abort(reason);
  await waiting;
  assert.equal(clock.timers, 0);
  await assert.rejects(pause(500, controller.signal), reason);
  assert.equal(clock.timers, 0);
});
