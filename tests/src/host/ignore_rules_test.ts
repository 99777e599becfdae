import assert from "node:assert/strict";
import fc from "fast-check";
import { parseIgnoreRules, type Verdict } from "../../../src/host/ignore_rules.ts";

const CASES: readonly (readonly [rules: string, path: string, isFolder: boolean, expected: Verdict])[] = [
  ["a", "a", false, "ignore"],
  ["a", "x/a", false, "ignore"],
  ["/a", "x/a", false, undefined],
  ["x/a", "x/a", false, "ignore"],
  ["x/a", "y/x/a", false, undefined],
  ["a/", "a", false, undefined],
  ["a/", "x/a", true, "ignore"],
  ["*.log\n!keep.log", "keep.log", false, "keep"],
  ["!keep.log\n*.log", "keep.log", false, "ignore"],
  ["#a", "#a", false, undefined],
  ["\\#a", "#a", false, "ignore"],
  ["\\!a", "!a", false, "ignore"],
  ["a  ", "a", false, "ignore"],
  ["a\\ ", "a ", false, "ignore"],
  ["**/a", "x/y/a", false, "ignore"],
  ["a/**", "a/b", false, "ignore"],
  ["a/**", "a", true, undefined],
  ["a/**/b", "a/b", false, "ignore"],
  ["[ab]", "b", false, "ignore"],
  ["[a", "[a", false, undefined],
  ["{a,b}", "a", false, undefined],
  ["{a,b}", "{a,b}", false, "ignore"],
  ["a\r\nb\r\n", "a", false, "ignore"],
  ["\uFEFFa", "a", false, "ignore"],
  ["\n \n", " ", false, undefined],
  ["/", "a", true, undefined],
];

for (const [rules, path, isFolder, expected] of CASES) {
  Deno.test(`parseIgnoreRules() says ${expected} of ${path}${isFolder ? "/" : ""} by ${JSON.stringify(rules)}`, () => {
    assert.equal(parseIgnoreRules(rules).verdict(path, isFolder), expected);
  });
}

Deno.test("parseIgnoreRules() says that it left rules out", () => {
  assert.equal(parseIgnoreRules("a\n".repeat(1999)).isCut, false);
  assert.equal(parseIgnoreRules("a\n".repeat(3000)).isCut, true);
  assert.equal(parseIgnoreRules("a".repeat(2000)).isCut, true);
});

Deno.test("parseIgnoreRules() reads any text", () => {
  fc.assert(fc.property(fc.string({ unit: fc.constantFrom(..."ab*?[]!#/\\{} \n\t-^é") }), (text) => {
    parseIgnoreRules(text).verdict("a/b", false);
  }));
});
