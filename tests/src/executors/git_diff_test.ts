import assert from "node:assert/strict";
import { createGitDiff } from "../../../src/executors/git_diff.ts";
import { gitDiff, type GitDiffParams } from "../../../src/protocol/operations/git_diff.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function diff(place: GitPlace, params: GitDiffParams, options: ContextOptions = {}) {
  return gitDiff.result.parse(await createGitDiff({ home: place.folder })(params, place.context(options)));
}

const PATCH = `diff --git a/a b/a
index 5626abf..f719efd 100644
--- a/a
+++ b/a
@@ -1 +1 @@
-one
+two
`;

gitTest("git_diff shows changes that are not staged, and those that are", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "two\n");
  const changed = {
    root,
    from: null,
    to: null,
    files: [{ path: "a", change: "modified", added: 1, removed: 1 }],
    fileCount: 1,
    added: 1,
    removed: 1,
    truncated: false,
    patch: PATCH,
    patchTruncated: false,
    invalidUtf8: false,
    notes: [],
  };
  assert.deepEqual(await diff(place, { path: root }), { ...changed, what: "working" });
  assert.equal((await diff(place, { path: root, staged: true })).fileCount, 0);
  await place.git(root, "add", "a");
  assert.deepEqual(await diff(place, { path: root, staged: true }), { ...changed, what: "staged" });
  const head = await place.git(root, "rev-parse", "HEAD");
  const against = await diff(place, { path: root, from: "HEAD", stat_only: true });
  assert.deepEqual([against.what, against.from, against.patch, against.fileCount], [
    "working",
    head,
    null,
    1,
  ]);
});

gitTest("git_diff compares two commits, and a branch with where it began", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "checkout", "-q", "-b", "side");
  await place.write(`${root}/side`, "side\n");
  await place.git(root, "add", ".");
  await place.git(root, "commit", "-qm", "side");
  await place.git(root, "checkout", "-q", "main");
  await place.write(`${root}/main`, "main\n");
  await place.git(root, "add", ".");
  await place.git(root, "commit", "-qm", "main");
  const files = async (params: Partial<GitDiffParams>) =>
    (await diff(place, { path: root, from: "main", to: "side", ...params })).files.map((
      { path, change },
    ) => [path, change]);
  assert.deepEqual(await files({}), [["main", "deleted"], ["side", "added"]]);
  assert.deepEqual(await files({ merge_base: true }), [["side", "added"]]);
  assert.deepEqual(await files({ paths: ["main"] }), [["main", "deleted"]]);
});

gitTest("git_diff takes the options that a repository sets for people back", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  for (
    const [key = "", value = ""] of [
      ["diff.noprefix", "true"],
      ["diff.mnemonicPrefix", "true"],
      ["color.ui", "always"],
      ["diff.relative", "true"],
      ["diff.context", "0"],
      ["diff.external", "/bin/false"],
    ]
  ) await place.git(root, "config", key, value);
  await place.write(`${root}/a`, "two\n");
  await Deno.mkdir(`${root}/sub`);
  assert.equal((await diff(place, { path: `${root}/sub` })).patch, PATCH);
});

gitTest(
  "git_diff takes paths literally, also those that begin with a dash or hold what git has a meaning for",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    const names = ["--output=x", ":(top)a", "*", "new\nline"];
    for (const name of names) await place.write(`${root}/${name}`, "one\n");
    await place.git(root, "add", ".");
    await place.git(root, "commit", "-qm", "names");
    for (const name of [...names, "a"]) await place.write(`${root}/${name}`, "two\n");
    for (const name of names) {
      const { files } = await diff(place, { path: root, paths: [name] });
      assert.deepEqual(files.map(({ path }) => path), [name]);
    }
    assert.deepEqual(
      (await diff(place, { path: root, paths: [`${root}/a`] })).files.map(({ path }) => path),
      ["a"],
    );
    await rejects(diff(place, { path: root, paths: ["../other"] }), { message: /outside of the repository/ });
  },
);

gitTest("git_diff cuts a long patch at a line and says so", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "ä".repeat(50) + "\n" + "line\n".repeat(100_000));
  const result = await diff(place, { path: root, max_bytes: 1000 });
  assert.equal(result.patchTruncated, true);
  assert.ok((result.patch ?? "").length > 900 && result.patch?.endsWith("\n"));
  assert.deepEqual([result.added, result.invalidUtf8], [100_001, false]);
  assert.equal((await diff(place, { path: root, max_bytes: 1 })).patch, "");
});

gitTest("git_diff tells binary files, and text that is not UTF-8", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await Deno.writeFile(`${root}/binary`, Uint8Array.of(0, 1, 2));
  await Deno.writeFile(`${root}/latin`, Uint8Array.of(0x61, 0xe4, 0x0a));
  await place.git(root, "add", ".");
  const result = await diff(place, { path: root, staged: true });
  assert.deepEqual(result.files.map(({ path, added, removed }) => [path, added, removed]), [
    ["binary", null, null],
    ["latin", 1, 0],
  ]);
  assert.equal(result.invalidUtf8, true);
  assert.match(result.patch ?? "", /\+a\ufffd\n/);
});

gitTest("git_diff shows what is staged before the first commit, and conflicts", async () => {
  await using place = await gitPlace();
  const root = `${place.folder}/empty`;
  await place.git(place.folder, "init", "-q", root);
  await place.write(`${root}/a`, "one\n");
  await place.git(root, "add", ".");
  assert.deepEqual((await diff(place, { path: root, staged: true })).fileCount, 1);
  await place.git(root, "commit", "-qm", "first");
  await place.git(root, "checkout", "-q", "-b", "other");
  await place.write(`${root}/a`, "other\n");
  await place.git(root, "commit", "-qam", "other");
  await place.git(root, "checkout", "-q", "main");
  await place.write(`${root}/a`, "main\n");
  await place.git(root, "commit", "-qam", "main");
  await assert.rejects(place.git(root, "merge", "other"));
  const { files, fileCount } = await diff(place, { path: root });
  assert.deepEqual([fileCount, files.map(({ path, change }) => [path, change])], [1, [["a", "unmerged"]]]);
});

gitTest("git_diff says what is wrong with what it is asked", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  for (
    const [params, message] of [
      [{ to: "HEAD" }, /"to" is given without "from"/],
      [{ from: "HEAD", to: "HEAD", staged: true }, /only one may be/],
      [{ merge_base: true }, /needs "from" and "to"/],
      [{ from: "nothing" }, /there is no commit "nothing"$/],
      [{ from: "HEAD..HEAD" }, /there is no commit "HEAD\.\.HEAD"$/],
      [{ from: "HEAD:a", to: "HEAD" }, /there is no commit "HEAD:a"$/],
    ] as const
  ) await rejects(diff(place, { path: root, ...params }), { code: "bad_request", message });
});
