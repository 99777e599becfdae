import assert from "node:assert/strict";
import { quoteWord, targetError, tokenizeTarget } from "../../../src/protocol/target_tokens.ts";

Deno.test("tokenizeTarget() cuts at operators and white space", () => {
  assert.deepEqual(tokenizeTarget(" web,db\t&\n!(x | 10%@a)").map(({ text, at }) => [text, at]), [
    ["web", 1],
    [",", 4],
    ["db", 5],
    ["&", 8],
    ["!", 10],
    ["(", 11],
    ["x", 12],
    ["|", 14],
    ["10%@a", 16],
    [")", 21],
  ]);
});

Deno.test("tokenizeTarget() keeps the class of a glob whole", () => {
  assert.deepEqual(tokenizeTarget("name:web-[!0,5]*,db").map(({ text }) => text), [
    "name:web-[!0,5]*",
    ",",
    "db",
  ]);
});

Deno.test("tokenizeTarget() finds nothing in white space", () =>
  assert.deepEqual(tokenizeTarget(" \t\n"), []));

Deno.test("targetError() shows the part of a long text round the place, on one line", () => {
  const text = `${"a".repeat(200)}\n${"b".repeat(200)}`;
  assert.equal(
    targetError(text, { at: 200, why: "it is so", hint: "do that" }).message,
    `Cannot read target "...${"a".repeat(40)}\\u{a}${"b".repeat(39)}...": it is so at character 201; do that`,
  );
});

Deno.test("quoteWord() cuts what is long and shows what cannot be seen", () => {
  assert.equal(quoteWord("a\x1b"), '"a\\u{1b}"');
  assert.equal(quoteWord("x".repeat(41)), `"${"x".repeat(40)}..."`);
});
