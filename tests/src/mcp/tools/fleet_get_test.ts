import assert from "node:assert/strict";
import type { DistributedStatus } from "../../../../src/fleet/mapreduce/distributed_run.ts";
import type { MapReduceHandle } from "../../../../src/fleet/mapreduce/service.ts";
import { fleetCancel, fleetGet } from "../../../../src/mcp/tools/fleet_get.ts";
import { fleetTool } from "../../../../src/mcp/tools/fleet_tools.ts";
import { execResult } from "../../../helpers/sample_results.ts";
import { jobResult, runningExec } from "../../fleet/_runs.ts";
import { requestOf, runId } from "../../fleet/mapreduce/_distributed.ts";
import { summary } from "../_resource_source.ts";
import { toolWorld } from "./_tool_world.ts";

const EXEC = fleetTool("fleet_exec");

Deno.test("fleet_get waits for the end of a run that its call did not wait for", async () => {
  const held = Promise.withResolvers<void>();
  await using world = await toolWorld(async () => {
    await held.promise;
    return execResult();
  });
  const { folded, text } = await world.call(EXEC, { target: "web", command: "x", wait_ms: 0 });
  assert.deepEqual([folded.status, folded.counts.running], ["running", 2]);
  assert.match(text, /It goes on: follow it with fleet_get and run "r_[a-z2-7]{20}"$/);
  assert.equal(
    (await world.call(fleetGet, { run: folded.run })).folded.status,
    "running",
    "it answers at once",
  );
  const waiting = world.call(fleetGet, { run: folded.run, wait_ms: 10_000 });
  held.resolve();
  const { folded: last } = await waiting;
  assert.deepEqual([last.status, last.counts.succeeded], ["ended", 2]);
});

Deno.test("fleet_get without an id shows the newest run, and says so if there is none", async () => {
  await using world = await toolWorld(() => execResult());
  await assert.rejects(world.call(fleetGet, {}), /there is none$/);
  const { folded } = await world.call(EXEC, { target: "web", command: "x" });
  assert.equal((await world.call(fleetGet, {})).folded.run, folded.run);
});

Deno.test("fleet_get does not hold the run: who stops looking leaves it alone", async () => {
  const held = Promise.withResolvers<void>();
  await using world = await toolWorld(async () => {
    await held.promise;
    return execResult();
  });
  const { folded } = await world.call(EXEC, { target: "web", command: "x", wait_ms: 0 });
  const controller = new AbortController();
  const looking = world.call(fleetGet, { run: folded.run, wait_ms: 60_000 }, controller.signal);
  controller.abort();
  await assert.rejects(looking, { code: "cancelled" });
  held.resolve();
  const { folded: last } = await world.call(fleetGet, { run: folded.run, wait_ms: 10_000 });
  assert.equal(last.status, "ended");
});

for (const tool of [fleetGet, fleetCancel]) {
  Deno.test(`${tool.name} refuses a run that nobody knows, and what is no id`, async () => {
    await using world = await toolWorld(() => execResult());
    await assert.rejects(world.call(tool, { run: runId("z") }), /^OperationError: Cannot find run "r_z+"/);
    for (const run of ["", "r_", "../../etc", 1]) assert.equal(tool.input.safeParse({ run }).success, false);
    assert.equal(tool.input.safeParse({ run: runId("z"), agent_id: "x" }).success, false);
  });
}

Deno.test("fleet_cancel ends the jobs of a run and tells how each host ended", async () => {
  const ended = new Set<string>();
  await using world = await toolWorld(async ({ agent, op }, signal) => {
    if (op === "exec") return runningExec(agent);
    while (!ended.has(agent)) await new Promise((resolve) => setTimeout(resolve, 5));
    signal.throwIfAborted();
    return jobResult(agent, { status: "cancelled", exitCode: null, signal: "SIGTERM", reason: "asked" });
  }, {
    call(agent, { op }) {
      assert.equal(op, "job_cancel");
      ended.add(agent ?? "");
      return Promise.resolve({
        agent: { id: agent ?? "", name: "x" },
        result: jobResult(agent ?? "") as never,
      });
    },
  });
  const { folded } = await world.call(EXEC, { target: "web", command: "sleep 1000", wait_ms: 1 });
  const { folded: last } = await world.call(fleetCancel, { run: folded.run });
  assert.deepEqual([...ended].sort(), [summary("web-a").id, summary("web-b").id].sort());
  assert.deepEqual([last.counts.running, last.counts.succeeded], [0, 0]);
});

/** A distributed run that ends when it is cancelled. */
function distributed(changes: Partial<DistributedStatus> = {}) {
  const log: string[] = [];
  let status: DistributedStatus = {
    id: runId("m"),
    request: requestOf({ target: "web" }),
    status: "running",
    step: "running",
    startedAt: 0,
    hosts: [{ id: "h1", name: "h1" }],
    failed: [],
    notCleaned: 0,
    ...changes,
  };
  const run: MapReduceHandle = {
    id: runId("m"),
    get status() {
      return status;
    },
    wait: () => Promise.resolve(void log.push("wait")),
    onProgress: () => () => {},
    cancel() {
      log.push("cancel");
      status = { ...status, status: "cancelled", step: "ended" };
    },
    readResult: () => Promise.reject(new Error("Nobody reads")),
  };
  return { log, mapReduces: { find: (id: string) => Promise.resolve(id === run.id ? run : undefined) } };
}

Deno.test("fleet_cancel ends a run of mapreduce, and fleet_get says who shows it", async () => {
  const { log, mapReduces } = distributed();
  await using world = await toolWorld(() => execResult(), { mapReduces });
  await assert.rejects(world.call(fleetGet, { run: runId("m") }), (error) => {
    assert.match(JSON.stringify(error), /Call mapreduce with resume/);
    return true;
  });
  const { folded, text } = await world.call(fleetCancel, { run: runId("m") });
  assert.deepEqual([folded.tool, folded.target, folded.status], ["mapreduce", "web", "cancelled"]);
  assert.match(text, /^Cancelled/);
  assert.deepEqual(log, ["cancel", "wait"]);
});

Deno.test("fleet_cancel does not pretend to end a run of mapreduce of another program", async () => {
  const { log, mapReduces } = distributed({ step: "ended" });
  await using world = await toolWorld(() => execResult(), { mapReduces });
  await assert.rejects(world.call(fleetCancel, { run: runId("m") }), { code: "busy" });
  assert.deepEqual(log, []);
});
