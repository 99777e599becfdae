import assert from "node:assert/strict";
import type { Mode } from "../../../src/protocol/mode.ts";
import { explainCommand } from "../../../src/safety/explain.ts";
import type { PolicyRule } from "../../../src/safety/rules.ts";

const RULES: readonly PolicyRule[] = [{
  program: "docker",
  decision: "refuse",
  match: ["docker ps"],
  not_match: ["ls"],
}];

const cases:
  readonly (readonly [command: string, mode: Mode, sandbox: boolean, decision: string, rule: string])[] = [
    ["ls", "plan", true, "allow", "known"],
    ["ls", "plan", false, "allow", "known"],
    ["frobnicate", "plan", true, "isolate", "unknown-program"],
    ["frobnicate", "plan", false, "refuse", "unknown-program"],
    ["ls > f", "plan", true, "isolate", "redirection"],
    ["frobnicate", "edit", true, "allow", "mode-edit"],
    ["frobnicate", "bypass", false, "allow", "mode-bypass"],
    ["ls", "disabled", true, "refuse", "mode-disabled"],
    ["rm -rf /", "plan", true, "refuse", "remove-great-folder"],
    ["rm -rf /", "edit", true, "refuse", "remove-great-folder"],
    ["rm -rf /", "bypass", true, "refuse", "remove-great-folder"],
    ["docker ps", "plan", true, "refuse", "config-rule-1"],
    ["docker ps", "edit", true, "refuse", "config-rule-1"],
    ["docker ps", "bypass", true, "allow", "mode-bypass"],
  ];
for (const [command, mode, sandbox, decision, rule] of cases) {
  Deno.test(`explainCommand() says ${decision} to "${command}" in ${mode} mode ${sandbox ? "with" : "without"} a sandbox`, () => {
    const result = explainCommand({ command }, { mode, sandbox, os: "linux", homes: [], rules: RULES });
    assert.deepEqual([result.decision, result.rule], [decision, rule]);
    assert.match(result.reason, decision === "refuse" ? /^Cannot run / : /^(?:Allowed|Isolated): /);
    assert.doesNotMatch(result.reason, /\.$/);
    // A model is told who can change it and where, never to do it.
    if (result.remedy !== undefined) {
      assert.match(result.remedy, /^Only the host's owner can .* do not try to /);
    }
  });
}

Deno.test("explainCommand() passes on what a known command needs", () => {
  const result = explainCommand({ command: "ps aux; git -C a log" }, {
    mode: "plan",
    sandbox: true,
    os: "linux",
    homes: [],
  });
  assert.deepEqual(result.grants, ["host-processes"]);
  assert.deepEqual(result.repositories, ["a"]);
  assert.deepEqual(result.programs.map(({ program }) => program), ["ps", "git"]);
});

Deno.test("explainCommand() grants nothing to what it isolates", () => {
  const result = explainCommand({ command: "ps aux; frobnicate" }, {
    mode: "plan",
    sandbox: true,
    os: "linux",
    homes: [],
  });
  assert.equal(result.decision, "isolate");
  assert.deepEqual(result.grants, []);
});
