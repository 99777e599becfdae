import assert from "node:assert/strict";
import { writeFilters } from "../../../../src/host/sandbox/filters.ts";
import { seccompFilter } from "../../../../src/host/sandbox/seccomp.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

Deno.test("writeFilters() writes both filters, for their owner alone", async () => {
  await using place = await temporaryFolder();
  const files = await writeFilters(place.folder, "x86_64");
  assert.ok(files !== undefined);
  for (const [file, unixSockets] of [[files.closed, false], [files.unixSockets, true]] as const) {
    assert.deepEqual(await Deno.readFile(file), seccompFilter("x86_64", { unixSockets }));
    if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(file)).mode ?? 0) & 0o777, 0o600);
  }
});

Deno.test("writeFilters() leaves a right file alone and replaces a wrong one", async () => {
  await using place = await temporaryFolder();
  const files = await writeFilters(place.folder, "aarch64");
  assert.ok(files !== undefined);
  const inode = async (file: string) => (await Deno.stat(file)).ino;
  const before = [await inode(files.closed), await inode(files.unixSockets)];
  // A return that allows everything.
  await Deno.writeFile(files.unixSockets, new Uint8Array([6, 0, 0, 0, 0, 0, 255, 127]));
  await writeFilters(place.folder, "aarch64");
  assert.equal(await inode(files.closed), before[0]);
  assert.notEqual(await inode(files.unixSockets), before[1]);
  assert.deepEqual(await Deno.readFile(files.unixSockets), seccompFilter("aarch64", { unixSockets: true }));
  assert.equal((await Array.fromAsync(Deno.readDir(place.folder))).length, 2);
});

Deno.test("writeFilters() writes nothing for a processor it does not know", async () => {
  await using place = await temporaryFolder();
  assert.equal(await writeFilters(place.folder, "riscv64"), undefined);
  assert.deepEqual(await Array.fromAsync(Deno.readDir(place.folder)), []);
});
