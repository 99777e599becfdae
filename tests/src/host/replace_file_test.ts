import assert from "node:assert/strict";
import { replaceFile } from "../../../src/host/replace_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("replaceFile() makes and replaces a file, and leaves no draft", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/a.json`;
  for (const text of ["one", "two"]) {
    await replaceFile(path, new TextEncoder().encode(text));
    assert.equal(await Deno.readTextFile(path), text);
  }
  if (Deno.build.os !== "windows") assert.equal(((await Deno.stat(path)).mode ?? 0) & 0o777, 0o600);
  assert.deepEqual((await Array.fromAsync(Deno.readDir(temporary.folder))).map(({ name }) => name), [
    "a.json",
  ]);
});

Deno.test("replaceFile() leaves no draft where it cannot replace", async () => {
  await using temporary = await temporaryFolder();
  await Deno.mkdir(`${temporary.folder}/folder`);
  await assert.rejects(replaceFile(`${temporary.folder}/folder`, new Uint8Array(1)));
  assert.deepEqual((await Array.fromAsync(Deno.readDir(temporary.folder))).map(({ name }) => name), [
    "folder",
  ]);
});
