import assert from "node:assert/strict";
import { FolderMovedError, pinFolder } from "../../../src/host/pinned_folder.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("pinFolder() takes a real path, and no path that leads through a link", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  await Deno.mkdir(`${folder}/d/e`, { recursive: true });
  await Deno.symlink("d", `${folder}/link`);
  await using pinned = await pinFolder(`${folder}/d`);
  await Deno.writeTextFile(pinned.pathOf("a"), "x");
  await pinned.sync();
  assert.equal(await Deno.readTextFile(`${folder}/d/a`), "x");
  await assert.rejects(pinFolder(`${folder}/link/e`), FolderMovedError);
  await assert.rejects(pinFolder(`${folder}/link`));
  await assert.rejects(pinFolder(`${folder}/none`), { code: "ENOENT" });
});

Deno.test({
  name: "names are looked up in the folder that was pinned, wherever it has gone",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using temporary = await temporaryFolder();
    const folder = await Deno.realPath(temporary.folder);
    await Deno.mkdir(`${folder}/d`);
    await using pinned = await pinFolder(`${folder}/d`);
    await Deno.rename(`${folder}/d`, `${folder}/moved`);
    await Deno.mkdir(`${folder}/d`);
    await Deno.writeTextFile(pinned.pathOf("a"), "x");
    assert.equal(await Deno.readTextFile(`${folder}/moved/a`), "x");
  },
});
