import assert from "node:assert/strict";
import fc from "fast-check";
import { formatTarget, matchesTarget, parseTarget } from "../../../src/protocol/target.ts";
import {
  matchesExpression,
  type TargetExpression,
  termsOf,
} from "../../../src/protocol/target_expression.ts";
import { formatTerm } from "../../../src/protocol/target_term.ts";
import { someTarget, TARGET_HOSTS } from "../../helpers/sample_targets.ts";

const CANONICAL: readonly [string, string][] = [
  ["tag:web | tag:DB", "web,db"],
  ["((web))", "web"],
  ["(a | b) & c", "a,b & c"],
  ["(a | !b) & c", "(a | !b) & c"],
  ["a & (b & c)", "a & (b & c)"],
  ["(a & b) | c", "a & b | c"],
  ["a,(b & c)", "a | b & c"],
  ["a,(b & c) & d", "a,(b & c) & d"],
  ["all & 10%@X", "10%@x"],
  ["(a | b & c) & n:3", "a,(b & c) & n:3"],
  ["(a | !b) & n:3", "(a | !b) & n:3"],
  ["a & b & 5.50%", "a & b & 5.5%"],
];
for (const [text, expected] of CANONICAL) {
  Deno.test(`formatTarget() writes "${text}" as "${expected}"`, () =>
    assert.equal(formatTarget(parseTarget(text)), expected));
}

Deno.test("matchesExpression() means what the tree means, by the rules of logic alone", () => {
  fc.assert(fc.property(someTarget(), fc.constantFrom(...TARGET_HOSTS), (target, host) => {
    const holds = (expression: TargetExpression): boolean => {
      if (expression.kind === "not") return !holds(expression.operand);
      if (expression.kind === "and") return expression.operands.map(holds).reduce((a, b) => a && b);
      if (expression.kind === "or") return expression.operands.map(holds).reduce((a, b) => a || b);
      return matchesTarget(parseTarget(formatTerm(expression)), host);
    };
    assert.equal(matchesExpression(target.expression, host), holds(target.expression));
  }));
});

Deno.test("termsOf() walks over every term from left to right", () => {
  const { expression } = parseTarget("a & !(b,c | os:linux) | (name:x & a)");
  assert.deepEqual([...termsOf(expression)].map(formatTerm), ["a", "b", "c", "os:linux", "name:x", "a"]);
});
