import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../../../src/errors.ts";
import {
  chooseRemoved,
  KEEP_SAVED_MS,
  openSavedRuns,
  type SavedRun,
} from "../../../../src/fleet/mapreduce/saved_runs.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";
import { requestOf, runId, savedOf } from "./_distributed.ts";

const { owner: _, ...RUN } = savedOf({ snapshot: snapshotOf(), problem: "x", resultBytes: 3 });

function snapshotOf(): NonNullable<SavedRun["snapshot"]> {
  const finished = [{ partition: 0, host: "h1", attempt: 2, bytes: [1, 2] }];
  return {
    v: 1,
    run: runId("a"),
    ticket: "b".repeat(32),
    inputIdentity: "sha256:x",
    partitions: 1,
    reducers: 2,
    times: 3,
    maps: finished,
    reduces: [],
  };
}

const names = (folder: string) =>
  [...Deno.readDirSync(folder)].filter(({ isFile }) => isFile).map(({ name }) => name).sort();

Deno.test("save() keeps a run as it is, for its owner alone, in the place of what was kept before", async () => {
  await using temporary = await temporaryFolder();
  await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  await saved.save({ ...RUN, status: "failed", request: requestOf({ map: "other" }) });
  await saved.save(RUN);
  const kept = await saved.get(RUN.id);
  assert.deepEqual({ ...kept, owner: "" }, { ...RUN, owner: "" });
  const folder = join(temporary.folder, "mapreduce");
  assert.deepEqual(names(folder), [`${RUN.id}.json`]);
  if (Deno.build.os !== "windows") {
    assert.equal(((await Deno.stat(join(folder, `${RUN.id}.json`))).mode ?? 0) & 0o777, 0o600);
    assert.equal(((await Deno.stat(folder)).mode ?? 0) & 0o777, 0o700);
  }
});

Deno.test("looking for a run makes no folder", async () => {
  await using temporary = await temporaryFolder();
  await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  assert.equal(await saved.get(RUN.id), undefined);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(temporary.folder)), []);
});

for (const text of ["", "{", "null", '{"id":1}', JSON.stringify({ ...RUN, owner: "x", status: "odd" })]) {
  Deno.test(`get() says that the file ${JSON.stringify(text).slice(0, 20)} is damaged`, async () => {
    await using temporary = await temporaryFolder();
    await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
    await saved.save(RUN);
    await Deno.writeTextFile(join(temporary.folder, "mapreduce", `${RUN.id}.json`), text);
    await assert.rejects(
      saved.get(RUN.id),
      (error) =>
        error instanceof OperationError && error.code === "cannot_run" && /is damaged$/.test(error.message),
    );
  });
}

Deno.test("isElsewhere() tells of a run whose program is there, and is another one", async () => {
  await using temporary = await temporaryFolder();
  await using own = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  const other = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  const kept = async () => await own.get(RUN.id) ?? assert.fail("It is not kept");
  await other.save(RUN);
  assert.equal(await own.isElsewhere(await kept()), true);
  assert.equal(await other.isElsewhere(await kept()), false);
  assert.equal(await own.isElsewhere({ ...await kept(), status: "failed" }), false);
  await other[Symbol.asyncDispose]();
  assert.equal(await own.isElsewhere(await kept()), false);
});

Deno.test("resultPath() lies in a folder that is there, and removeResult() minds no result that is gone", async () => {
  await using temporary = await temporaryFolder();
  await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  const path = await saved.resultPath(RUN.id);
  await Deno.writeTextFile(path, "x");
  await saved.removeResult(RUN.id);
  await saved.removeResult(RUN.id);
  assert.deepEqual(names(join(temporary.folder, "mapreduce")), []);
});

Deno.test("save() succeeds again when the folder can be made again", async () => {
  await using temporary = await temporaryFolder();
  const folder = join(temporary.folder, "mapreduce");
  await Deno.writeTextFile(folder, "in the way");
  await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  await assert.rejects(saved.save(RUN));
  await assert.rejects(saved.resultPath(RUN.id));
  await Deno.remove(folder);
  await saved.save(RUN);
  assert.equal((await saved.get(RUN.id))?.id, RUN.id);
});

Deno.test("disposing of runs that could never be opened does not fail", async () => {
  await using temporary = await temporaryFolder();
  await Deno.writeTextFile(join(temporary.folder, "mapreduce"), "in the way");
  const saved = openSavedRuns({ stateFolder: temporary.folder, now: () => 0 });
  await assert.rejects(saved.save(RUN));
  await saved[Symbol.asyncDispose]();
});

Deno.test("save() removes what is past its time, now and then, also in a program that lasts", async () => {
  await using temporary = await temporaryFolder();
  let now = Date.now();
  await using saved = openSavedRuns({ stateFolder: temporary.folder, now: () => now });
  await saved.save(RUN);
  const result = await saved.resultPath(RUN.id);
  await Deno.writeTextFile(result, "x");
  const folder = join(temporary.folder, "mapreduce");
  await saved.save({ ...RUN, id: runId("b") });
  assert.equal(names(folder).length, 3);
  now += KEEP_SAVED_MS + 60_000;
  const past = new Date(now - KEEP_SAVED_MS - 1_000);
  for (const name of names(folder)) await Deno.utime(join(folder, name), past, past);
  const id = runId("c");
  await Deno.writeTextFile(join(folder, `${id}.json`), "");
  await Deno.utime(join(folder, `${id}.json`), new Date(now), new Date(now));
  await saved.save({ ...RUN, id: runId("b") });
  assert.ok(!names(folder).includes(`${RUN.id}.json`) && !names(folder).includes(`${RUN.id}.result`));
  assert.ok(names(folder).includes(`${id}.json`));
});

const at = (path: string, at: number, size = 1) => ({ path, at, size });
const GiB = 1024 ** 3;
const removals: readonly (readonly [string, Parameters<typeof chooseRemoved>[0], readonly string[]])[] = [
  ["nothing of nothing", [], []],
  ["nothing that is new", [at("a", 0), at("b", -1_000)], []],
  ["what is past its time", [at("new", 0), at("old", -KEEP_SAVED_MS - 1), at("edge", -KEEP_SAVED_MS)], [
    "old",
  ]],
  ["the oldest over the bytes", [at("3", -3, 9 * GiB), at("1", -1), at("2", -2, 9 * GiB), at("0", 0)], ["3"]],
  ["no result that is being written, however large", [at("now", 0, 99 * GiB), at("0", -1), at("2", -2)], [
    "2",
  ]],
  ["what comes from the future, last", [at("future", 1e15, 9 * GiB), at("a", 0), at("b", -1, 9 * GiB)], [
    "b",
  ]],
];
for (const [what, files, expected] of removals) {
  Deno.test(`chooseRemoved() takes ${what}`, () => assert.deepEqual(chooseRemoved(files, 0), expected));
}

Deno.test("chooseRemoved() leaves the files of the 64 newest runs", () => {
  const files = Array.from({ length: 200 }, (_, i) => at(`${i}`, -i));
  assert.deepEqual(chooseRemoved(files, 0), files.slice(128).map(({ path }) => path));
});
