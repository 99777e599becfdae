import assert from "node:assert/strict";
import { FileChangedError } from "../../../src/host/atomic_write.ts";
import { FolderMovedError } from "../../../src/host/pinned_folder.ts";
import { removeUnchanged } from "../../../src/host/remove_unchanged.ts";
import { type FileStamp, stampAt } from "../../../src/host/stamped_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const isWindows = Deno.build.os === "windows";

async function withFolder(body: (folder: string) => Promise<void>): Promise<void> {
  await using temporary = await temporaryFolder();
  await body(await Deno.realPath(temporary.folder));
}

async function stamp(path: string): Promise<FileStamp> {
  const found = await stampAt(path);
  assert.ok(found);
  return found;
}

const names = (folder: string) => [...Deno.readDirSync(folder)].map(({ name }) => name).sort();

Deno.test("removeUnchanged() removes a file, and no other name of it", () =>
  withFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/a`, "x");
    await Deno.link(`${folder}/a`, `${folder}/b`);
    await removeUnchanged(`${folder}/a`, await stamp(`${folder}/a`));
    assert.deepEqual(names(folder), ["b"]);
  }));

Deno.test({
  name: "removeUnchanged() removes a link itself",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.writeTextFile(`${folder}/a`, "x");
      await Deno.symlink("a", `${folder}/link`);
      await removeUnchanged(`${folder}/link`, await stamp(`${folder}/link`));
      assert.deepEqual(names(folder), ["a"]);
    }),
});

const changes: readonly [string, (path: string) => Promise<void>, RegExp][] = [
  ["was written", (path) => Deno.writeTextFile(path, "longer"), /changed it/],
  ["was removed", (path) => Deno.remove(path), /removed it/],
  ["was replaced", async (path) => {
    await Deno.writeTextFile(`${path}2`, "x");
    await Deno.rename(`${path}2`, path);
  }, /changed it/],
  ["became a folder", async (path) => {
    await Deno.remove(path);
    await Deno.mkdir(path);
  }, /changed it/],
];
for (const [what, change, message] of changes) {
  Deno.test(`removeUnchanged() leaves a file that ${what} meanwhile`, () =>
    withFolder(async (folder) => {
      const path = `${folder}/a`;
      await Deno.writeTextFile(path, "x");
      const before = await stamp(path);
      await change(path);
      const left = names(folder);
      await assert.rejects(
        removeUnchanged(path, before),
        (error) => error instanceof FileChangedError && message.test(error.message),
      );
      assert.deepEqual(names(folder), left);
    }));
}

Deno.test({
  name: "removeUnchanged() does not go through a folder that became a link",
  ignore: isWindows,
  fn: () =>
    withFolder(async (folder) => {
      await Deno.mkdir(`${folder}/real`);
      await Deno.writeTextFile(`${folder}/real/a`, "x");
      const before = await stamp(`${folder}/real/a`);
      await Deno.rename(`${folder}/real`, `${folder}/moved`);
      await Deno.symlink("moved", `${folder}/real`);
      await assert.rejects(removeUnchanged(`${folder}/real/a`, before), (error) =>
        error instanceof FolderMovedError || (error instanceof Error && /ENOTDIR|ELOOP/.test(error.message)));
      assert.deepEqual(names(`${folder}/moved`), ["a"]);
    }),
});
