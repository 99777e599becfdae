import assert from "node:assert/strict";
import { type Archive, createArchive } from "../../../src/jobs/archive.ts";
import { lockOwner, type OwnerLock } from "../../../src/host/owner_lock.ts";
import { JOB_LIMITS } from "../../../src/jobs/rules.ts";
import { type JobStore, openJobStore } from "../../../src/jobs/store.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { idOf, jobRecord, putJob } from "./_records.ts";

interface Scene {
  readonly archive: Archive;
  readonly store: JobStore;
  readonly owner: OwnerLock;
  readonly folder: string;
}

/** An archive of the owner "owner"; one of the owner "other", which lives, is beside it. */
async function withArchive(fn: (scene: Scene) => Promise<void>): Promise<void> {
  await using temporary = await temporaryFolder();
  const { folder } = temporary;
  await using owner = await lockOwner(`${folder}/owners`, "owner");
  await using _other = await lockOwner(`${folder}/owners`, "other");
  using store = openJobStore(":memory:");
  const archive = createArchive({ store, owner, folder, limits: JOB_LIMITS, now: () => 5_000 });
  await fn({ archive, store, owner, folder });
}

Deno.test("markLost() marks the jobs of owners that are gone, with the output that is there", () =>
  withArchive(async ({ archive, store, folder }) => {
    for (const [n, ownerId] of [[1, "owner"], [2, "other"], [3, "gone"], [4, "gone"]] as const) {
      putJob(store, { id: idOf(n), ownerId });
    }
    await Deno.mkdir(`${folder}/${idOf(4)}`);
    await Deno.writeTextFile(`${folder}/${idOf(4)}/stdout`, "some");
    await archive.markLost();
    assert.deepEqual([1, 2, 3, 4].map((n) => store.get(idOf(n))?.status), [
      "running",
      "running",
      "lost",
      "lost",
    ]);
    const lost = store.get(idOf(4));
    assert.ok(lost?.hasFiles);
    assert.deepEqual([lost.endedAt, lost.durationMs, lost.stdoutKept, lost.stdoutBytes], [5_000, null, 4, 4]);
    const part = await archive.read(lost, "stdout", { from: 1, maxBytes: 9 });
    assert.deepEqual([new TextDecoder().decode(part.bytes), part.kept, part.dropped], ["ome", 4, 0]);
  }));

Deno.test("recover() removes output of no job, and nothing else", () =>
  withArchive(async ({ archive, store, folder }) => {
    putJob(store, { id: idOf(1), status: "ended" });
    for (const name of [idOf(1), idOf(2), "something else"]) await Deno.mkdir(`${folder}/${name}`);
    await archive.recover();
    const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name);
    assert.deepEqual(new Set(names), new Set([idOf(1), "something else", "owners"]));
  }));

Deno.test("forget() counts what the jobs of other processes hold", () =>
  withArchive(async ({ archive, store }) => {
    const half = JOB_LIMITS.totalBytes / 2;
    putJob(store, { id: idOf(1), ownerId: "other", stdoutKept: half });
    putJob(store, { id: idOf(2), status: "ended", endedAt: 5_000, stderrKept: half });
    assert.equal(await archive.forget(0), false);
    assert.ok(store.get(idOf(2)));
    assert.equal(await archive.forget(half + 1), true);
    assert.equal(store.get(idOf(2)), undefined);
    assert.ok(store.get(idOf(1)));
  }));

Deno.test("read() tells what was dropped of a job that has ended, and nothing of one without files", () =>
  withArchive(async ({ archive, store }) => {
    const record = jobRecord({ status: "ended", stdoutBytes: 10, stdoutKept: 4, hasFiles: true });
    putJob(store, record);
    const range = { from: 0, maxBytes: 100 };
    assert.equal((await archive.read(record, "stdout", range)).dropped, 6);
    assert.equal(
      (await archive.read({ ...record, stdoutKept: 0, hasFiles: false }, "stdout", range)).dropped,
      0,
    );
  }));
