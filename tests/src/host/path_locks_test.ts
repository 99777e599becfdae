import assert from "node:assert/strict";
import { createPathLocks } from "../../../src/host/path_locks.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const never = new AbortController().signal;

Deno.test("a lock is held by one at a time, also by another user of the same folder", async () => {
  await using temporary = await temporaryFolder();
  const users = [createPathLocks(temporary.folder), createPathLocks(temporary.folder)];
  let [holders, most, turns] = [0, 0, 0];
  await Promise.all(Array.from({ length: 8 }, async (_, at) => {
    using _lock = await users[at % 2]?.acquire("/a", never);
    most = Math.max(most, ++holders);
    await new Promise((resolve) => setTimeout(resolve, 1));
    holders--;
    turns++;
  }));
  assert.deepEqual([most, turns], [1, 8]);
});

Deno.test("acquire() takes spellings for one file, and other files for others", async () => {
  await using temporary = await temporaryFolder();
  const locks = createPathLocks(temporary.folder, { waitMs: 30 });
  using _lock = await locks.acquire("/Ärger", never);
  await assert.rejects(locks.acquire("/ärger".normalize("NFD"), never), { code: "cannot_run" });
  using _other = await locks.acquire("/b", never);
});

Deno.test("acquire() gives up in time, and at once when it is cancelled", async () => {
  await using temporary = await temporaryFolder();
  const locks = createPathLocks(temporary.folder, { waitMs: 20 });
  {
    using _lock = await locks.acquire("/a", never);
    await assert.rejects(locks.acquire("/a", never), /another request was writing it/);
    const patient = createPathLocks(temporary.folder);
    const controller = new AbortController();
    const waiting = patient.acquire("/a", controller.signal);
    controller.abort(new Error("nobody waits any more"));
    await assert.rejects(waiting, /nobody waits any more/);
  }
  using _again = await locks.acquire("/a", never);
});

Deno.test("acquire() leaves no files open in vain: a lock that could not be had can be had later", async () => {
  await using temporary = await temporaryFolder();
  const locks = createPathLocks(temporary.folder);
  await assert.rejects(locks.acquire("/a", AbortSignal.abort(new Error("no"))), /no/);
  using _lock = await locks.acquire("/a", never);
});
