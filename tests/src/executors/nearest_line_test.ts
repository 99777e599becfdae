import assert from "node:assert/strict";
import fc from "fast-check";
import { describeNearest } from "../../../src/executors/nearest_line.ts";
import { anyText } from "../../helpers/any_text.ts";

const cases: readonly [string, string, string, RegExp | undefined][] = [
  [
    "a tab for blanks",
    "x\n\tfoo( 1 )\n",
    "    foo( 1 )",
    /^line 2 differs only in white space.*"\\tfoo\( 1 \)"$/,
  ],
  ["a block with other indentation", "a\n  b\n  c\nd", "b\nc", /^lines 2 to 3 differ only in white space/],
  ["empty lines around it", "a\nb\n", "\n\n  b\n\n", /^line 2 differs only/],
  ["a part of a line", "let x =  1;\n", "x = 1", /^line 1 has it with other white space: "let x = {2}1;"$/],
  ["a first line that goes on differently", "a\nfoo()\nbar()\n", "foo()\nbaz()", /first line is in line 2/],
  ["a similar line", "one\nfunction total(a)\n", "function totel(a)", /most similar line is 2/],
  ["nothing alike", "one\ntwo\n", "quite something else", undefined],
  ["white space alone", "a\nb", " \n ", undefined],
  ["an empty file", "", "x", undefined],
  ["a very long line", `${"a b".repeat(1000)}`, "a ba ba ba ba b  a", /its first 200 of 3000 characters|^/],
];
for (const [what, text, wanted, expected] of cases) {
  Deno.test(`describeNearest() tells of ${what}`, () => {
    const found = describeNearest(text, wanted);
    if (expected === undefined) assert.equal(found, undefined);
    else assert.match(found ?? "", expected);
  });
}

Deno.test("describeNearest() is a short line whatever the texts are", () => {
  fc.assert(fc.property(anyText({ maxLength: 60 }), anyText({ maxLength: 20 }), (text, wanted) => {
    const found = describeNearest(text, wanted) ?? "";
    assert.ok(found.length < 2_000 && !found.includes("\n") && found.isWellFormed());
  }));
});

Deno.test("describeNearest() is done with a large file of long lines", () => {
  const text = Array.from({ length: 40_000 }, (_, at) => `${at} ${"x".repeat(300)}`).join("\n");
  assert.match(describeNearest(text, `17 ${"x".repeat(250)}y`) ?? "", /most similar line/);
});
