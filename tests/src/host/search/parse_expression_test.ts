import assert from "node:assert/strict";
import fc from "fast-check";
import { Matcher } from "../../../../src/host/search/matcher.ts";
import { parseExpression } from "../../../../src/host/search/parse_expression.ts";

const BOUNDS = { breathe: () => Promise.resolve(), isOver: () => false };

const MATCHES: readonly (readonly [pattern: string, text: string, column: number])[] = [
  ["foo", "a foo", 2],
  ["foo|bar", "a bar", 2],
  ["^a$", "a", 0],
  ["^a$", "ab", -1],
  ["a.c", "a\u2028c", 0],
  ["a{2}", "baa", 1],
  ["a{2,}", "baaa", 1],
  ["a{,2}", "a{,2}", 0],
  ["main() {", "int main {", 4],
  ["main\\(\\) {", "int main() {", 4],
  ["a+?b", "xaab", 1],
  ["(?:a|b)+c", "xabc", 1],
  ["(?<name>a)(?P<other>b)", "ab", 0],
  ["(?i)STRASSE", "strasse", 0],
  ["\\bfoo\\b", "foobar foo", 7],
  ["\\bÉté", "été Été", 4],
  ["\\Bo", "of oo", 4],
  ["\\d+", "x٣", 1],
  ["\\w", "-é", 1],
  ["\\W", "é-", 1],
  ["\\s", "a\u00a0", 1],
  ["[^\\s\\d]", " 1x", 2],
  ["[]a]", "]", 0],
  ["[^]a]", "]ab", 2],
  ["[a-]", "-", 0],
  ["[[:upper:]_]", "a_B", 1],
  ["[[:^digit:]]", "1x", 1],
  ["\\p{Greek}", "aλ", 1],
  ["\\pL", "1a", 1],
  ["\\P{L}", "a1", 1],
  ["\\x41\\u0042\\x{1F600}", "AB😀", 0],
  ["\\.\\*\\/\\-\\ ", "x.*/- ", 1],
  ["[\\w.-]+@", "a.b-c@d", 0],
  ["[&]", "&", 0],
];

for (const [pattern, text, column] of MATCHES) {
  Deno.test(`parseExpression() reads ${JSON.stringify(pattern)}`, async () => {
    const { pattern: tree, ignoresCase } = parseExpression(pattern);
    assert.equal(await new Matcher(tree, { ignoresCase }).find(text, BOUNDS), column);
  });
}

const REFUSED: readonly (readonly [pattern: string, reason: RegExp])[] = [
  ["(?=a)", /look-around/],
  ["(?<!a)b", /look-around/],
  ["(a)\\1", /references/],
  ["\\k<a>", /references/],
  ["a\\nb", /line by line|one by one/],
  ["\\x{a}", /line feed/],
  ["a**", /cannot be repeated/],
  ["a++", /cannot be repeated/],
  ["*a", /nothing before/],
  ["^*", /place/],
  ["(a", /not closed/],
  ["a)", /without its/],
  ["[a", /not closed/],
  ["[b-a]", /wrong order/],
  ["[a&&b]", /not supported/],
  ["[a[b]]", /class within a class/],
  ["[[:nope:]]", /not known/],
  ["\\p{Nope}", /not known/],
  ["\\x4", /number of a character/],
  ["\\u{110000}", /number of a character/],
  ["\\z", /not supported/],
  ["\\<", /\\b/],
  ["a{3,2}", /wrong order/],
  ["a{1001}", /more than 1000/],
  ["(?x)a", /supported/],
  ["a\\", /too early/],
  ["(".repeat(60) + ")".repeat(60), /within each other/],
];

for (const [pattern, reason] of REFUSED) {
  Deno.test(`parseExpression() refuses ${JSON.stringify(pattern.slice(0, 20))} and says why`, () => {
    assert.throws(() => parseExpression(pattern), (error: unknown) => {
      assert.ok(error instanceof SyntaxError);
      assert.match(error.message, reason);
      return true;
    });
  });
}

Deno.test("parseExpression() sees upper case in letters, not in escapes", () => {
  assert.equal(parseExpression("\\W\\D\\S\\B\\P{L}").hasUpperCase, false);
  assert.equal(parseExpression("[A-Z]").hasUpperCase, true);
  assert.equal(parseExpression("É").hasUpperCase, true);
});

Deno.test("parseExpression() reads any text, or refuses it with a SyntaxError; what it reads can be run", () => {
  const piece = fc.constantFrom(
    ..."ab()[]{}|*+?.^$\\-,:<>=!0123pPwsdnux&é😀".split(""),
    "(?:",
    "[^",
    "\\p{L}",
    "{1,3}",
  );
  fc.assert(
    fc.property(
      fc.array(piece, { maxLength: 20 }),
      fc.string({ unit: "grapheme", maxLength: 20 }),
      (pieces, text) => {
        let matcher: Matcher;
        try {
          matcher = new Matcher(parseExpression(pieces.join("")).pattern);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
          return;
        }
        matcher.test(text);
      },
    ),
    { numRuns: 2000 },
  );
});
