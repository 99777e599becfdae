import assert from "node:assert/strict";
import type { HostOutcome, Run, RunRecord } from "../../../src/fleet/run.ts";
import { isGoingOn, WatchedRun } from "../../../src/fleet/watched_run.ts";
import type { HostStatus } from "../../../src/protocol/run.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";
import { flow, someHosts } from "./_runs.ts";

const record = (hosts: readonly HostStatus[], status: RunRecord["status"] = "running"): RunRecord => ({
  id: "r_abcdefghijabcdefghij",
  tool: "fleet_exec",
  op: "exec",
  params: {},
  target: "all",
  status,
  startedAt: 1,
  flow: flow(),
  hosts: someHosts(hosts.length).map((agent, i): HostOutcome => ({ agent, status: hosts[i] ?? "waiting" })),
  leftOut: [],
});

const CASES: readonly (readonly [RunRecord, boolean])[] = [
  [record(["waiting"]), true],
  [record([]), true],
  [record(["succeeded"], "ended"), false],
  [record(["running"], "cancelled"), true],
  [record(["skipped"], "lost"), false],
];
for (const [run, expected] of CASES) {
  Deno.test(`isGoingOn() of a run that is ${run.status} with hosts ${run.hosts.map(({ status }) => status)}: ${expected}`, () => {
    assert.equal(isGoingOn(run), expected);
  });
}

/** A watched run whose store has what the test puts into `now`. */
function watch(
  clock: { now: () => number },
  first: RunRecord,
  find: () => Run | undefined = () => undefined,
) {
  const stored: { record: RunRecord | undefined; isElsewhere: boolean } = {
    record: first,
    isElsewhere: true,
  };
  const cancelled: string[] = [];
  const run = new WatchedRun(first, {
    store: {
      get: () =>
        Promise.resolve(
          stored.record && { record: stored.record, ownerId: "other", isElsewhere: stored.isElsewhere },
        ),
      requestCancel: (id, reason) => void cancelled.push(`${id} ${reason}`),
    },
    find: () => Promise.resolve(find()),
    now: clock.now,
  });
  return { run, stored, cancelled };
}

Deno.test("wait() looks until the run ends, and tells of each host once", async () => {
  using clock = useFakeClock();
  const { run, stored, cancelled } = watch(clock, record(["succeeded", "running", "waiting"]));
  const lines: string[] = [];
  const stop = run.onProgress(({ done, total, last }) => lines.push(`${done}/${total} ${last?.agent.id}`));
  const waiting = run.wait(60_000);
  await clock.advance(2_000);
  stored.record = record(["succeeded", "failed", "running"]);
  await clock.advance(2_000);
  assert.deepEqual(lines, ["2/3 h1"]);
  stored.record = record(["succeeded", "failed", "gone"], "ended");
  await clock.advance(500);
  await waiting;
  stop();
  assert.deepEqual(lines, ["2/3 h1", "3/3 h2"]);
  assert.equal(run.record.status, "ended");
  run.cancel("why");
  assert.deepEqual(cancelled, [`${run.id} why`]);
  assert.equal(clock.timers, 0);
});

Deno.test("wait() ends at its time, with its signal, and when the run was forgotten", async () => {
  using clock = useFakeClock();
  const { run, stored } = watch(clock, record(["running"]));
  await run.wait(0);
  const timed = run.wait(1_200);
  await clock.advance(1_200);
  await timed;
  const controller = new AbortController();
  const aborted = run.wait(60_000, controller.signal);
  await clock.advance(100);
  controller.abort();
  await aborted;
  stored.record = undefined;
  const forgotten = run.wait(60_000);
  await clock.advance(500);
  await forgotten;
  assert.equal(clock.timers, 0);
});

Deno.test("wait() goes on here once the other process has ended", async () => {
  using clock = useFakeClock();
  const ended = record(["succeeded"], "ended");
  let waited = -1;
  const { run, stored } = watch(clock, record(["running"]), () => ({
    id: ended.id,
    record: ended,
    wait: (ms) => Promise.resolve(void (waited = ms)),
    onProgress: () => () => {},
    cancel: () => {},
  }));
  const waiting = run.wait(10_000);
  await clock.advance(400);
  stored.isElsewhere = false;
  await clock.advance(100);
  await waiting;
  assert.deepEqual([waited, run.record], [9_500, ended]);
});
