import assert from "node:assert/strict";
import { OperationError } from "../../../../src/errors.ts";
import { type DistributedRun, tellAll } from "../../../../src/fleet/mapreduce/distributed_run.ts";
import type { SavedRuns } from "../../../../src/fleet/mapreduce/saved_runs.ts";
import { partSave } from "../../../../src/protocol/operations/part_save.ts";
import { eventually } from "../../../helpers/eventually.ts";
import { distributedWorld, requestOf, runId, savedOf } from "./_distributed.ts";

const LONG_MS = 60_000;

/** Begins a run and waits for its end. */
async function finish(run: DistributedRun): Promise<DistributedRun["status"]> {
  run.begin();
  await run.wait(LONG_MS);
  assert.equal(run.isGoingOn, false);
  return run.status;
}

/** Begins a run and waits until a command runs on a host, which goes on until it is given up. */
async function hold(run: DistributedRun, world: Awaited<ReturnType<typeof distributedWorld>>): Promise<void> {
  world.behaviour.pace = 1e6;
  run.begin();
  await eventually("a command runs", () => world.hosts.log.some(({ op }) => op === "part_run"));
}

const text = async (run: DistributedRun) => new TextDecoder().decode(await run.readResult(0, 1_000));

Deno.test("a run keeps its result, removes its parts, and is written down as done", async () => {
  await using world = await distributedWorld();
  let changes = 0;
  const run = world.run({}, { onChange: () => changes++ });
  assert.deepEqual([run.status.step, run.isGoingOn], ["ended", false]);
  const status = await finish(run);
  assert.deepEqual(
    [status.status, status.step, status.endedAt, status.resultBytes, status.notCleaned, status.problem],
    ["done", "ended", 3_000, 6, 0, undefined],
  );
  assert.deepEqual([status.progress?.done, status.progress?.total], [3, 3]);
  assert.equal(await text(run), "A\nB\nC\n");
  assert.equal(new TextDecoder().decode(await run.readResult(2, 2)), "B\n");
  assert.equal((await run.readResult(6, 10)).length, 0);
  assert.equal((await run.readResult(99, 10)).length, 0);
  assert.deepEqual([world.hosts.parts(), world.hosts.open, changes], [[], 0, 1]);
  assert.deepEqual(world.log, ["disposed"]);
  const kept = await world.saved.get(run.id);
  assert.deepEqual([kept?.status, kept?.resultBytes, kept?.snapshot], ["done", 6, undefined]);
});

Deno.test("a run with an output asks first whether it could be written, and keeps no other copy", async () => {
  await using world = await distributedWorld();
  const run = world.run({ request: requestOf({ output: "/out" }) });
  const status = await finish(run);
  assert.deepEqual(world.log, ["part_save nothing", "range result", "part_save result", "disposed"]);
  assert.deepEqual([status.status, status.output], ["done", { path: "/out", backupId: 5 }]);
  assert.equal(await text(run), "");
  await assert.rejects(Deno.stat(await world.saved.resultPath(run.id)), Deno.errors.NotFound);
});

Deno.test("a run whose output is refused does nothing on any host", async () => {
  await using world = await distributedWorld();
  world.behaviour.here = () => {
    throw new OperationError("refused", "Cannot write it in plan mode", { remedy: "Raise the mode" });
  };
  const status = await finish(world.run({ request: requestOf({ output: "/out" }) }));
  assert.deepEqual([status.status, status.problem], [
    "failed",
    "Cannot write it in plan mode. Raise the mode",
  ]);
  assert.deepEqual([world.hosts.log, world.log], [[], ["part_save nothing", "disposed"]]);
});

Deno.test("a run whose result cannot be saved in the end fails, and its resume only saves it", async () => {
  await using world = await distributedWorld();
  world.behaviour.here = (_, params) => {
    // Whether it could be written is asked without a part.
    if (partSave.params.parse(params).part === undefined) return { path: "/out", backupId: null };
    throw new OperationError("cannot_run", "The disk is full");
  };
  const request = requestOf({ output: "/out" });
  const failed = await finish(world.run({ request }));
  assert.deepEqual([failed.status, failed.problem], ["failed", "The disk is full"]);
  await assert.rejects(Deno.stat(await world.saved.resultPath(failed.id)), Deno.errors.NotFound);
  const kept = await world.saved.get(failed.id);
  const commands = () => world.hosts.log.filter(({ op }) => op === "part_run").length;
  const before = commands();
  world.behaviour.here = () => ({ path: "/out", backupId: null });
  const status = await finish(world.run({ ...kept, status: "running" }));
  assert.deepEqual([status.status, status.output?.path, commands()], ["done", "/out", before]);
});

Deno.test("a run of which a piece fails says where and why, and keeps what a resume needs", async () => {
  await using world = await distributedWorld();
  world.behaviour.exitCode = 3;
  const status = await finish(world.run());
  assert.equal(status.status, "failed");
  assert.match(status.problem ?? "", /^map \d failed for good/);
  assert.equal(status.failed[0]?.attempts[0]?.exitCode, 3);
  const { problem: _, ...kept } = await world.saved.get(status.id) ?? assert.fail("It is not kept");
  assert.deepEqual([kept.status, kept.snapshot?.partitions], ["failed", 3]);
  world.behaviour.exitCode = 0;
  const again = await finish(world.run({ ...kept, status: "running" }));
  assert.deepEqual([again.status, again.problem, again.failed], ["done", undefined, []]);
});

Deno.test("a run does not resume over another input", async () => {
  await using world = await distributedWorld();
  world.behaviour.exitCode = 3;
  await finish(world.run());
  const kept = await world.saved.get(runId("a"));
  const other = requestOf({ input: { type: "data", items: ["a", "b", "d"] } });
  const status = await finish(world.run({ ...kept, status: "running", request: other }));
  assert.equal(status.status, "failed");
  assert.match(status.problem ?? "", /its input, or how it is divided, has changed\. Start a new run$/);
  assert.deepEqual((await world.saved.get(runId("a")))?.snapshot, kept?.snapshot, "what was kept stays");
});

Deno.test("cancel() of a run that works ends it and leaves nothing", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  await hold(run, world);
  run.cancel();
  await run.wait(LONG_MS);
  assert.deepEqual([run.status.status, run.status.problem], ["cancelled", undefined]);
  assert.deepEqual([world.hosts.parts(), world.hosts.open], [[], 0]);
  const kept = await world.saved.get(run.id);
  assert.deepEqual([kept?.status, kept?.snapshot], ["cancelled", undefined]);
  run.cancel();
  assert.equal(await text(run), "");
});

Deno.test("cancel() of a run that is being prepared begins nothing", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  run.begin();
  assert.equal(run.status.step, "preparing");
  run.cancel();
  await run.wait(LONG_MS);
  assert.deepEqual([run.status.status, world.hosts.log, world.log], ["cancelled", [], ["disposed"]]);
});

Deno.test("breakOff() keeps what is finished, and says that the program ended", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  await hold(run, world);
  await run.breakOff();
  assert.deepEqual([run.status.status, run.status.problem], [
    "failed",
    "The program that carried it out ended",
  ]);
  const kept = await world.saved.get(run.id);
  assert.equal(kept?.snapshot?.run, run.id);
  assert.ok(!world.hosts.log.some(({ op }) => op === "part_drop"), "parts stay for a resume");
  assert.equal(world.hosts.open, 0);
});

Deno.test("breakOff() leaves a run alone that failed before, and cancel() discards it", async () => {
  await using world = await distributedWorld();
  world.behaviour.exitCode = 3;
  const run = world.run();
  await finish(run);
  await run.breakOff();
  assert.deepEqual([run.status.status, (await world.saved.get(run.id))?.status], ["failed", "failed"]);
  assert.notEqual(world.hosts.parts().length, 0);
  run.cancel();
  await run.wait(LONG_MS);
  assert.deepEqual([run.status.status, (await world.saved.get(run.id))?.status], ["cancelled", "cancelled"]);
  assert.deepEqual(world.hosts.parts(), []);
});

Deno.test("breakOff() of a run that was cancelled before leaves it cancelled", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  await hold(run, world);
  run.cancel();
  await run.breakOff();
  assert.equal(run.status.status, "cancelled");
  assert.deepEqual((await world.saved.get(run.id))?.snapshot, undefined);
});

Deno.test("breakOff() of a run that is being prepared, and of one that has ended", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  run.begin();
  await run.breakOff();
  assert.deepEqual([run.status.status, world.hosts.log], ["failed", []]);
  const done = world.run({ id: runId("b") });
  await finish(done);
  await done.breakOff();
  assert.equal(done.status.status, "done");
});

Deno.test("a run that cannot be written down goes on, and says so beside why it failed", async () => {
  await using world = await distributedWorld();
  const saved: SavedRuns = { ...world.saved, save: () => Promise.reject(new Error("the disk is full")) };
  const done = await finish(world.run({}, { saved }));
  assert.equal(done.status, "done");
  assert.match(done.problem ?? "", /^It is not kept for a resume: .*the disk is full$/);
  world.behaviour.exitCode = 3;
  const failed = await finish(world.run({ id: runId("b") }, { saved }));
  assert.match(failed.problem ?? "", /^map \d failed for good.*\. It is not kept for a resume: /);
});

Deno.test("a run is written down in the order in which it came to be, however slow the disk is", async () => {
  await using world = await distributedWorld();
  const written: string[] = [];
  const first = Promise.withResolvers<void>();
  const saved: SavedRuns = {
    ...world.saved,
    async save({ status }) {
      if (written.length === 0) await first.promise;
      written.push(status);
    },
  };
  const run = world.run({}, { saved });
  run.begin();
  await eventually("it is being written down", () => run.status.step === "running");
  first.resolve();
  await run.wait(LONG_MS);
  assert.deepEqual(written, ["running", "done"]);
});

Deno.test("a run does not mind a listener that throws", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  let told = 0;
  const stop = run.onProgress(() => {
    told++;
    throw new Error("a listener's fault");
  });
  assert.equal((await finish(run)).status, "done");
  assert.ok(told >= 3, `${told}`);
  stop();
});

Deno.test("wait() ends with its time or its signal, and not the run", async () => {
  await using world = await distributedWorld();
  const run = world.run();
  await run.wait(LONG_MS);
  await hold(run, world);
  await run.wait(0);
  await run.wait(1);
  const controller = new AbortController();
  const waiting = run.wait(LONG_MS, controller.signal);
  controller.abort();
  await waiting;
  await run.wait(LONG_MS, controller.signal);
  assert.equal(run.isGoingOn, true);
  run.cancel();
  await run.wait(LONG_MS);
});

Deno.test("readResult() says that a result is not kept any more", async () => {
  await using world = await distributedWorld();
  const run = world.run(savedOf({ status: "done", resultBytes: 6 }));
  await assert.rejects(run.readResult(0, 10), /Cannot read the result of run r_a+: it is not kept any more/);
});

Deno.test("tellAll() tells everybody, also who leaves on the way and after who throws", () => {
  const told: string[] = [];
  const listeners = new Set<() => void>();
  const second = () => void told.push("second");
  listeners.add(() => {
    told.push("first");
    listeners.delete(second);
    throw new Error("a fault");
  });
  listeners.add(second);
  tellAll(listeners);
  assert.deepEqual(told, ["first", "second"]);
});
