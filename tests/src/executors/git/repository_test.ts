import assert from "node:assert/strict";
import { lineOf, openRepository } from "../../../../src/executors/git/repository.ts";
import { createPathGuard } from "../../../../src/executors/path_guard.ts";
import { gitPlace, gitTest, rejects } from "./_repositories.ts";

const options = (home: string) => ({ home, what: "look", timeoutMs: 30_000, isRead: true, needsTree: true });

gitTest("openRepository() finds the top folder from below it, also where names hold line feeds", async () => {
  await using place = await gitPlace();
  const name = "-odd\nname \x1b[31m";
  const root = await place.makeRepository(name);
  await Deno.mkdir(`${root}/a\nb`);
  const repository = await openRepository({ path: `./${name}/a\nb` }, place.context(), options(place.folder));
  assert.deepEqual([repository.root, repository.gitFolder], [root, `${root}/.git`]);
  assert.match(repository.what, /^look in "[^\p{Cc}]*"$/u);
});

gitTest("openRepository() starts git as the permit says, and with its environment alone", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const started: string[][] = [];
  const context = place.context({
    confine: (argv) => {
      started.push([...argv]);
      return ["env", "GIT_MARK=1", ...argv];
    },
    environment: { GIT_DIR: "/nowhere" },
  });
  const repository = await openRepository({ path: "repo" }, context, options(place.folder));
  const outcome = await repository.must({ args: ["rev-parse", "--show-prefix"] });
  assert.equal(lineOf(outcome), "");
  for (const argv of started.slice(1)) {
    assert.deepEqual(argv.slice(0, 4), ["git", "--no-pager", "--literal-pathspecs", "-C"]);
  }
});

gitTest("openRepository() gives all calls of an operation one time", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  await rejects(openRepository({ path: "repo", timeout_ms: 1 }, place.context(), options(place.folder)), {
    code: "timed_out",
    message: /took longer than 1 ms and was ended$/,
  });
});

gitTest("must() throws what git said, ask() leaves it to the caller", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const repository = await openRepository({ path: "repo" }, place.context(), options(place.folder));
  const command = { args: ["cat-file", "-e", "0".repeat(40)] };
  assert.notEqual((await repository.ask(command)).exitCode, 0);
  await rejects(repository.must(command), { message: /^Cannot look in ".*repo": / });
});

gitTest(
  "openRepository() refuses a working tree that the host keeps closed, wherever its git folder is",
  async () => {
    await using place = await gitPlace();
    const root = await place.makeRepository();
    const closed = `${place.folder}/closed`;
    await Deno.mkdir(closed);
    const guard = createPathGuard({
      rules: { allow: [], deny: [closed], own: [], ownSecrets: [] },
      system: { os: "linux", homes: [place.folder], isCaseInsensitive: false },
    });
    const open = () => openRepository({ path: "repo" }, place.context(), { ...options(place.folder), guard });
    assert.equal((await open()).root, root);
    await place.git(root, "config", "core.worktree", closed);
    await rejects(open(), { code: "refused", message: /closed/ });
  },
);

gitTest("openRepository() refuses a repository outside of the folders that the host opens", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const guard = createPathGuard({
    rules: { allow: [`${place.folder}/repo/inner`], deny: [], own: [], ownSecrets: [] },
    system: { os: "linux", homes: [place.folder], isCaseInsensitive: false },
  });
  await rejects(openRepository({ path: "repo" }, place.context(), { ...options(place.folder), guard }), {
    code: "refused",
    message: /may not be read/,
  });
});
