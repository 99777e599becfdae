import assert from "node:assert/strict";
import * as fc from "fast-check";
import {
  ancestorsOf,
  type Look,
  lookAtDisk,
  outermostOf,
} from "../../../../src/host/sandbox/covered_paths.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

/** A disk of folders (with a slash at the end), files and links. */
function disk(entries: Readonly<Record<string, string>>): Look {
  return (path) => {
    const real = entries[path];
    return real === undefined ? undefined : { path: real.replace(/\/$/, ""), isFolder: real.endsWith("/") };
  };
}

Deno.test("outermostOf() leaves out what is not there and what lies in another path of the list", () => {
  const look = disk({ "/a": "/a/", "/a/b": "/a/b", "/ab": "/ab", "/c/d": "/c/d", "/link": "/c/d" });
  assert.deepEqual(outermostOf(["/ab", "/a/b", "/a", "/c/d", "/link", "/gone"], look), [
    { path: "/a", isFolder: true },
    { path: "/ab", isFolder: false },
    { path: "/c/d", isFolder: false },
  ]);
});

Deno.test("ancestorsOf() names the folders above, outer ones first", () => {
  assert.deepEqual(ancestorsOf(["/home/ada/.config/x", "/home/ada/.local/state/x"]), [
    "/home",
    "/home/ada",
    "/home/ada/.config",
    "/home/ada/.local",
    "/home/ada/.local/state",
  ]);
  assert.deepEqual(ancestorsOf(["/x"]), []);
});

const path = fc.array(fc.constantFrom("a", "b", "-c", "d\ne"), { minLength: 1, maxLength: 5 }).map((names) =>
  `/${names.join("/")}`
);
Deno.test("outermostOf() covers every path of the list, and each once", () => {
  fc.assert(fc.property(fc.array(path), (paths) => {
    const outermost = outermostOf(paths, (at) => ({ path: at, isFolder: true })).map((found) => found.path);
    const covers = (folder: string, at: string) => at === folder || at.startsWith(`${folder}/`);
    for (const at of paths) assert.equal(outermost.filter((folder) => covers(folder, at)).length, 1);
  }));
});
Deno.test("ancestorsOf() has each folder after those above it", () => {
  fc.assert(fc.property(fc.array(path), (paths) => {
    const folders = ancestorsOf(paths);
    folders.forEach((folder, i) => {
      assert.ok(paths.some((at) => at.startsWith(`${folder}/`)));
      assert.ok(!folders.slice(i).some((later) => folder.startsWith(`${later}/`)));
    });
  }));
});

Deno.test("lookAtDisk() follows links, and sees nothing where nothing is", async () => {
  await using place = await temporaryFolder();
  const folder = await Deno.realPath(place.folder);
  await Deno.writeTextFile(`${folder}/file`, "");
  await Deno.symlink(`${folder}/file`, `${folder}/link`);
  await Deno.symlink(`${folder}/loop`, `${folder}/loop`);
  assert.deepEqual(lookAtDisk(`${folder}/link`), { path: `${folder}/file`, isFolder: false });
  assert.deepEqual(lookAtDisk(folder), { path: folder, isFolder: true });
  for (const name of ["gone", "loop", "file/below"]) assert.equal(lookAtDisk(`${folder}/${name}`), undefined);
});
