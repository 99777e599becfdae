import assert from "node:assert/strict";
import { createGitLog } from "../../../src/executors/git_log.ts";
import { gitLog, type GitLogParams } from "../../../src/protocol/operations/git_log.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./git/_repositories.ts";

async function log(place: GitPlace, params: GitLogParams, options: ContextOptions = {}) {
  return gitLog.result.parse(await createGitLog({ home: place.folder })(params, place.context(options)));
}

const subjects = async (place: GitPlace, params: Omit<GitLogParams, "path">) =>
  (await log(place, { path: "repo", ...params })).commits.map(({ subject }) => subject);

gitTest("git_log lists commits with their message, people, parents and refs", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(
    root,
    ...["-c", "user.name=Someone", "commit", "-q", "--allow-empty", "--author", "Ada [x] <ada@example.org>"],
    ...["--date=2026-05-01T10:00:00+02:00", "-m", "Subject line", "-m", "Body\nof two lines"],
  );
  await place.git(root, "tag", "v1");
  const { commits: [commit, first], nextSkip, head } = await log(place, { path: root });
  assert.equal(commit?.hash, head);
  assert.equal(nextSkip, null);
  assert.deepEqual(commit?.parents, [first?.hash]);
  assert.deepEqual(commit?.refs, ["HEAD", "main", "tag v1"]);
  assert.deepEqual(commit?.author, {
    name: "Ada [x]",
    email: "ada@example.org",
    date: "2026-05-01T10:00:00+02:00",
  });
  assert.equal(commit?.committer.name, "Someone");
  assert.deepEqual([commit?.subject, commit?.body], ["Subject line", "Body\nof two lines"]);
  assert.equal(commit?.stats, undefined);
});

gitTest("git_log pages, to the same end whatever the size of a page", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  for (const message of ["2", "3", "4", "5"]) {
    await place.git(root, "commit", "-q", "--allow-empty", "-m", message);
  }
  for (const limit of [1, 2, 3, 5, 9]) {
    const seen: string[] = [];
    let skip: number | null = 0;
    while (skip !== null) {
      const { commits, nextSkip } = await log(place, { path: root, limit, skip });
      seen.push(...commits.map(({ subject }) => subject));
      skip = nextSkip;
    }
    assert.deepEqual(seen, ["5", "4", "3", "2", "first"]);
  }
});

gitTest("git_log takes ranges, filters and all branches", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "checkout", "-q", "-b", "side");
  await place.write(`${root}/-b`, "b\n");
  await place.git(root, "add", ".");
  await place.git(
    root,
    "commit",
    "-qm",
    "Side (x)",
    "--author=Ada.L <ada@example.org>",
    "--date=2020-01-01T12:00:00Z",
  );
  await place.git(root, "checkout", "-q", "main");
  await place.git(root, "commit", "-q", "--allow-empty", "-m", "main");
  const cases: readonly [Omit<GitLogParams, "path">, readonly string[]][] = [
    [{}, ["main", "first"]],
    [{ revision: "main..side" }, ["Side (x)"]],
    [{ revision: "..side" }, ["Side (x)"]],
    [{ revision: "side.." }, ["main"]],
    [{ revision: "main...side" }, ["main", "Side (x)"]],
    [{ revision: "side", author: "ada.l" }, ["Side (x)"]],
    [{ revision: "side", author: "ada?l" }, []],
    [{ revision: "side", message: "side (X)" }, ["Side (x)"]],
    [{ revision: "side", message: "--all" }, []],
    [{ revision: "side", paths: ["-b"] }, ["Side (x)"]],
    [{ revision: "side", paths: ["*b"] }, []],
    [{ since: "2 days ago" }, ["main", "first"]],
    [{ until: "2001-01-01" }, []],
  ];
  for (const [params, expected] of cases) {
    assert.deepEqual((await subjects(place, params)).toSorted(), expected.toSorted(), JSON.stringify(params));
  }
  assert.deepEqual((await subjects(place, { all: true })).toSorted(), ["Side (x)", "first", "main"]);
});

gitTest("git_log adds the changed files, of a merge against its first parent", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "checkout", "-q", "-b", "side");
  await place.git(root, "mv", "a", "new\nname");
  await place.write(`${root}/b`, "1\n2\n");
  await place.git(root, "add", ".");
  await place.git(root, "commit", "-qm", "side");
  await place.git(root, "checkout", "-q", "main");
  await place.git(root, "commit", "-q", "--allow-empty", "-m", "empty");
  await place.git(root, "merge", "-q", "--no-edit", "side");
  const { commits } = await log(place, { path: root, stats: true });
  const bySubject = new Map(commits.map(({ subject, stats }) => [subject, stats]));
  const changed = { fileCount: 2, added: 2, removed: 0, files: ["b", "new\nname"] };
  assert.deepEqual(bySubject.get("side"), changed);
  assert.deepEqual(bySubject.get("Merge branch 'side'"), changed);
  assert.deepEqual(bySubject.get("empty"), { fileCount: 0, added: 0, removed: 0, files: [] });
  assert.deepEqual(bySubject.get("first"), { fileCount: 1, added: 1, removed: 0, files: ["a"] });
});

gitTest("git_log reads bare and empty repositories and marks shallow ones", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const remote = await place.makeRemote(root);
  await place.git(root, "commit", "-q", "--allow-empty", "-m", "second");
  const bare = await log(place, { path: remote });
  assert.deepEqual([bare.root, bare.commits.length], [remote, 1]);
  await place.git(place.folder, "init", "-q", "empty");
  const { commits, head } = await log(place, { path: "empty" });
  assert.deepEqual([commits, head], [[], null]);
  assert.deepEqual((await log(place, { path: "empty", all: true })).commits, []);
  await place.git(place.folder, "clone", "-q", "--depth=1", `file://${root}`, "shallow");
  assert.match((await log(place, { path: "shallow" })).notes[0] ?? "", /shallow/);
});

gitTest("git_log cuts a message that is too long and reads names that are not UTF-8", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/message`, `${"long ".repeat(4000)}\n`);
  await place.git(root, "commit", "-q", "--allow-empty", "-F", "message");
  const { commits: [commit] } = await log(place, { path: root });
  assert.deepEqual([commit?.subject.length, commit?.messageTruncated], [8 * 1024, true]);
  const object = new TextEncoder().encode(
    `tree ${await place.git(
      root,
      "rev-parse",
      "HEAD^{tree}",
    )}\nauthor ? <a@b> 1 +0000\ncommitter c <a@b> 1 +0000\n\n? x\n`,
  ).map((byte) => byte === 0x3f ? 0xff : byte);
  await Deno.writeFile(`${root}/object`, object);
  const hash = await place.git(root, "hash-object", "-t", "commit", "-w", "--literally", "object");
  const odd = await log(place, { path: root, revision: hash });
  assert.deepEqual([odd.invalidUtf8, odd.commits[0]?.author.name, odd.commits[0]?.subject], [
    true,
    "\ufffd",
    "\ufffd x",
  ]);
});

gitTest("git_log says what is wrong with what it is asked", async () => {
  await using place = await gitPlace();
  await place.makeRepository();
  const bad = { code: "bad_request" as const };
  await rejects(log(place, { path: "repo", revision: "x..HEAD" }), {
    ...bad,
    message: /there is no commit "x"$/,
  });
  await rejects(log(place, { path: "repo", revision: "HEAD", all: true }), {
    ...bad,
    message: /only one may be/,
  });
});
