import assert from "node:assert/strict";
import type { Run, RunRecord } from "../../../src/fleet/run.ts";
import { fleetResources } from "../../../src/mcp/fleet_resources.ts";
import { type OperationName, OPERATIONS, type ResultOf } from "../../../src/protocol/operation.ts";
import type { DistributedStatus } from "../../../src/fleet/mapreduce/distributed_run.ts";
import type { MapReduceHandle } from "../../../src/fleet/mapreduce/service.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { infoResult } from "../../helpers/sample_results.ts";
import { fakeFleet } from "./_fake_fleet.ts";
import { summary } from "./_resource_source.ts";

const { signal } = new AbortController();
const JOB = "j_abcdefghij2345672345";
const RUN = "r_abcdefghij2345672345";
const RECORD: RunRecord = {
  id: RUN,
  tool: "fleet_exec",
  op: "exec",
  params: {},
  target: "web",
  status: "ended",
  startedAt: 0,
  flow: { parallel: 1, canary: 0, waveSize: 0, maxFailures: 0 },
  hosts: [],
  leftOut: [],
};

Deno.test("fleetResources() asks agents through the fleet", async () => {
  const calls: unknown[] = [];
  const agents = [summary("web-1")];
  const source = fleetResources(fakeFleet({
    call<K extends OperationName>(agent: string | undefined, call: { op: K; params: unknown }) {
      calls.push([agent, call.op, call.params]);
      const result = OPERATIONS[call.op].result.parse(infoResult()) as ResultOf<K>; // Only get_info is answered.
      return Promise.resolve({ agent: { id: "a", name: "web-1" }, result });
    },
    present: () => Promise.resolve(agents),
  }));
  assert.deepEqual(await source.agents(), agents);
  assert.equal((await source.agentInfo("web-1", signal)).hostname, "there.example");
  await assert.rejects(async () => await source.jobPage("web-1", { job: JOB, max_bytes: 16 }, signal));
  assert.deepEqual(calls, [["web-1", "get_info", {}], ["web-1", "job_get", { job: JOB, max_bytes: 16 }]]);
});

Deno.test("fleetResources() lists and finds the fleet's runs", async () => {
  const run: Run = {
    id: RUN,
    record: RECORD,
    wait: () => assert.fail("Nobody waits"),
    onProgress: () => assert.fail("Nobody listens"),
    cancel: () => assert.fail("Nobody cancels"),
  };
  const source = fleetResources(fakeFleet({
    runs: { recent: () => [RECORD], find: (id) => Promise.resolve(id === RUN ? run : undefined) },
    mapReduces: { recent: () => [] },
  }));
  assert.deepEqual(source.runs(), [{ id: RUN, title: "fleet_exec on web", startedAt: 0 }]);
  assert.match(await source.run(RUN, signal) ?? "", /^Run r_\w+: fleet_exec on web, ended\n/);
  assert.equal(await source.run("r_aaaaaaaaaaaaaaaaaaaa", signal), undefined);
  assert.equal(await source.run("../etc", signal), undefined);
});

const STATUS: DistributedStatus = {
  id: RUN,
  request: {
    target: "db",
    includeSelf: false,
    input: { type: "data", items: ["a"] },
    map: "cat",
    isKeyed: false,
    format: "lines",
  },
  status: "done",
  step: "ended",
  startedAt: 5,
  endedAt: 6,
  hosts: [{ id: "a", name: "db-1" }],
  failed: [],
  resultBytes: 3,
  notCleaned: 0,
};

function handleOf(status: DistributedStatus): MapReduceHandle {
  return {
    id: RUN,
    status,
    wait: () => assert.fail("Nobody waits"),
    onProgress: () => assert.fail("Nobody listens"),
    cancel: () => assert.fail("Nobody cancels"),
    readResult: (from, maxBytes) => Promise.resolve(utf8("a\tb").slice(from, from + maxBytes)),
  };
}

Deno.test("fleetResources() lists and finds distributed runs, the newest first", async () => {
  const source = fleetResources(fakeFleet({
    runs: { recent: () => [RECORD], find: () => Promise.resolve(undefined) },
    mapReduces: {
      recent: () => [STATUS],
      find: (id) => Promise.resolve(id === RUN ? handleOf(STATUS) : undefined),
    },
  }));
  assert.deepEqual(source.runs().map(({ title }) => title), ["mapreduce on db", "fleet_exec on web"]);
  const view = await source.distributedRun(RUN) ?? assert.fail("The run was not found");
  assert.match(view.text, /^Done in 0.00 s \(run r_\w+\)\n1 host: db-1\nResult: 3 bytes$/);
  assert.equal(view.resultBytes, 3);
  assert.deepEqual(await view.read(1, 2), utf8("\tb"));
  assert.equal(await source.distributedRun("r_aaaaaaaaaaaaaaaaaaaa"), undefined);
  assert.equal(await source.distributedRun("../etc"), undefined);
});

Deno.test("fleetResources() has no result of a run that wrote it to a file", async () => {
  const { request } = STATUS;
  const output = { path: "/data/out", backupId: 4 };
  const status = { ...STATUS, request: { ...request, output: "out" }, output };
  const source = fleetResources(fakeFleet({ mapReduces: { find: () => Promise.resolve(handleOf(status)) } }));
  const view = await source.distributedRun(RUN);
  assert.equal(view?.resultBytes, 0);
  assert.match(view?.text ?? "", /Result: 3 bytes in \/data\/out; what was there before is backup 4$/);
});
