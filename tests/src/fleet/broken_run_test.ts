import assert from "node:assert/strict";
import { breakOff } from "../../../src/fleet/broken_run.ts";
import type { HostOutcome, RunRecord } from "../../../src/fleet/run.ts";
import { flow, jobIdFor, someHosts, statuses } from "./_runs.ts";

const agent = { id: "a", name: "a" };
const WAITS: HostOutcome = { agent, status: "waiting" };
const ASKED: HostOutcome = { agent, status: "running", startedAt: 1 };
const JOB: HostOutcome = { ...ASKED, job: jobIdFor("a") };
const DONE: HostOutcome = { agent, status: "failed", exitCode: 1 };

const record = (hosts: readonly HostOutcome[], changes: Partial<RunRecord> = {}): RunRecord => ({
  id: "r_abcdefghijabcdefghij",
  tool: "fleet_exec",
  op: "exec",
  params: {},
  target: "all",
  status: "running",
  startedAt: 1,
  flow: flow(),
  hosts,
  leftOut: [],
  ...changes,
});

const CASES: readonly (readonly [string, readonly HostOutcome[], string, readonly string[]])[] = [
  ["all that is left are jobs", [DONE, JOB], "running", ["failed", "running"]],
  ["a host was not begun", [JOB, WAITS], "lost", ["running", "skipped"]],
  ["a host had not answered", [JOB, ASKED], "lost", ["running", "gone"]],
  ["all had ended", [DONE, DONE], "ended", ["failed", "failed"]],
  ["there was no host", [], "ended", []],
];
for (const [what, hosts, status, expected] of CASES) {
  Deno.test(`breakOff() makes a run ${status} if ${what}`, () => {
    const broken = breakOff(record(hosts), 9_000);
    assert.deepEqual([broken.status, statuses(broken)], [status, expected]);
    assert.equal(broken.endedAt, status === "running" ? undefined : 9_000);
    assert.equal(broken.reason !== undefined, status === "lost");
    for (const host of broken.hosts) {
      assert.equal(host.note !== undefined, ["skipped", "gone"].includes(host.status));
    }
  });
}

Deno.test("breakOff() leaves the end of a run as it was", () => {
  const cancelled = record([JOB, DONE], { status: "cancelled", reason: "by ada", endedAt: 5 });
  assert.deepEqual(breakOff(cancelled, 9_000), cancelled);
});

Deno.test("breakOff() of many hosts keeps their order", () => {
  const hosts = someHosts(50).map((one): HostOutcome => ({ agent: one, status: "waiting" }));
  assert.deepEqual(breakOff(record(hosts), 1).hosts.map((host) => host.agent), someHosts(50));
});
