import assert from "node:assert/strict";
import { openJobStore } from "../../../src/jobs/store.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";
import { idOf, jobRecord, putJob } from "./_records.ts";

Deno.test("a store gives back what was put in, also to another process's handle", async () => {
  await using temporary = await temporaryFolder();
  using mine = openJobStore(`${temporary.folder}/jobs.db`);
  using other = openJobStore(`${temporary.folder}/jobs.db`);
  const record = jobRecord({ command: "printf '\\n\"'", isolation: "guarded" });
  mine.insert(record);
  assert.deepEqual(other.get(record.id), record);
  const end = {
    ...record,
    status: "ended",
    endedAt: 2_000,
    durationMs: 12,
    exitCode: 3,
    timedOut: true,
    stdoutBytes: 5_000_000_000,
    stdoutKept: 7,
    hasFiles: true,
  } as const;
  mine.update([end]);
  assert.deepEqual(other.get(record.id), end);
  assert.deepEqual(other.running(), []);
  assert.deepEqual(other.ended(), [{ id: record.id, endedAt: 2_000, keptBytes: 7 }]);
});

Deno.test("update() changes nothing of a job that has ended, and never who started what", () => {
  using store = openJobStore(":memory:");
  putJob(store);
  store.update([jobRecord({ command: "other", callerId: "other", ownerId: "other", pid: 5 })]);
  assert.deepEqual(store.get(idOf(1)), jobRecord({ pid: 5 }));
  store.update([jobRecord({ status: "lost" })]);
  store.update([jobRecord({ status: "ended", exitCode: 0 })]);
  assert.deepEqual(store.get(idOf(1)), jobRecord({ status: "lost" }));
});

Deno.test("insert() refuses an id that is taken", () => {
  using store = openJobStore(":memory:");
  putJob(store);
  assert.throws(() => putJob(store), /UNIQUE/);
});

Deno.test("list() gives the newest first, a page at a time, and counts the rest", () => {
  using store = openJobStore(":memory:");
  for (const n of [1, 2, 3, 4, 5]) {
    putJob(store, { id: idOf(n), status: n % 2 === 0 ? "ended" : "running" });
  }
  const list = (filter: Parameters<typeof store.list>[0]) => {
    const { jobs, omitted } = store.list(filter);
    return [jobs.map(({ id }) => id), omitted];
  };
  assert.deepEqual(list({ limit: 2 }), [[5, 4].map(idOf), 3]);
  assert.deepEqual(list({ limit: 2, before: idOf(4) }), [[3, 2].map(idOf), 1]);
  assert.deepEqual(list({ limit: 9, status: "ended" }), [[4, 2].map(idOf), 0]);
  assert.deepEqual(list({ limit: 9, status: "running", before: idOf(4) }), [[3, 1].map(idOf), 0]);
  assert.deepEqual(list({ limit: 9, before: idOf(77) }), [[], 0]);
  store.remove([4, 5].map(idOf));
  assert.deepEqual(list({ limit: 9 }), [[3, 2, 1].map(idOf), 0]);
});

Deno.test("cancelRequests() gives an owner the wishes about its running jobs", () => {
  using store = openJobStore(":memory:");
  putJob(store);
  putJob(store, { id: idOf(2), ownerId: "other" });
  putJob(store, { id: idOf(3), status: "ended" });
  for (const n of [1, 2, 3]) store.requestCancel(idOf(n), `reason ${n}`);
  assert.deepEqual(store.cancelRequests("owner"), [{ id: idOf(1), reason: "reason 1" }]);
  // What the owner writes down meanwhile does not make it forget the wish.
  store.update([jobRecord({ pid: 5 })]);
  assert.equal(store.cancelRequests("owner").length, 1);
});

Deno.test("markCancelled() is for lost jobs alone", () => {
  using store = openJobStore(":memory:");
  putJob(store, { status: "lost" });
  putJob(store, { id: idOf(2) });
  for (const n of [1, 2]) store.markCancelled(idOf(n), "by test");
  assert.equal(store.get(idOf(1))?.status, "cancelled");
  assert.equal(store.get(idOf(2))?.status, "running");
});
