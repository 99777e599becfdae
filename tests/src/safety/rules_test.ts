import assert from "node:assert/strict";
import { PolicyRule, ruleApplies } from "../../../src/safety/rules.ts";
import { type Arg, literalArg } from "../../../src/safety/shell_words.ts";

const OPEN: Arg = { text: "$X", exact: false, many: true, start: "", pieces: [] };

function rule(args: readonly string[] | undefined, decision: "allow" | "refuse" = "allow"): PolicyRule {
  return {
    program: "tool",
    decision,
    match: ["tool"],
    not_match: ["other"],
    ...(args === undefined ? {} : { args: [...args] }),
  };
}

const cases:
  readonly (readonly [args: readonly string[] | undefined, words: readonly string[], applies: boolean])[] = [
    [undefined, ["tool"], true],
    [undefined, ["tool", "-x"], true],
    [undefined, ["/usr/bin/tool"], true],
    [undefined, ["other"], false],
    [[], ["tool"], true],
    [[], ["tool", "x"], false],
    [["status"], ["tool", "status"], true],
    [["status"], ["tool", "status", "x"], false],
    [["status", "*"], ["tool", "status", "x"], true],
    [["status", "*"], ["tool", "status", "-x"], false],
    [["status", "*"], ["tool", "status"], false],
    [["status", "-*"], ["tool", "status", "-x"], true],
    [["status", "**"], ["tool", "status"], true],
    [["status", "**"], ["tool", "status", "a", "b"], true],
    [["status", "**"], ["tool", "status", "a", "-b"], false],
    [["--name=*"], ["tool", "--name=x"], true],
    [["a*b*c"], ["tool", "aXbYc"], true],
    [["a*b*c"], ["tool", "abX"], false],
    [["a*a"], ["tool", "a"], false],
  ];
for (const [args, words, applies] of cases) {
  Deno.test(`ruleApplies() ${applies ? "applies" : "does not apply"} ${JSON.stringify(args)} to ${JSON.stringify(words)}`, () => {
    assert.equal(ruleApplies(rule(args), words.map(literalArg)), applies);
  });
}

Deno.test("ruleApplies() lets an open word stop what allows and not what refuses", () => {
  assert.equal(ruleApplies(rule(["x"]), [literalArg("tool"), OPEN]), false);
  assert.equal(ruleApplies(rule(["x"], "refuse"), [literalArg("tool"), OPEN]), true);
});

Deno.test("PolicyRule wants a plain name and examples both ways", () => {
  const good = { program: "tool", decision: "allow", match: ["tool"], not_match: ["x"] };
  assert.ok(PolicyRule.safeParse(good).success);
  for (
    const change of [
      { program: "a/b" },
      { program: "" },
      { match: [] },
      { not_match: [] },
      { decision: "x" },
      { args: [""] },
      { more: 1 },
    ]
  ) {
    assert.ok(!PolicyRule.safeParse({ ...good, ...change }).success, JSON.stringify(change));
  }
});
