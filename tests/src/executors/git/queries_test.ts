import assert from "node:assert/strict";
import {
  changesBetween,
  currentBranch,
  DIFF_OPTIONS,
  requireCommit,
  resolveCommit,
} from "../../../../src/executors/git/queries.ts";
import { openRepository } from "../../../../src/executors/git/repository.ts";
import { GIT_GUARD_DIFF_OPTIONS } from "../../../../src/safety/git_guard.ts";
import { type GitPlace, gitPlace, gitTest, rejects } from "./_repositories.ts";

const open = (place: GitPlace) =>
  openRepository({ path: "repo" }, place.context(), {
    home: place.folder,
    what: "look",
    timeoutMs: 30_000,
    isRead: true,
    needsTree: true,
  });

gitTest("resolveCommit() takes one commit by any name and nothing else", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "tag", "-a", "-m", "x", "v1");
  const head = await place.git(root, "rev-parse", "HEAD");
  const repository = await open(place);
  for (const name of ["HEAD", "main", "v1", head.slice(0, 8), "@"]) {
    assert.equal(await resolveCommit(repository, name), head);
  }
  for (const name of ["--all", "-n1", "HEAD:a", "HEAD^{tree}", "main..v1", "^main", "nothing", ""]) {
    assert.equal(await resolveCommit(repository, name), null, name);
  }
  await rejects(requireCommit(repository, "a\nb"), {
    code: "bad_request",
    message: /no commit "a\\u\{a\}b"$/,
  });
  assert.equal(await currentBranch(repository), "main");
});

gitTest("changesBetween() compares with another commit or with nothing", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const first = await place.git(root, "rev-parse", "HEAD");
  await place.git(root, "mv", "a", "b");
  await place.git(root, "commit", "-qm", "second");
  const to = await place.git(root, "rev-parse", "HEAD");
  const repository = await open(place);
  const renamed = await changesBetween(repository, { from: first, to });
  assert.deepEqual(renamed.changes.files, [{
    path: "b",
    from: "a",
    change: "renamed",
    added: 0,
    removed: 0,
  }]);
  assert.equal((await changesBetween(repository, { from: null, to })).changes.fileCount, 1);
});

Deno.test("DIFF_OPTIONS hold all that guard differences", () => {
  for (const option of GIT_GUARD_DIFF_OPTIONS) assert.ok(DIFF_OPTIONS.includes(option));
});
