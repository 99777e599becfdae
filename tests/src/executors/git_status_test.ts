import assert from "node:assert/strict";
import { createGitStatus } from "../../../src/executors/git_status.ts";
import { gitStatus, type GitStatusParams } from "../../../src/protocol/operations/git_status.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function status(place: GitPlace, params: GitStatusParams, options: ContextOptions = {}) {
  const result = await createGitStatus({ home: place.folder })(params, place.context(options));
  return gitStatus.result.parse(result);
}

gitTest(
  "git_status tells of a clean repository, from any folder in it and by any way to name it",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    await Deno.mkdir(`${root}/sub/deep`, { recursive: true });
    const head = await place.git(root, "rev-parse", "HEAD");
    for (const path of [root, "repo", "~/repo", `${root}/sub/deep`, "~/repo/sub/../sub"]) {
      assert.deepEqual(await status(place, { path }), {
        root,
        branch: "main",
        head,
        upstream: null,
        ahead: null,
        behind: null,
        inProgress: null,
        stashes: 0,
        isShallow: false,
        clean: true,
        staged: [],
        unstaged: [],
        untracked: [],
        conflicted: [],
        counts: { staged: 0, unstaged: 0, untracked: 0, conflicted: 0 },
        truncated: false,
        invalidUtf8: false,
        notes: [],
      });
    }
  },
);

gitTest(
  "git_status lists what is staged, changed and new, renames with both names, also hostile ones",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    const hostile = "-x\n# branch.head evil\t\x1b[31m \u202e";
    await place.write(`${root}/${hostile}`, "some text that is long enough\nfor a rename\n");
    await place.git(root, "add", ".");
    await place.git(root, "commit", "-qm", "second");
    await place.git(root, "mv", "--", hostile, "-new\nname");
    await place.write(`${root}/a`, "two\n");
    await Deno.mkdir(`${root}/folder`);
    await place.write(`${root}/folder/b`, "");
    await Deno.writeFile(`${root}/c`, new Uint8Array());
    const result = await status(place, { path: root });
    assert.deepEqual(result.staged, [{ path: "-new\nname", from: hostile, change: "renamed" }]);
    assert.deepEqual(result.unstaged, [{ path: "a", change: "modified" }]);
    assert.deepEqual(result.untracked, ["c", "folder/"]);
    assert.deepEqual(result.counts, { staged: 1, unstaged: 1, untracked: 2, conflicted: 0 });
    assert.deepEqual((await status(place, { path: root, untracked: "all" })).untracked, ["c", "folder/b"]);
    const without = await status(place, { path: root, untracked: "no" });
    assert.deepEqual([without.untracked, without.notes], [[], ["Untracked files were not looked for"]]);
  },
);

gitTest("git_status counts all and lists 1000", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  for (let i = 0; i < 1100; i++) await place.write(`${root}/file${i}`, "");
  const result = await status(place, { path: root });
  assert.deepEqual([result.untracked.length, result.counts.untracked, result.truncated], [1000, 1100, true]);
});

gitTest("git_status tells how far branch and upstream are apart, and when the upstream is gone", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.makeRemote(root);
  await place.git(root, "commit", "-q", "--allow-empty", "-m", "second");
  const { upstream, ahead, behind } = await status(place, { path: root });
  assert.deepEqual([upstream, ahead, behind], ["origin/main", 1, 0]);
  await place.git(root, "update-ref", "-d", "refs/remotes/origin/main");
  const gone = await status(place, { path: root });
  assert.deepEqual([gone.upstream, gone.ahead, gone.behind], ["origin/main", null, null]);
});

gitTest(
  "git_status knows empty repositories, detached heads, stashes and branches that look like git's words",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    await place.write(`${root}/a`, "two\n");
    await place.git(root, "stash");
    await place.git(root, "checkout", "-q", "-b", "(detached)");
    const named = await status(place, { path: root });
    assert.deepEqual([named.branch, named.stashes], ["(detached)", 1]);
    await place.git(root, "checkout", "-q", "--detach");
    assert.equal((await status(place, { path: root })).branch, null);
    const empty = `${place.folder}/empty`;
    await place.git(place.folder, "init", "-q", empty);
    const { branch, head, clean } = await status(place, { path: empty });
    assert.deepEqual([branch, head, clean], ["main", null, true]);
  },
);

gitTest("git_status tells of a merge with conflicts", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "checkout", "-q", "-b", "other");
  await place.write(`${root}/a`, "other\n");
  await place.git(root, "commit", "-qam", "other");
  await place.git(root, "checkout", "-q", "main");
  await place.write(`${root}/a`, "main\n");
  await place.git(root, "commit", "-qam", "main");
  await assert.rejects(place.git(root, "merge", "other"));
  const result = await status(place, { path: root });
  assert.equal(result.inProgress, "merge");
  assert.deepEqual(result.conflicted, [{ path: "a", conflict: "both modified" }]);
});

gitTest("git_status works in linked working trees, submodules and shallow clones", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "commit", "-q", "--allow-empty", "-m", "second");
  await place.git(root, "worktree", "add", "-q", "-b", "side", `${place.folder}/side`);
  assert.equal((await status(place, { path: "side" })).branch, "side");
  const outer = await place.makeRepository("outer");
  await place.git(outer, "submodule", "--quiet", "add", root, "inner");
  assert.equal((await status(place, { path: "outer/inner" })).root, `${outer}/inner`);
  assert.equal((await status(place, { path: "outer" })).counts.staged, 2);
  await place.git(place.folder, "clone", "-q", "--depth=1", `file://${root}`, "shallow");
  assert.equal((await status(place, { path: "shallow" })).isShallow, true);
});

gitTest("git_status says why it cannot", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(place.folder, "init", "-q", "--bare", "bare.git");
  await Deno.mkdir(`${place.folder}/none`);
  await place.write(`${place.folder}/file`, "");
  for (
    const [path, message] of [
      ["none", /^Cannot read the git status in ".*none": the folder is not in a git repository/],
      ["missing", /there is no such folder$/],
      ["file", /it is not a folder$/],
      ["bare.git", /there is no working tree here/],
      ["repo/.git", /there is no working tree here/],
    ] as const
  ) await rejects(status(place, { path }), { message });
  await place.write(`${root}/.git/config`, "[core\n");
  await rejects(status(place, { path: root }), { message: /git cannot read the repository's configuration/ });
});

gitTest("git_status says that there is no git", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const environment = { PATH: place.folder };
  await rejects(status(place, { path: "repo" }, { environment }), {
    message: /git is not installed on this host/,
  });
});

gitTest("git_status is not sent elsewhere by the agent's environment", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const other = await place.makeRepository("other");
  const environment = {
    GIT_DIR: `${other}/.git`,
    GIT_WORK_TREE: other,
    GIT_INDEX_FILE: "/nowhere",
    GIT_TRACE: "1",
  };
  assert.equal((await status(place, { path: root }, { environment })).root, root);
});

gitTest("git_status explains a repository of another user", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const environment = { GIT_TEST_ASSUME_DIFFERENT_OWNER: "1" };
  // git's own switch for tests; it is no variable that reaches git from the agent's environment.
  const confine = (argv: readonly string[]): [string, ...string[]] => [
    "env",
    ...Object.entries(environment).map(([name, value]) => `${name}=${value}`),
    ...argv,
  ];
  const error = await rejects(status(place, { path: "repo" }, { confine }), {
    message: /belongs to another user/,
  });
  assert.match(error.remedy ?? "", /safe\.directory/);
});

gitTest("git_status ends git with the call and at its time", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const confine = (argv: readonly string[]): [string, ...string[]] => ["sh", "-c", "exec sleep 60", ...argv];
  await rejects(status(place, { path: "repo", timeout_ms: 50 }, { confine }), {
    code: "timed_out",
    message: /took longer than 50 ms/,
  });
  const controller = new AbortController();
  const work = status(place, { path: "repo" }, { confine, signal: controller.signal });
  controller.abort();
  await rejects(work, { code: "cancelled", message: /cancelled/ });
});
