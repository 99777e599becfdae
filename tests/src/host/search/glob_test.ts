import assert from "node:assert/strict";
import fc from "fast-check";
import { minimatch } from "minimatch";
import { parseGlob } from "../../../../src/host/search/glob.ts";
import { Matcher } from "../../../../src/host/search/matcher.ts";

const matches = (glob: string, path: string) => new Matcher(parseGlob(glob)).test(path);

const CASES: readonly (readonly [glob: string, path: string, expected: boolean])[] = [
  ["*.ts", "a.ts", true],
  ["*.ts", "a/b.ts", false],
  ["*.ts", ".a.ts", true],
  ["**/*.ts", "a.ts", true],
  ["**/*.ts", "x/y/a.ts", true],
  ["a/**", "a/b/c", true],
  ["a/**", "a", false],
  ["a/**/b", "a/b", true],
  ["a/**/b", "a/x/y/b", true],
  ["a**b", "axxb", true],
  ["a**b", "ax/xb", false],
  ["?", "é", true],
  ["?", "😀", true],
  ["?", "/", false],
  ["[a-c]x", "bx", true],
  ["[!a-c]x", "bx", false],
  ["[^a-c]x", "dx", true],
  ["[!a]", "/", false],
  ["[]]", "]", true],
  ["[[:digit:]]*", "1a", true],
  ["{a,b}.ts", "b.ts", true],
  ["{a,b{c,d}}", "bd", true],
  ["{src,tests}/**/*.{ts,js}", "tests/x/y.js", true],
  ["{a}", "{a}", true],
  ["a,b", "a,b", true],
  ["\\*", "*", true],
  ["\\*", "a", false],
  ["a\nb", "a\nb", true],
  ["*", "a\nb", true],
  ["-rf", "-rf", true],
];

for (const [glob, path, expected] of CASES) {
  Deno.test(`parseGlob() ${expected ? "matches" : "does not match"} ${JSON.stringify(path)} by ${JSON.stringify(glob)}`, () => {
    assert.equal(matches(glob, path), expected);
  });
}

for (const glob of ["[a", "a\\", "[b-a]", "{a,".repeat(12) + "b" + "}".repeat(12), "{a,[}"]) {
  Deno.test(`parseGlob() refuses "${glob}"`, () => assert.throws(() => parseGlob(glob), SyntaxError));
}

Deno.test("parseGlob() matches what minimatch matches", () => {
  const part = fc.oneof(
    fc.constantFrom("a", "b", "ab", "*", "?", "a*", "*b", "[ab]", "[!a]", "{a,b}", "{a*,b}", "a?"),
    fc.constant("**"),
  );
  const glob = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
  const path = fc.array(fc.constantFrom("a", "b", "ab", "ba", "abc", ".a"), { minLength: 1, maxLength: 4 })
    .map((names) => names.join("/"));
  fc.assert(
    fc.property(glob, path, (pattern, name) => {
      assert.equal(
        matches(pattern, name),
        minimatch(name, pattern, { dot: true, nocomment: true, nonegate: true }),
        `${pattern} ${name}`,
      );
    }),
    { numRuns: 2000 },
  );
});

Deno.test("parseGlob() makes no pattern that takes for ever", () => {
  const path = "a".repeat(4000);
  for (
    const glob of [
      "*a".repeat(200) + "b",
      "**/".repeat(300) + "b",
      "{a,b}".repeat(190),
      "{a*,a*}".repeat(100) + "b",
    ]
  ) {
    assert.equal(matches(glob, path), false);
  }
});
