import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createPermits, type PermitsOptions } from "../../../src/executors/permits.ts";
import type { Confinement } from "../../../src/host/sandbox/sandbox.ts";
import type { Mode } from "../../../src/protocol/mode.ts";
import { runParams } from "./_parts.ts";

const WALLS = { hidden: ["/home/ada/.ssh/id"], readOnly: ["/home/ada/agent"], writable: ["/srv"] };

/** Permits with a sandbox that shows its confinement, unless there is none. */
function permits({ hasSandbox = true, ...more }: Partial<PermitsOptions> & { hasSandbox?: boolean } = {}) {
  const sandbox = {
    name: "bubblewrap" as const,
    confine: (argv: readonly string[], confinement: Confinement): [string, ...string[]] => [
      JSON.stringify(confinement),
      ...argv,
    ],
  };
  return createPermits({
    platform: { family: "linux", shell: "/bin/bash" },
    home: "/home/ada",
    sandbox: () => Promise.resolve(hasSandbox ? sandbox : undefined),
    rules: [],
    walls: () => WALLS,
    programsOfGit: () => Promise.resolve([]),
    environment: () => ({ PATH: "/bin", LD_PRELOAD: "/evil.so", REMOTE_AGENTS_TOKEN: "secret" }),
    ...more,
  });
}

const strict = (grants: readonly string[], temporary: string) =>
  JSON.stringify({ kind: "strict", grants, temporary, hidden: WALLS.hidden });
const GUARDED = JSON.stringify({ kind: "guarded", ...WALLS });

const commands:
  readonly (readonly [Mode, command: string, decision: string, confinement: string | undefined])[] = [
    ["plan", "ls -la", "allow", strict([], "readable")],
    ["plan", "ps aux", "allow", strict(["host-processes"], "readable")],
    ["plan", "make", "isolate", strict([], "private")],
    ["edit", "make", "allow", GUARDED],
    ["bypass", "make", "allow", undefined],
  ];
for (const [mode, command, decision, confinement] of commands) {
  Deno.test(`permit() of "${command}" in ${mode} mode: ${decision}, with its limits`, async () => {
    const permit = await permits().permit("exec", { command }, mode);
    assert.deepEqual([permit.decision, permit.mode], [decision, mode]);
    assert.deepEqual(permit.confine(["x"]), confinement === undefined ? ["x"] : [confinement, "x"]);
    assert.equal(permit.environment["REMOTE_AGENTS_TOKEN"], undefined);
    assert.equal(permit.environment["LD_PRELOAD"], mode === "plan" ? undefined : "/evil.so");
  });
}

Deno.test("permit() judges the command of part_run as that of exec", async () => {
  const step = (command: string, mode: Mode) =>
    permits().permit("part_run", { ...runParams(command), cwd: "/srv" }, mode)
      .then(({ decision, confine }) => [decision, confine(["x"])[0]], (error: OperationError) => error.rule);
  assert.deepEqual(await step("sort", "plan"), ["allow", strict([], "readable")]);
  assert.deepEqual(await step("make", "plan"), ["isolate", strict([], "private")]);
  assert.deepEqual(await step("make", "edit"), ["allow", GUARDED]);
  assert.equal(await step("rm -rf /", "bypass"), "remove-great-folder");
  assert.equal(await step("ls", "disabled"), "mode-disabled");
});

Deno.test("permit() of what only reads in plan mode holds what it starts in strict isolation", async () => {
  const permit = await permits().permit("git_status", { path: "r" }, "plan");
  assert.deepEqual(permit.confine(["git"]), [strict([], "readable"), "git"]);
});

const refusals: readonly (readonly [Mode, command: string, rule: string])[] = [
  ["plan", "rm -rf /", "remove-great-folder"],
  ["bypass", "rm -rf /", "remove-great-folder"],
  ["disabled", "ls", "mode-disabled"],
];
for (const [mode, command, rule] of refusals) {
  Deno.test(`permit() refuses "${command}" in ${mode} mode by ${rule}`, async () => {
    await assert.rejects(permits().permit("exec", { command }, mode), (error) => {
      assert.ok(error instanceof OperationError);
      assert.deepEqual([error.code, error.rule], ["refused", rule]);
      return true;
    });
  });
}

Deno.test("without a sandbox, plan mode runs only what is known to read, and not where git would start programs", async () => {
  const asked: unknown[] = [];
  const alone = permits({
    hasSandbox: false,
    programsOfGit: (folders) => {
      asked.push(folders);
      return Promise.resolve(folders.includes("/evil") ? ["diff.external"] : []);
    },
  });
  const rule = (command: string, cwd?: string) =>
    alone.permit("exec", { command, ...(cwd === undefined ? {} : { cwd }) }, "plan")
      .then(({ rule }) => rule, (error: OperationError) => `refused by ${error.rule}`);
  assert.equal(await rule("ls"), "known");
  assert.deepEqual(asked, []);
  assert.match(await rule("make"), /^refused by /);
  assert.equal(await rule("git status", "/good"), "known");
  assert.equal(await rule("git -C ../evil diff", "/good"), "refused by git-config-program");
  assert.deepEqual(asked, [["/good"], ["/evil"]]);
});

Deno.test("permit() asks for no sandbox in bypass", async () => {
  const free = permits({ sandbox: () => Promise.reject(new Error("there is none to be had")) });
  assert.equal((await free.permit("exec", { command: "make" }, "bypass")).rule, "mode-bypass");
});
