import assert from "node:assert/strict";
import { createGitCommit } from "../../../src/executors/git_commit.ts";
import { gitCommit, type GitCommitParams } from "../../../src/protocol/operations/git_commit.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function commit(place: GitPlace, params: Omit<GitCommitParams, "path">, options: ContextOptions = {}) {
  const result = await createGitCommit({ home: place.folder })(
    { path: "repo", ...params },
    place.context(options),
  );
  return gitCommit.result.parse(result);
}

gitTest("git_commit commits what is staged and nothing else", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const previous = await place.git(root, "rev-parse", "HEAD");
  await place.write(`${root}/b`, "b\n");
  await place.git(root, "add", "b");
  await place.write(`${root}/a`, "two\n");
  const message = "# Subject\n\n# not a comment\n-- text";
  const result = await commit(place, { message });
  assert.deepEqual(result, {
    root,
    committed: true,
    branch: "main",
    hash: await place.git(root, "rev-parse", "HEAD"),
    previous,
    subject: "# Subject",
    files: [{ path: "b", change: "added", added: 1, removed: 0 }],
    fileCount: 1,
    added: 1,
    removed: 0,
    truncated: false,
    messages: "",
    invalidUtf8: false,
  });
  assert.equal(await place.git(root, "log", "-1", "--format=%B"), `${message}\n`);
  assert.equal(await place.git(root, "status", "--porcelain"), " M a");
});

gitTest(
  "git_commit commits the paths as they are, new, changed and deleted, and leaves the rest staged",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    for (const name of ["--amend", "gone", "other"]) await place.write(`${root}/${name}`, "1\n");
    await place.git(root, "add", ".");
    await place.git(root, "commit", "-qm", "more");
    await place.write(`${root}/--amend`, "2\n");
    await place.write(`${root}/:(top)new`, "2\n");
    await Deno.remove(`${root}/gone`);
    await place.write(`${root}/other`, "2\n");
    await place.git(root, "add", "other");
    const { files } = await commit(place, { message: "x", paths: ["--amend", "gone", ":(top)new"] });
    assert.deepEqual(files.map(({ path, change }) => [path, change]), [
      ["--amend", "modified"],
      [":(top)new", "added"],
      ["gone", "deleted"],
    ]);
    assert.equal(await place.git(root, "status", "--porcelain"), "M  other");
  },
);

gitTest("git_commit commits all changes of tracked files, as another author", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "two\n");
  await place.write(`${root}/b`, "new\n");
  const result = await commit(place, { message: "x", all: true, author: "Ada <ada@example.org>" });
  assert.deepEqual(result.files.map(({ path }) => path), ["a"]);
  assert.equal(await place.git(root, "log", "-1", "--format=%an %ae %cn"), "Ada ada@example.org Test");
});

gitTest("git_commit makes the first commit, and commits on a detached head", async () => {
  await using place = await gitPlace();
  const root = `${place.folder}/repo`;
  await place.git(place.folder, "init", "-q", "repo");
  await place.write(`${root}/a`, "a\n");
  const first = await commit(place, { message: "first", paths: ["."] });
  assert.deepEqual([first.previous, first.fileCount, first.branch], [null, 1, "main"]);
  await place.git(root, "checkout", "-q", "--detach");
  await place.write(`${root}/a`, "b\n");
  assert.equal((await commit(place, { message: "second", all: true })).branch, null);
});

gitTest("git_commit says that there is nothing to commit", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/new`, "");
  for (const more of [{}, { all: true }, { paths: ["a"] }]) {
    const { committed, hash } = await commit(place, { message: "x", ...more });
    assert.deepEqual([committed, hash], [false, null]);
  }
  await place.write(`${root}/a`, "two\n");
  assert.equal((await commit(place, { message: "x" })).committed, false);
  await place.git(place.folder, "init", "-q", "empty");
  const empty = await createGitCommit({ home: place.folder })(
    { path: "empty", message: "x" },
    place.context(),
  );
  assert.deepEqual([empty.committed, empty.previous], [false, null]);
});

gitTest("git_commit runs the hooks, and tells what they said when they refuse", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "two\n");
  const hook = `${root}/.git/hooks/pre-commit`;
  await Deno.writeTextFile(hook, "#!/bin/sh\necho nothing to commit\necho 'no \x1b[31mway'\nexit 1\n", {
    mode: 0o755,
  });
  const error = await rejects(commit(place, { message: "x", all: true }), {
    message: /no \\u\{1b\}\[31mway.*hook/,
  });
  assert.match(error.remedy ?? "", /Nothing was committed/);
  await Deno.writeTextFile(hook, "#!/bin/sh\necho fine >&2\ntouch ran\n", { mode: 0o755 });
  const result = await commit(place, { message: "x", all: true });
  assert.equal(result.messages, "fine");
  assert.ok((await Deno.stat(`${root}/ran`)).isFile);
});

gitTest(
  "git_commit explains who is missing, what is locked, what is in conflict and what is not there",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    await place.write(`${root}/a`, "two\n");
    const environment = { GIT_CONFIG_GLOBAL: "/dev/null", EMAIL: "" };
    await place.git(root, "config", "user.useConfigOnly", "true");
    const error = await rejects(commit(place, { message: "x", all: true }, { environment }), {
      message: /whose commit it is/,
    });
    assert.match(error.remedy ?? "", /user\.name/);
    await rejects(commit(place, { message: "x", paths: ["missing"] }), {
      message: /neither there nor tracked/,
    });
    await place.write(`${root}/.gitignore`, "ignored\n");
    await place.write(`${root}/ignored`, "");
    await rejects(commit(place, { message: "x", paths: ["ignored"] }), { message: /is ignored/ });
    await place.write(`${root}/.git/index.lock`, "");
    await rejects(commit(place, { message: "x", all: true }), { message: /locked by another git/ });
    await Deno.remove(`${root}/.git/index.lock`);
    await rejects(commit(place, { message: "x", all: true, paths: ["a"] }), {
      code: "bad_request",
      message: /only one may be/,
    });
    await place.git(root, "commit", "-qam", "main");
    await place.git(root, "checkout", "-q", "-b", "side", "HEAD~1");
    await place.write(`${root}/a`, "side\n");
    await place.git(root, "commit", "-qam", "side");
    await assert.rejects(place.git(root, "merge", "main"));
    await rejects(commit(place, { message: "x" }), { message: /conflicts that are not settled/ });
    await place.write(`${root}/a`, "both\n");
    await rejects(commit(place, { message: "x", paths: ["a"] }), { message: /in the middle of a merge/ });
    assert.equal((await commit(place, { message: "x" })).committed, true);
  },
);

gitTest("git_commit never opens an editor and never asks", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "two\n");
  await place.write(`${root}/template`, "from a template\n");
  await place.git(root, "config", "core.editor", "sleep 60");
  await place.git(root, "config", "commit.template", "template");
  await place.git(root, "config", "commit.verbose", "true");
  const environment = { EDITOR: "sleep 60", GIT_EDITOR: "sleep 60" };
  await commit(place, { message: "x", all: true, timeout_ms: 20_000 }, { environment });
  assert.equal(await place.git(root, "log", "-1", "--format=%B"), "x\n");
});
