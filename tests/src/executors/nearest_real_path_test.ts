import assert from "node:assert/strict";
import { nearestRealPath } from "../../../src/executors/nearest_real_path.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

Deno.test("nearestRealPath() resolves what is left of a path", async () => {
  await using temporary = await temporaryFolder();
  const folder = await Deno.realPath(temporary.folder);
  await Deno.mkdir(`${folder}/d`);
  await Deno.symlink("d", `${folder}/link`);
  assert.equal(await nearestRealPath(`${folder}/link`), `${folder}/d`);
  assert.equal(await nearestRealPath(`${folder}/link/gone/file`), `${folder}/d/gone/file`);
  assert.equal(await nearestRealPath(`${folder}/link/gone/../x/`), `${folder}/d/x`);
  assert.equal(await nearestRealPath("/no such folder/x"), "/no such folder/x");
});
