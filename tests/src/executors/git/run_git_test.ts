import assert from "node:assert/strict";
import { noGit, runGit } from "../../../../src/executors/git/run_git.ts";
import { gitPlace, gitTest, rejects } from "./_repositories.ts";

const call = (timeoutMs = 30_000) => ({
  what: "look",
  permit: { confine: (argv: readonly [string, ...string[]]) => argv },
  signal: new AbortController().signal,
  timeoutMs,
  deadline: performance.now() + timeoutMs,
});

gitTest("runGit() gives git its input and returns its code and outputs", async () => {
  await using place = await gitPlace();
  const common = { folder: place.folder, environment: place.environment };
  const good = await runGit(call(), { ...common, args: ["hash-object", "--stdin"], stdin: "" });
  assert.deepEqual([good.exitCode, good.stdout.head], [0, "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391\n"]);
  const bad = await runGit(call(), { ...common, args: ["nonsense"] });
  assert.notEqual(bad.exitCode, 0);
  assert.match(bad.stderr.head, /nonsense/);
});

gitTest("runGit() hands records on, and ends git when it has written enough", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "line\n".repeat(400_000));
  await place.git(root, "commit", "-qam", "long");
  const common = { folder: root, environment: place.environment };
  const records: string[] = [];
  const listed = await runGit(call(), {
    ...common,
    args: ["ls-files", "-z"],
    onRecord: (record) => void records.push(record),
  });
  assert.deepEqual([records, listed.stdout.bytes], [["a"], 0]);
  const stopped = await runGit(call(), { ...common, args: ["show", "HEAD:a"], stopAfterBytes: 1000 });
  assert.deepEqual([stopped.wasStopped, stopped.stdout.head.length], [true, 1000]);
});

gitTest("runGit() hands on what a reader of records throws", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  const work = runGit(call(), {
    args: ["ls-files", "-z"],
    folder: root,
    environment: place.environment,
    onRecord: () => {
      throw new SyntaxError("bad");
    },
  });
  await assert.rejects(work, SyntaxError);
});

gitTest("runGit() starts nothing when the time is over", async () => {
  await using place = await gitPlace();
  const late = { ...call(), deadline: performance.now() - 1 };
  const command = { args: ["version"], folder: place.folder, environment: place.environment };
  await rejects(runGit(late, command), { code: "timed_out", message: /took longer/ });
});

Deno.test("noGit() says what to do", () => {
  const error = noGit({ what: "look" });
  assert.equal(error.message, "Cannot look: git is not installed on this host");
  assert.match(error.remedy ?? "", /Install git/);
});
