import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { OperationError } from "../../../../src/errors.ts";
import type { Hosts } from "../../../../src/fleet/fleet.ts";
import type { MapReduceRequest } from "../../../../src/fleet/mapreduce/request.ts";
import { openSavedRuns } from "../../../../src/fleet/mapreduce/saved_runs.ts";
import {
  createMapReduces,
  type MapReduceHandle,
  type MapReduces,
} from "../../../../src/fleet/mapreduce/service.ts";
import { RunId } from "../../../../src/protocol/run.ts";
import { eventually } from "../../../helpers/eventually.ts";
import { openTestSpool } from "../../parts/_spool.ts";
import { type DistributedWorld, distributedWorld, requestOf, runId, savedOf } from "./_distributed.ts";

const LONG_MS = 60_000;
/** Files of the hosts: nothing of them lies on this machine. */
const GLOB: Partial<MapReduceRequest> = { input: { type: "glob", pattern: "/data/*.txt" } };

interface World extends DistributedWorld {
  readonly mapReduces: MapReduces;
  /** Another service over the same state, such as one of the next process. */
  next(fleet?: Hosts): MapReduces;
}

async function openWorld(): Promise<World> {
  await using opening = new AsyncDisposableStack();
  const world = opening.use(await distributedWorld());
  const { spool } = opening.use(await openTestSpool());
  const next = (fleet = world.fleet) =>
    opened.use(createMapReduces(fleet, {
      saved: world.saved,
      spool,
      ownAddress: () => "coordinator",
      randomBytes,
      now: () => 3_000,
    }));
  const opened = opening.move();
  const mapReduces = next();
  return { ...world, mapReduces, next, [Symbol.asyncDispose]: () => opened.disposeAsync() };
}

/** Waits for the end and returns how it went. */
async function ended(run: MapReduceHandle): Promise<MapReduceHandle["status"]> {
  await run.wait(LONG_MS);
  assert.equal(run.status.step, "ended");
  return run.status;
}

/** Begins a run whose commands go on until they are given up. */
async function hold(world: World): Promise<MapReduceHandle> {
  world.behaviour.pace = 1e6;
  const run = await world.mapReduces.start(requestOf(GLOB));
  await eventually("a command runs", () => world.hosts.open > 0);
  return run;
}

async function failing(world: World): Promise<RunId> {
  world.behaviour.exitCode = 3;
  const run = await world.mapReduces.start(requestOf(GLOB));
  assert.equal((await ended(run)).status, "failed");
  world.behaviour.exitCode = 0;
  return run.id;
}

const fails = (work: Promise<unknown>, code: OperationError["code"], message: RegExp) =>
  assert.rejects(work, (error) => {
    assert.ok(error instanceof OperationError && error.code === code, String(error));
    assert.match(error.message, message);
    return true;
  });

Deno.test("start() carries a run out and remembers it, and others hear of it", async () => {
  await using world = await openWorld();
  let told = 0;
  const stop = world.mapReduces.onChange(() => {
    told++;
    throw new Error("a listener's fault");
  });
  const run = await world.mapReduces.start(requestOf(GLOB));
  assert.ok(RunId.safeParse(run.id).success);
  assert.equal(await world.mapReduces.find(run.id), run);
  const status = await ended(run);
  assert.deepEqual([status.status, status.hosts.map(({ name }) => name)], ["done", ["h1", "h2"]]);
  assert.equal(new TextDecoder().decode(await run.readResult(0, 100)), "X\nY\n");
  assert.deepEqual(world.mapReduces.recent().map(({ id }) => id), [run.id]);
  assert.equal(told, 2, "its beginning and its end");
  stop();
});

Deno.test("start() refuses a target that means nobody, and hostsFor() tells whom it means", async () => {
  await using world = await openWorld();
  await fails(world.mapReduces.start(requestOf({ target: "moon" })), "bad_request", /"moon"/);
  assert.deepEqual(world.mapReduces.recent(), []);
  assert.deepEqual(await world.mapReduces.hostsFor({ target: "name:h2", includeSelf: false }), [
    { id: "h2", name: "h2" },
  ]);
});

Deno.test("start() refuses a ninth run while eight go on", async () => {
  await using world = await openWorld();
  world.behaviour.pace = 1e6;
  const runs: MapReduceHandle[] = [];
  for (let i = 0; i < 8; i++) runs.push(await world.mapReduces.start(requestOf(GLOB)));
  await fails(world.mapReduces.start(requestOf(GLOB)), "busy", /8 go on already$/);
  for (const run of runs) run.cancel();
  for (const run of runs) assert.equal((await ended(run)).status, "cancelled");
  assert.equal(world.hosts.open, 0);
});

Deno.test("start() forgets the oldest runs, which are read back from the disk", async () => {
  await using world = await openWorld();
  const first = await world.mapReduces.start(requestOf(GLOB));
  await ended(first);
  for (let i = 0; i < 32; i++) await ended(await world.mapReduces.start(requestOf(GLOB)));
  assert.equal(world.mapReduces.recent().length, 32);
  const found = await world.mapReduces.find(first.id);
  assert.notEqual(found, first);
  assert.deepEqual([found?.status.status, found?.status.step], ["done", "ended"]);
  assert.equal(new TextDecoder().decode(await found?.readResult(0, 100)), "X\nY\n");
});

Deno.test("find() knows nothing of a run that nobody began", async () => {
  await using world = await openWorld();
  assert.equal(await world.mapReduces.find(runId("z")), undefined);
});

Deno.test("resume() returns the run that goes on", async () => {
  await using world = await openWorld();
  const run = await hold(world);
  assert.equal(await world.mapReduces.resume(run.id), run);
  run.cancel();
  await ended(run);
});

Deno.test("resume() does the rest of a run that failed", async () => {
  await using world = await openWorld();
  const run = await world.mapReduces.resume(await failing(world));
  const status = await ended(run);
  assert.deepEqual([status.status, status.problem, status.startedAt], ["done", undefined, 3_000]);
  assert.deepEqual(world.mapReduces.recent().length, 1);
});

Deno.test("resume() by two at once begins one run", async () => {
  await using world = await openWorld();
  const id = await failing(world);
  const runs = await Promise.all([1, 2, 3].map(() => world.mapReduces.resume(id)));
  assert.equal(new Set(runs).size, 1);
  for (const run of runs) assert.equal((await ended(run)).status, "done");
});

Deno.test("resume() of a run that is done shows it, also by another process", async () => {
  await using world = await openWorld();
  const run = await world.mapReduces.start(requestOf(GLOB));
  await ended(run);
  const commands = world.hosts.log.length;
  assert.equal(await world.mapReduces.resume(run.id), run);
  const other = await world.next().resume(run.id);
  assert.equal(other.status.status, "done");
  assert.equal(new TextDecoder().decode(await other.readResult(0, 100)), "X\nY\n");
  assert.equal(world.hosts.log.length, commands, "no host is asked for anything");
});

Deno.test("resume() refuses a run that was cancelled, one that nobody knows, and one of another process", async () => {
  await using world = await openWorld();
  const run = await hold(world);
  run.cancel();
  await ended(run);
  await fails(world.mapReduces.resume(run.id), "bad_request", /it was cancelled, and nothing of it is left$/);
  await fails(world.mapReduces.resume(runId("z")), "bad_request", /^Cannot find run "r_z+"/);
  const others = openSavedRuns({ stateFolder: world.stateFolder, now: () => 0 });
  await others.save(savedOf({ id: runId("y") }));
  await fails(world.mapReduces.resume(runId("y")), "busy", /another program of this machine carries it out$/);
  await others[Symbol.asyncDispose]();
  world.behaviour.pace = 0;
  const taken = await world.mapReduces.resume(runId("y"));
  assert.notEqual((await ended(taken)).status, "running", "its program has gone");
});

Deno.test("resume() refuses a run whose file is damaged", async () => {
  await using world = await openWorld();
  const id = await failing(world);
  const [file] = (await Array.fromAsync(Deno.readDir(`${world.stateFolder}/mapreduce`))).filter(({ name }) =>
    name.startsWith(id)
  );
  await Deno.writeTextFile(`${world.stateFolder}/mapreduce/${file?.name}`, '{"id":');
  await fails(world.mapReduces.resume(id), "cannot_run", /is damaged$/);
});

Deno.test("disposing of them breaks off what goes on, which the next process resumes", async () => {
  await using world = await openWorld();
  const run = await hold(world);
  await world.mapReduces[Symbol.asyncDispose]();
  assert.deepEqual([run.status.status, world.hosts.open], ["failed", 0]);
  assert.match(run.status.problem ?? "", /^The program that carried it out ended$/);
  await fails(world.mapReduces.start(requestOf(GLOB)), "cancelled", /this program is ending$/);
  await fails(world.mapReduces.resume(run.id), "cancelled", /this program is ending$/);
  await world.mapReduces[Symbol.asyncDispose]();
  world.behaviour.pace = 0;
  assert.equal((await ended(await world.next().resume(run.id))).status, "done");
});

Deno.test("disposing of them while a run begins leaves nothing behind", async () => {
  await using world = await openWorld();
  const entered = Promise.withResolvers<void>();
  const leave = Promise.withResolvers<void>();
  const slow = world.next({
    ...world.fleet,
    async present() {
      entered.resolve();
      await leave.promise;
      return await world.fleet.present();
    },
  });
  const starting = slow.start(requestOf(GLOB));
  await entered.promise;
  await slow[Symbol.asyncDispose]();
  leave.resolve();
  await fails(starting, "cancelled", /this program is ending$/);
  assert.deepEqual(world.hosts.log, []);
});
