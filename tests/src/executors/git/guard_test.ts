/**
 * What must never happen: in plan mode a repository's own configuration starts nothing. The judge is a file that each planted program
 * writes, and each attack is shown to work where nothing guards.
 */
import assert from "node:assert/strict";
import { createGitDiff } from "../../../../src/executors/git_diff.ts";
import { createGitLog } from "../../../../src/executors/git_log.ts";
import { createGitStatus } from "../../../../src/executors/git_status.ts";
import {
  cannotGuard,
  findFilters,
  guardedEnvironment,
  switchedOff,
} from "../../../../src/executors/git/guard.ts";
import type { GitOutcome } from "../../../../src/executors/git/run_git.ts";
import { type ContextOptions, type GitPlace, gitPlace, gitTest, rejects } from "./_repositories.ts";

/** A repository that is out to start the program `$RUN`, with what a plain git command on it does. */
interface Attack {
  readonly name: string;
  readonly plant: (place: GitPlace, root: string, run: string) => Promise<void>;
  /** A command of git's that starts the program; absent where git itself is careful enough. */
  readonly proof?: readonly string[];
}

const set = (...pairs: readonly (readonly [string, string])[]) =>
async (
  place: GitPlace,
  root: string,
  run: string,
) => {
  for (const [key, value] of pairs) {
    await place.git(root, "config", key, value.replaceAll("$RUN", run).replaceAll("$ROOT", root));
  }
};

/** Replaces the configuration's tail, for what `git config` does not write. */
const append = (text: string) => async (_place: GitPlace, root: string, run: string) => {
  const more = text.replaceAll("$RUN", run).replaceAll("$ROOT", root);
  await Deno.writeTextFile(`${root}/.git/config`, `\n${more}\n`, { append: true });
};

const hook = async (_place: GitPlace, root: string, run: string) => {
  for (const name of ["post-index-change", "post-checkout", "reference-transaction", "fsmonitor-watchman"]) {
    await Deno.copyFile(run, `${root}/.git/hooks/${name}`);
    await Deno.chmod(`${root}/.git/hooks/${name}`, 0o755);
  }
};

const ATTACKS: readonly Attack[] = [
  { name: "core.fsmonitor", plant: set(["core.fsmonitor", "$RUN"]), proof: ["status"] },
  { name: "hooks", plant: hook, proof: ["status"] },
  {
    name: "core.hooksPath",
    plant: async (place, root, run) => {
      await Deno.mkdir(`${root}/hooks`);
      await Deno.copyFile(run, `${root}/hooks/post-index-change`);
      await place.git(root, "config", "core.hooksPath", `${root}/hooks`);
    },
    proof: ["status"],
  },
  { name: "a text conversion", plant: set(["diff.evil.textconv", "$RUN"]), proof: ["diff"] },
  { name: "a driver's own command", plant: set(["diff.evil.command", "$RUN"]), proof: ["diff"] },
  { name: "an external diff", plant: set(["diff.external", "$RUN"]), proof: ["diff"] },
  { name: "a clean filter", plant: set(["filter.evil.clean", "$RUN"]), proof: ["status"] },
  {
    name: "a clean filter that is required",
    plant: set(["filter.evil.clean", "$RUN"], ["filter.evil.required", "true"]),
    proof: ["diff"],
  },
  { name: "a filter process", plant: set(["filter.evil.process", "$RUN"]), proof: ["status"] },
  {
    name: "a filter with an odd name",
    plant: async (place, root, run) => {
      await append('[filter "a=b\' .c\\"d"]\n\tclean = $RUN')(place, root, run);
      await place.write(`${root}/.gitattributes`, "* filter=a=b'\n");
      await append('[filter "a=b\'"]\n\tclean = $RUN')(place, root, run);
    },
    proof: ["status"],
  },
  {
    name: "a filter in an included file",
    plant: async (place, root, run) => {
      await place.write(`${root}/more`, `[filter "evil"]\n\tclean = ${run}\n`);
      await place.git(root, "config", "include.path", "../more");
    },
    proof: ["status"],
  },
  {
    name: "a filter in a file that is included for this folder",
    plant: async (place, root, run) => {
      await place.write(`${root}/more`, `[filter "evil"]\n\tclean = ${run}\n`);
      await place.git(root, "config", `includeIf.gitdir:${root}/.path`, "../more");
    },
    proof: ["status"],
  },
  {
    name: "a filter in the configuration of the working tree",
    plant: async (place, root, run) => {
      await place.git(root, "config", "extensions.worktreeConfig", "true");
      await place.git(root, "config", "--worktree", "filter.evil.clean", run);
    },
    proof: ["status"],
  },
  {
    name: "a submodule with a filter that insists on being looked at",
    plant: async (place, root, run) => {
      const inner = await place.makeRepository("inner");
      await place.git(root, "submodule", "--quiet", "add", inner, "module");
      await place.git(root, "config", "-f", ".gitmodules", "submodule.module.ignore", "none");
      await place.git(root, "config", "submodule.module.ignore", "none");
      await place.git(`${root}/module`, "config", "filter.evil.clean", run);
      await place.write(`${root}/module/.gitattributes`, "* filter=evil\n");
      await place.write(`${root}/module/a`, "two\n");
    },
    proof: ["status"],
  },
  {
    name: "a missing object and a remote to fetch it from",
    plant: async (place, root, run) => {
      await place.git(root, "config", "core.repositoryFormatVersion", "1");
      await place.git(root, "config", "extensions.partialClone", "origin");
      await place.git(root, "config", "remote.origin.promisor", "true");
      await place.git(root, "config", "remote.origin.url", root);
      await place.git(root, "config", "remote.origin.uploadpack", run);
      const blob = await place.git(root, "rev-parse", "HEAD:a");
      await Deno.remove(`${root}/.git/objects/${blob.slice(0, 2)}/${blob.slice(2)}`);
    },
    proof: ["diff"],
  },
  {
    name: "signatures to check, pagers, editors, aliases, ssh, credentials",
    plant: set(
      ["log.showSignature", "true"],
      ["gpg.program", "$RUN"],
      ["core.pager", "$RUN"],
      ["pager.log", "$RUN"],
      ["core.editor", "$RUN"],
      ["alias.status", "!$RUN"],
      ["alias.log", "!$RUN"],
      ["core.sshCommand", "$RUN"],
      ["core.askPass", "$RUN"],
      ["credential.helper", "!$RUN"],
      ["core.alternateRefsCommand", "$RUN"],
      ["interactive.diffFilter", "$RUN"],
      ["trailer.x.command", "$RUN"],
      ["protocol.ext.allow", "always"],
      ["remote.origin.url", "ext::$RUN"],
    ),
  },
];

async function plant({ plant: put }: Attack, place: GitPlace) {
  const root = await place.makeRepository();
  const run = `${place.folder}/run`;
  const canary = `${place.folder}/canary`;
  await Deno.writeTextFile(run, `#!/bin/sh\necho "$0 $*" >> ${canary}\ncat "$1" 2>/dev/null\nexit 0\n`, {
    mode: 0o755,
  });
  await place.write(`${root}/.gitattributes`, "* diff=evil filter=evil\n");
  await place.git(root, "add", ".");
  await place.git(root, "commit", "-qm", "attributes");
  await put(place, root, run);
  // Same size, so that only the content tells that it is another.
  await place.write(`${root}/a`, "two\n");
  await Deno.remove(canary).catch(() => {}); // Planting may have run it.
  const hasRun = () => Deno.remove(canary).then(() => true, () => false);
  return { root, hasRun };
}

async function readAll(place: GitPlace, options: ContextOptions): Promise<PromiseSettledResult<unknown>[]> {
  const git = { home: place.folder };
  const context = place.context(options);
  const results: PromiseSettledResult<unknown>[] = [];
  for (
    const read of [
      () => createGitStatus(git)({ path: "repo", untracked: "all" }, context),
      () => createGitDiff(git)({ path: "repo" }, context),
      () => createGitDiff(git)({ path: "repo", staged: true }, context),
      () => createGitDiff(git)({ path: "repo", from: "HEAD~1" }, context),
      () => createGitDiff(git)({ path: "repo", from: "HEAD~1", to: "HEAD" }, context),
      () => createGitLog(git)({ path: "repo", stats: true, all: true }, context),
    ]
  ) results.push(...await Promise.allSettled([read()]));
  return results;
}

for (const attack of ATTACKS) {
  gitTest(`plan mode starts nothing for ${attack.name}`, async () => {
    await using place = await gitPlace();
    const { root, hasRun } = await plant(attack, place);
    await readAll(place, { mode: "plan" });
    assert.equal(await hasRun(), false, "a program was started");
    if (attack.proof === undefined) return;
    await place.git(root, ...attack.proof).catch(() => {}); // Whether git itself succeeds does not matter.
    assert.equal(await hasRun(), true, "the attack does not work, so nothing was shown");
  });
}

gitTest("plan mode reads a repository with filters and says what it did not do", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.git(root, "config", "filter.lfs.process", "git-lfs filter-process");
  await place.git(root, "config", "filter.lfs.required", "true");
  await place.write(`${root}/.gitattributes`, "*.bin filter=lfs\n");
  await place.write(`${root}/x.bin`, "x\n");
  const result = await createGitStatus({ home: place.folder })(
    { path: "repo" },
    place.context({ mode: "plan" }),
  );
  assert.deepEqual(result.untracked, [".gitattributes", "x.bin"]);
  assert.match(result.notes[0] ?? "", /In plan mode the filters "lfs" do not run/);
});

gitTest("edit mode runs what the user configured", async () => {
  await using place = await gitPlace();
  const [attack] = ATTACKS;
  assert.ok(attack);
  const { hasRun } = await plant(attack, place);
  await readAll(place, { mode: "edit" });
  assert.equal(await hasRun(), true);
});

gitTest("plan mode writes nothing, not even the index", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.write(`${root}/a`, "one\n");
  await Deno.utime(`${root}/a`, 1_000_000, 1_000_000);
  const before = await Deno.readFile(`${root}/.git/index`);
  const diff = await createGitDiff({ home: place.folder })({ path: "repo" }, place.context({ mode: "plan" }));
  assert.deepEqual([diff.fileCount, diff.files, diff.patch], [0, [], ""]);
  await readAll(place, { mode: "plan" });
  assert.deepEqual(await Deno.readFile(`${root}/.git/index`), before);
});

gitTest("plan mode opens a bare repository only in a sandbox", async () => {
  await using place = await gitPlace();
  const root = await place.makeRepository();
  await place.makeRemote(root);
  const log = (options: ContextOptions) =>
    createGitLog({ home: place.folder })({ path: "remote.git" }, place.context({ mode: "plan", ...options }));
  await rejects(log({}), { code: "refused", message: /bare repository/ });
  assert.equal((await log({ confine: (argv) => ["env", ...argv] })).commits.length, 1);
});

const output = { head: "", tail: "", bytes: 0, truncated: false, invalidUtf8: false };
const answered = (exitCode: number): GitOutcome => ({
  exitCode,
  stdout: output,
  stderr: output,
  invalidUtf8: false,
  wasStopped: false,
});

Deno.test("findFilters() names each driver that runs something, by the value that counts", async () => {
  const run =
    (records: readonly string[], exitCode = 0) => (command: { onRecord?: (record: string) => void }) => {
      for (const record of records) command.onRecord?.(record);
      return Promise.resolve(answered(exitCode));
    };
  const records = [
    "filter.a.clean\nx",
    "filter.a.process\ny",
    "filter.B.c.smudge\nx\ny",
    "filter.off.clean\nx",
    "filter.off.clean\n",
  ];
  assert.deepEqual(await findFilters(run(records), "read"), ["a", "B.c"]);
  assert.deepEqual(await findFilters(run([], 1), "read"), []);
  await rejects(findFilters(run([], 128), "read"), { message: /^Cannot read: / });
});

Deno.test("switchedOff() empties every program of a driver and does not insist on it", () => {
  assert.deepEqual(switchedOff("x"), [
    ["filter.x.clean", ""],
    ["filter.x.smudge", ""],
    ["filter.x.process", ""],
    ["filter.x.required", "false"],
  ]);
});

Deno.test("cannotGuard() names filters without letting them fake lines", () => {
  assert.match(cannotGuard("read", ["a\nb"]).message, /"a\\u\{a\}b"/);
});

Deno.test("guardedEnvironment() allows bare repositories on top of what is set", () => {
  assert.deepEqual(guardedEnvironment({ GIT_CONFIG_PARAMETERS: "'a=b'" }, false), {
    GIT_CONFIG_PARAMETERS: "'a=b'",
  });
  assert.deepEqual(guardedEnvironment({ GIT_CONFIG_PARAMETERS: "'a=b'" }, true), {
    GIT_CONFIG_PARAMETERS: "'a=b' 'safe.bareRepository=all'",
  });
});
