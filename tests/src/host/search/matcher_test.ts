import assert from "node:assert/strict";
import { Matcher } from "../../../../src/host/search/matcher.ts";
import { parseExpression } from "../../../../src/host/search/parse_expression.ts";
import { literal, wholeWord } from "../../../../src/host/search/pattern.ts";

const BOUNDS = { breathe: () => Promise.resolve(), isOver: () => false };

const matcher = (text: string, ignoresCase = false) =>
  new Matcher(parseExpression(text).pattern, { ignoresCase });

Deno.test("Matcher.find() finds the same by either way", async () => {
  for (const text of ["foo.*bar", "\\w+\\s*=", "é", "(a|b)+c"]) {
    const line = `${"x ".repeat(40)}é foo = abab bar abc`;
    const long = `${line}${" ".repeat(200_000)}`;
    const found = await matcher(text).find(line, BOUNDS);
    assert.equal(await matcher(text).find(long, BOUNDS), found, text);
  }
});

Deno.test("Matcher.find() breathes in a long search, and ends with what that throws", async () => {
  const found = matcher("(x+x+)+y").find("x".repeat(100_000), {
    ...BOUNDS,
    breathe: () => Promise.reject(new Error("enough")),
  });
  await assert.rejects(async () => await found, /enough/);
});

Deno.test("Matcher.find() leaves patterns that may backtrack for ever to the machine", () => {
  for (const text of ["(a+)+b", "(a|a)*b", "(a|ab)(c|bcd)(d*)*"]) {
    assert.equal(matcher(text).quickUnits, 0, text);
  }
  assert.ok(matcher("a.*b").quickUnits > 1000);
  assert.ok(matcher("a.*b").quickUnits < 10_000);
  assert.ok(matcher("abc").quickUnits > 1_000_000);
});

const NEEDED: readonly (readonly [pattern: string, ignoresCase: boolean, needed: string])[] = [
  ["foo\\d+bar", false, "foo"],
  ["(?:foo)+bar", false, "foo"],
  ["(?:foo)*bar", false, "bar"],
  ["a|b", false, ""],
  ["\\bword\\b", false, "word"],
  ["foo", true, ""],
  ["foo == bar", true, " == "],
];

for (const [pattern, ignoresCase, needed] of NEEDED) {
  Deno.test(`Matcher.needed of "${pattern}"${ignoresCase ? " in any case" : ""} is "${needed}"`, () => {
    assert.equal(matcher(pattern, ignoresCase).needed, needed);
  });
}

Deno.test("Matcher.test() holds words to Unicode's idea of them", () => {
  const word = new Matcher(wholeWord(literal("t")));
  assert.deepEqual(["t", "été", "a-t-b", "_t", "t1"].map((text) => word.test(text)), [
    true,
    false,
    true,
    false,
    false,
  ]);
});

Deno.test("Matcher.find() sees no place within a character", async () => {
  assert.equal(await matcher("\\B").find("a😀a", BOUNDS), -1);
  assert.equal(matcher("\\B").test("a😀a"), false);
});

Deno.test("Matcher.find() ends when the time is over", async () => {
  let asked = 0;
  const isOver = () => ++asked > 2;
  assert.equal(await matcher("(x+x+)+y").find(`${"x".repeat(1_000_000)}y`, { ...BOUNDS, isOver }), -1);
  assert.equal(asked, 3);
});
