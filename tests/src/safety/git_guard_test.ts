import assert from "node:assert/strict";
import {
  GIT_GUARD_DIFF_OPTIONS,
  GIT_GUARD_ENVIRONMENT,
  programsInGitConfig,
} from "../../../src/safety/git_guard.ts";

const hasGit = await new Deno.Command("git", { args: ["--version"], stdout: "null" }).output().then(
  ({ success }) => success,
  () => false,
);

interface Evil {
  readonly setting: string;
  readonly args: readonly string[];
  /** What stops it besides the environment. */
  readonly also?: readonly string[];
}

/** What commands that only read start when a repository tells them to. `RUN` stands for the program. */
const EVILS: readonly Evil[] = [
  { setting: "core.fsmonitor=RUN", args: ["status"] },
  { setting: "core.hooksPath=HOOKS", args: ["status"] },
  { setting: "core.pager=RUN", args: ["-p", "log"] },
  { setting: "diff.external=RUN", args: ["diff"], also: GIT_GUARD_DIFF_OPTIONS },
  { setting: "diff.evil.textconv=RUN", args: ["diff"], also: GIT_GUARD_DIFF_OPTIONS },
  { setting: "diff.evil.command=RUN", args: ["diff"], also: GIT_GUARD_DIFF_OPTIONS },
];

for (const { setting, args, also } of EVILS) {
  Deno.test({
    name: `the guard keeps "git ${args.join(" ")}" from what ${setting} starts`,
    ignore: !hasGit,
    fn: async () => {
      const root = await Deno.makeTempDir({ prefix: "guard-" });
      try {
        const git = async (words: readonly string[], env: Readonly<Record<string, string>> = {}) => {
          await new Deno.Command("git", {
            args: [...words],
            cwd: `${root}/repo`,
            env: { HOME: root, PATH: Deno.env.get("PATH") ?? "", GIT_CONFIG_NOSYSTEM: "1", ...env },
            clearEnv: true,
            stdin: "null",
            stdout: "null",
            stderr: "null",
          }).output();
        };
        const script = `#!/bin/sh\necho ran >> ${root}/ran\ncat "$1" 2>/dev/null\nexit 0\n`;
        await Deno.mkdir(`${root}/repo`);
        await Deno.mkdir(`${root}/hooks`);
        await Deno.writeTextFile(`${root}/run`, script, { mode: 0o755 });
        await Deno.writeTextFile(`${root}/hooks/post-index-change`, script, { mode: 0o755 });
        await git(["init", "-q"]);
        await Deno.writeTextFile(`${root}/repo/f`, "a\n");
        await Deno.writeTextFile(`${root}/repo/.gitattributes`, "* diff=evil\n");
        await git(["add", "."]);
        await git(["-c", "user.name=x", "-c", "user.email=x@example.com", "commit", "-qm", "x"]);
        const [key = "", value = ""] = setting.replace("RUN", `${root}/run`).replace("HOOKS", `${root}/hooks`)
          .split("=");
        await git(["config", key, value]);
        const touch = () => Deno.writeTextFile(`${root}/repo/f`, `b${Math.random()}\n`);
        const hasRun = () => Deno.remove(`${root}/ran`).then(() => true, () => false);

        await touch();
        await hasRun();
        await git(args, { GIT_PAGER_IN_USE: "1" });
        const isDangerous = await hasRun();
        // Some need a terminal or a newer git; where nothing starts there is nothing to guard against.
        if (!/pager|hooksPath/.test(setting)) {
          assert.ok(isDangerous, "the attack does not work, so the guard is not tested");
        }

        await touch();
        await git([...args, ...(also ?? [])], GIT_GUARD_ENVIRONMENT);
        assert.equal(await hasRun(), false);
        if (also !== undefined) {
          assert.deepEqual(programsInGitConfig([key.toLowerCase()]), [key.toLowerCase()]);
        }
      } finally {
        await Deno.remove(root, { recursive: true });
      }
    },
  });
}

Deno.test("programsInGitConfig() finds drivers and included files and leaves the rest alone", () => {
  const names = [
    "filter.lfs.clean",
    "filter.x.process",
    "diff.x.textconv",
    "diff.external",
    "include.path",
    "includeif.gitdir:~/x.path",
  ];
  assert.deepEqual(
    programsInGitConfig([...names, "user.name", "core.editor", "remote.origin.url", "diff.tool"]),
    names,
  );
});
