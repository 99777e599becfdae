import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { askHost, BUSY_PAUSES_MS } from "../../../src/fleet/ask_host.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";
import { failing } from "./_runs.ts";

const callNow = () => ({ op: "exec" as const, params: {} });

Deno.test("askHost() asks a busy host again, with growing pauses, and gives up in the end", async () => {
  using clock = useFakeClock(0);
  const times: number[] = [];
  const { signal } = new AbortController();
  const asking = assert.rejects(
    askHost(() => (times.push(clock.now()), failing("busy")), "a", { callNow, signal }),
    { code: "busy" },
  );
  await clock.advance(60_000);
  await asking;
  const expected = BUSY_PAUSES_MS.reduce<number[]>((all, ms) => [...all, (all.at(-1) ?? 0) + ms], [0]);
  assert.deepEqual(times, expected);
});

Deno.test("askHost() asks once if the host answers anything else", async () => {
  const { signal } = new AbortController();
  let asked = 0;
  await assert.rejects(askHost(() => (asked++, failing("refused")), "a", { callNow, signal }), {
    code: "refused",
  });
  assert.equal(await askHost(() => (asked++, Promise.resolve(7)), "a", { callNow, signal }), 7);
  assert.equal(asked, 2);
});

Deno.test("askHost() stops pausing when it is given up", async () => {
  using clock = useFakeClock();
  const controller = new AbortController();
  const asking = assert.rejects(
    askHost(() => failing("busy"), "a", { callNow, signal: controller.signal }),
    { code: "cancelled" },
  );
  await clock.advance(10);
  controller.abort(new OperationError("cancelled", "by ada"));
  await asking;
  assert.equal(clock.timers, 0);
});
