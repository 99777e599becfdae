import assert from "node:assert/strict";
import { lockOwner } from "../../../src/host/owner_lock.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("lockOwner() shows others that an owner is there, until it is not", async () => {
  await using temporary = await temporaryFolder();
  await using first = await lockOwner(temporary.folder, "first");
  {
    await using second = await lockOwner(temporary.folder, "second");
    assert.deepEqual(
      [await first.isAlive("first"), await first.isAlive("second"), await second.isAlive("first")],
      [true, true, true],
    );
  }
  assert.deepEqual([await first.isAlive("second"), await first.isAlive("never was")], [false, false]);
});

Deno.test("sweep() removes the files of owners that are gone, and no others", async () => {
  await using temporary = await temporaryFolder();
  await using first = await lockOwner(temporary.folder, "first");
  await using _second = await lockOwner(temporary.folder, "second");
  await Deno.writeTextFile(`${temporary.folder}/dead.lock`, "");
  await first.sweep();
  const names = (await Array.fromAsync(Deno.readDir(temporary.folder), ({ name }) => name)).toSorted();
  assert.deepEqual(names, ["first.lock", "second.lock"]);
});

Deno.test("lockOwner() refuses a name that is taken by a draft", async () => {
  await using temporary = await temporaryFolder();
  await Deno.writeTextFile(`${temporary.folder}/same`, "");
  await assert.rejects(lockOwner(temporary.folder, "same"), Deno.errors.AlreadyExists);
});
