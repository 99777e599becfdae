import assert from "node:assert/strict";
import { join } from "node:path";
import { findCredentialFiles } from "../../../src/host/credential_files.ts";
import { createPathTree, type PathTree } from "../../../src/safety/path_tree.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

async function withHome(
  body: (home: string, tree: (...deny: string[]) => PathTree) => Promise<void>,
): Promise<void> {
  await using temporary = await temporaryFolder();
  const home = await Deno.realPath(temporary.folder);
  for (
    const name of [
      ".ssh/id_a",
      ".ssh/id_a.pub",
      ".ssh/config",
      ".vault/deep/key",
      ".netrc",
      ".cloud/a/token",
      ".cloud/b/token",
    ]
  ) {
    await Deno.mkdir(join(home, name, ".."), { recursive: true });
    await Deno.writeTextFile(join(home, name), "x");
  }
  const tree = (...deny: string[]) =>
    createPathTree(deny, { os: "linux", homes: [home], isCaseInsensitive: false }, { everyHome: true });
  await body(home, tree);
}

function test(name: string, body: Parameters<typeof withHome>[0]): void {
  Deno.test({ name, ignore: Deno.build.os === "windows", fn: () => withHome(body) });
}

test("findCredentialFiles() finds the files and folders that exist", (home, tree) => {
  const found = findCredentialFiles(
    tree("~/.ssh/!(*.pub|config)", "~/.vault", "~/.netrc", "~/.missing", "~/.cloud/*/token", "!~/.cloud/b"),
  );
  assert.deepEqual(
    [found.isComplete, found.paths.filter((path) => path.startsWith(home)).toSorted()],
    [true, [".cloud/a/token", ".netrc", ".ssh/id_a", ".vault"].map((name) => join(home, name))],
  );
  return Promise.resolve();
});

test(
  "findCredentialFiles() returns where links lead, and nothing inside another result",
  async (home, tree) => {
    await Deno.symlink(join(home, ".vault"), join(home, ".linked"));
    await Deno.symlink("nowhere", join(home, ".broken"));
    const { paths } = findCredentialFiles(tree("~/.linked", "~/.broken", "~/.vault/deep/key"));
    assert.deepEqual(paths.filter((path) => path.startsWith(home)), [join(home, ".vault")]);
  },
);

test("findCredentialFiles() searches a few folders below **", (home, tree) => {
  const { paths } = findCredentialFiles(tree(`${home}/**/token`));
  assert.deepEqual(paths.filter((path) => path.startsWith(home)).toSorted(), [
    join(home, ".cloud/a/token"),
    join(home, ".cloud/b/token"),
  ]);
  return Promise.resolve();
});

test("findCredentialFiles() keeps its bounds and says so", (home, tree) => {
  const all = tree("~/.ssh", "~/.netrc", "~/.vault");
  assert.equal(findCredentialFiles(all, { maxPaths: 1 }).isComplete, false);
  assert.ok(findCredentialFiles(all, { maxPaths: 1 }).paths.length <= 1);
  let time = 0;
  assert.equal(findCredentialFiles(all, { now: () => time += 100, maxMs: 300 }).isComplete, false);
  assert.ok(home.length > 0);
  return Promise.resolve();
});
