import assert from "node:assert/strict";
import { applyPatch } from "diff";
import fc from "fast-check";
import { diffAgainst } from "../../../src/fleet/fold_diff.ts";

const lines = (count: number, change: (line: string, index: number) => string = (line) => line) =>
  Array.from({ length: count }, (_, i) => change(`this is line ${i}`, i)).join("\n");

Deno.test("diffAgainst() shows the line that differs, with one around it", () => {
  const odd = lines(10, (line, i) => i === 5 ? "an odd line" : line);
  assert.equal(
    diffAgainst(lines(10), odd),
    "@@ -5,3 +5,3 @@\n this is line 4\n-this is line 5\n+an odd line\n this is line 6",
  );
});

const without: readonly (readonly [string, string, string])[] = [
  ["equal texts", "a\nb", "a\nb"],
  ["texts with more different lines than common ones", "a\nb\nc", "a\nx\ny"],
  ["a difference that is longer than the text", "a\nb\nc", "a\nb\nd"],
  ["an empty text", "a\nb", ""],
  ["one huge line", "x".repeat(100_000), `${"x".repeat(100_000)}y`],
  ["too many lines", "a\n".repeat(2_000), "a\n".repeat(1_999)],
];
for (const [what, usual, odd] of without) {
  Deno.test(`diffAgainst() has none for ${what}`, () => assert.equal(diffAgainst(usual, odd), undefined));
}

Deno.test("diffAgainst() leads from one text to the other", () => {
  const change = fc.array(fc.tuple(fc.nat(29), fc.constantFrom("", "x", "y\nz")), { maxLength: 5 });
  fc.assert(fc.property(change, (changes) => {
    const odd = lines(30, (line, i) => new Map(changes).get(i) ?? line);
    const diff = diffAgainst(lines(30), odd);
    if (diff === undefined) return;
    assert.ok(diff.length < odd.length);
    assert.equal(applyPatch(`${lines(30)}\n`, `--- a\n+++ b\n${diff}\n`), `${odd}\n`);
  }));
});
