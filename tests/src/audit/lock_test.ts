import assert from "node:assert/strict";
import { join } from "node:path";
import { lockFile } from "../../../src/audit/lock.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const SOON = { timeoutMs: 50 };

Deno.test("lockFile() gives the lock to one at a time, and frees it when the file is closed", async () => {
  await using temporary = await temporaryFolder();
  const open = () => Deno.openSync(join(temporary.folder, "f"), { read: true, write: true, create: true });
  const first = open();
  using second = open();
  assert.equal(await lockFile(first, SOON), true);
  assert.equal(await lockFile(second, SOON), false);
  assert.equal(await lockFile(second, { ...SOON, isShared: true }), false);
  const waiting = lockFile(second, { timeoutMs: 30_000 });
  first.close();
  assert.equal(await waiting, true);
});

Deno.test("lockFile() lets readers share the lock", async () => {
  await using temporary = await temporaryFolder();
  const open = () => Deno.openSync(join(temporary.folder, "f"), { read: true, write: true, create: true });
  using first = open();
  using second = open();
  using writer = open();
  assert.equal(await lockFile(first, { ...SOON, isShared: true }), true);
  assert.equal(await lockFile(second, { ...SOON, isShared: true }), true);
  assert.equal(await lockFile(writer, SOON), false);
});
