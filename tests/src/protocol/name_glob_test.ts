import assert from "node:assert/strict";
import fc from "fast-check";
import { matchesGlob, MAX_GLOB_CHARACTERS, problemOfGlob } from "../../../src/protocol/name_glob.ts";
import { anyText } from "../../helpers/any_text.ts";

const MATCHES: readonly [string, string, boolean][] = [
  ["web-1", "web-1", true],
  ["web-1", "web-10", false],
  ["web-1", "WEB-1", false],
  ["*", "anything", true],
  ["web-*", "web-", true],
  ["web-*", "xweb-1", false],
  ["*-1", "web-1-1", true],
  ["*b*1*", "web-10", true],
  ["w?b", "web", true],
  ["w?b", "wb", false],
  ["web-[1-3]", "web-2", true],
  ["web-[1-3]", "web-4", false],
  ["web-[!1-3]", "web-4", true],
  ["web-[^1-3]", "web-3", false],
  ["web-[ac-]", "web--", true],
  ["a.b", "axb", false],
  ["***", "", true],
];
for (const [glob, name, expected] of MATCHES) {
  Deno.test(`matchesGlob() says that "${glob}" ${expected ? "means" : "does not mean"} "${name}"`, () => {
    assert.equal(problemOfGlob(glob), undefined);
    assert.equal(matchesGlob(glob, name), expected);
  });
}

for (
  const glob of [
    "web/1",
    "a b",
    "[",
    "[]",
    "[!]",
    "web-[1-40]",
    "web-[1,3]",
    "web-[10-12]",
    "{a,b}",
    "é",
    "a".repeat(129),
  ]
) {
  Deno.test(`problemOfGlob() refuses "${glob.slice(0, 20)}"`, () => assert.ok(problemOfGlob(glob)));
}

Deno.test("matchesGlob() agrees with a regular expression of the same meaning", () => {
  const unit = fc.constantFrom("a", "b", "-", "*", "?", "[ab]", "[!a]", "[a-b]");
  const globs = fc.array(unit, { maxLength: 8 }).map((units) => units.join(""));
  fc.assert(fc.property(globs, fc.stringMatching(/^[ab-]{0,8}$/), (glob, name) => {
    assert.equal(problemOfGlob(glob), undefined);
    const pattern = glob.replaceAll("[!", "[^").replaceAll("*", ".*").replaceAll("?", ".");
    assert.equal(matchesGlob(glob, name), new RegExp(`^${pattern}$`).test(name));
  }));
});

Deno.test("problemOfGlob() and matchesGlob() end on any text", () => {
  fc.assert(fc.property(anyText(), anyText(), (glob, name) => {
    problemOfGlob(glob);
    matchesGlob(glob, name);
  }));
});

Deno.test("matchesGlob() takes no more than the product of both lengths on a hostile glob", () => {
  const glob = `${"*a".repeat(MAX_GLOB_CHARACTERS / 2 - 1)}*b`;
  for (let i = 0; i < 1000; i++) assert.equal(matchesGlob(glob, "a".repeat(64)), false);
});
