import assert from "node:assert/strict";
import { createHeldResults } from "../../../src/fleet/held_results.ts";
import { LiveRun } from "../../../src/fleet/live_run.ts";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import { until, useFakeClock } from "../../helpers/fake_clock.ts";
import { execResult } from "../../helpers/sample_results.ts";
import { failing, flow, hanging, jobIdFor, jobResult, runningExec, someHosts, statuses } from "./_runs.ts";

/** A run of one process, without a file. */
function make(
  request: (agent: string, op: string, signal: AbortSignal) => unknown,
  hosts: readonly HostOutcome[] = someHosts(2).map((agent) => ({ agent, status: "waiting" })),
  now: () => number = Date.now,
) {
  const saved: RunRecord[] = [];
  const events: string[] = [];
  const run = new LiveRun({
    id: "r_abcdefghijabcdefghij",
    tool: "fleet_exec",
    op: "exec",
    params: {},
    target: "all",
    status: "running",
    startedAt: now(),
    flow: flow(),
    hosts,
    leftOut: [],
  }, {
    request: async (agent, { op }, { signal }) => await request(agent, op, signal),
    store: {
      save: (record) => Promise.resolve(void saved.push(record)),
      get: () => Promise.resolve(undefined),
      recent: () => [],
      adopt: () => Promise.resolve(false),
      requestCancel: () => {},
      cancelRequests: () => [],
      [Symbol.asyncDispose]: () => Promise.resolve(),
    },
    now,
    held: createHeldResults(),
    freeMemory: () => {},
    onBusy: () => events.push("busy"),
    onIdle: () => events.push("idle"),
  });
  return { run, saved, events };
}

Deno.test("LiveRun is written down before it counts as ended", async () => {
  const { run, saved, events } = make(() => execResult());
  run.begin({ waitMs: 1_000, params: {} });
  assert.ok(run.isBusy);
  await run.wait(60_000);
  assert.deepEqual([saved.at(-1)?.status, saved.at(-1)?.endedAt], ["ended", run.record.endedAt]);
  assert.deepEqual([events, run.isBusy, run.size], [["busy", "idle"], false, 2]);
  run.cancel("too late");
  assert.equal(run.record.status, "ended");
  await run.close("the end");
});

Deno.test("LiveRun gives the same record until something changes", async () => {
  const { run } = make(() => execResult());
  const before = run.record;
  assert.equal(run.record, before);
  run.begin({ waitMs: 1_000, params: {} });
  await run.wait(60_000);
  assert.notEqual(run.record, before);
  assert.deepEqual(statuses(before), ["waiting", "waiting"]);
});

Deno.test("wait() follows the jobs of a run that was read back, once, and says how far it is", async () => {
  const agents = someHosts(3);
  let asked = 0;
  const { run } = make(
    (agent, op) => {
      asked += 1;
      assert.equal(op, "job_get");
      return jobResult(agent, { exitCode: agent === "h0" ? 1 : 0 });
    },
    agents.map((agent, i) =>
      i === 2 ? { agent, status: "succeeded" } : { agent, status: "running", job: jobIdFor(agent.id) }
    ),
  );
  const lines: string[] = [];
  run.onProgress(({ done, total }) => lines.push(`${done}/${total}`));
  await Promise.all([run.wait(60_000), run.wait(60_000), run.wait(0)]);
  assert.deepEqual([run.record.status, ...statuses(run.record)], [
    "ended",
    "failed",
    "succeeded",
    "succeeded",
  ]);
  assert.deepEqual([asked, lines], [2, ["2/3", "3/3"]]);
  await run.close("the end");
});

Deno.test("a host that is out of reach while its job is followed is gone, and keeps what it said", async () => {
  using clock = useFakeClock();
  const { run } = make(
    (agent, op) => op === "exec" ? runningExec(agent) : failing("link_lost"),
    undefined,
    clock.now,
  );
  run.begin({ waitMs: 0, params: {} });
  await clock.advance(60_000);
  assert.deepEqual(statuses(run.record), ["running", "running"]);
  await clock.advance(100_000);
  await until("it is over", () => !run.isBusy);
  assert.deepEqual([run.record.status, ...statuses(run.record)], ["ended", "gone", "gone"]);
  const [host] = run.record.hosts;
  assert.deepEqual([host?.job, host?.result], [jobIdFor("h0"), runningExec("h0")]);
  assert.match(host?.error?.message ?? "", /out of reach for 2 minutes/);
  await run.close("the end");
});

Deno.test("close() leaves jobs that can be followed, and gives the rest up", async () => {
  const jobs = make((agent, op, signal) => op === "exec" ? runningExec(agent) : hanging(signal));
  jobs.run.begin({ waitMs: 0, params: {} });
  await until("both run as jobs", () => jobs.run.record.hosts.every(({ job }) => job !== undefined));
  await jobs.run.close("the end");
  assert.deepEqual([jobs.saved.at(-1)?.status, ...statuses(jobs.run.record)], [
    "running",
    "running",
    "running",
  ]);
  assert.ok(jobs.run.record.hosts.every(({ note, error }) => note === undefined && error === undefined));

  const mixed = make((agent, op, signal) =>
    op === "exec" && agent === "h0" ? runningExec(agent) : hanging(signal)
  );
  mixed.run.begin({ waitMs: 0, params: {} });
  await until("one runs as a job", () => mixed.run.record.hosts[0]?.job !== undefined);
  await mixed.run.close("the end");
  assert.deepEqual([mixed.saved.at(-1)?.status, ...statuses(mixed.run.record)], [
    "cancelled",
    "running",
    "failed",
  ]);
});

Deno.test("forget() gives up the memory of a run, and dropResults() says so", async () => {
  const { run } = make(() => execResult());
  run.begin({ waitMs: 1_000, params: {} });
  await run.wait(60_000);
  run.dropResults();
  assert.ok(run.record.hosts.every(({ result, note }) => result === undefined && note !== undefined));
  run.forget();
});

Deno.test("wait() of a run that is being cancelled waits for its jobs too", async () => {
  let hasEnded = false;
  const { run } = make((agent, op, signal) => {
    if (op === "exec") return runningExec(agent);
    return hasEnded
      ? jobResult(agent, { status: "cancelled", exitCode: null, reason: "by ada" })
      : hanging(signal);
  });
  run.begin({ waitMs: 0, params: {} });
  await until("both run as jobs", () => run.record.hosts.every(({ job }) => job !== undefined));
  hasEnded = true;
  run.cancel("by ada");
  await run.wait(60_000);
  assert.deepEqual([run.record.status, ...statuses(run.record)], ["cancelled", "failed", "failed"]);
  await run.close("the end");
});
