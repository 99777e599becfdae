import assert from "node:assert/strict";
import fc from "fast-check";
import { cutLine, cutMiddle, estimateTokens, largestFitting } from "../../../src/fleet/fold_budget.ts";
import { plainLine, plainLines } from "../../../src/protocol/plain_line.ts";
import { anyText } from "../../helpers/any_text.ts";

const estimates: readonly (readonly [string, number])[] = [
  ["", 0],
  ["a", 1],
  ["a".repeat(35), 10],
  ["ä", 1],
  ["日本語", 3],
  ["😀😀", 2],
  ["\ud800", 1],
  ["a".repeat(7) + "ä", 3],
];
for (const [text, tokens] of estimates) {
  Deno.test(`estimateTokens() takes "${text.toWellFormed()}" for ${tokens}`, () => {
    assert.equal(estimateTokens(text), tokens);
  });
}

Deno.test("cutMiddle() shows a text that fits as it is", () => {
  assert.deepEqual(cutMiddle("one\ntwo", 10), { text: "one\ntwo", omittedCharacters: 0 });
});

Deno.test("cutMiddle() keeps the first and the last lines", () => {
  const lines = Array.from({ length: 100 }, (_, i) => `line ${String(i).padStart(2, "0")}`);
  const cut = cutMiddle(lines.join("\n"), 40);
  assert.match(cut.text, /^line 00\nline 01(\nline \d\d)*$/);
  assert.match(cut.end ?? "", /^line \d\d(\nline \d\d)*\nline 99$/);
});

Deno.test("cutMiddle() leaves out everything for no tokens", () => {
  assert.deepEqual(cutMiddle("abc", 0), { text: "", omittedCharacters: 3 });
});

Deno.test("cutMiddle() keeps to its tokens, counts what it leaves out and splits no character", () => {
  const texts = fc.oneof(
    anyText({ maxLength: 400 }),
    fc.lorem({ maxCount: 80 }),
    fc.constant("😀".repeat(99)),
  );
  fc.assert(fc.property(texts, fc.nat(100), (text, tokens) => {
    const { text: head, end = "", omittedCharacters } = cutMiddle(text, tokens);
    assert.ok(estimateTokens(head + end) <= tokens + 1);
    assert.ok(`${head}${end}`.isWellFormed());
    if (omittedCharacters === 0) return assert.equal(head, plainLines(text));
    assert.ok(plainLines(text).startsWith(head) && plainLines(text).endsWith(end));
    const shown = plainLines(text).length - head.length - end.length;
    // What is left out is counted before its control characters are written as codes; a line feed may be at the cut.
    assert.ok(omittedCharacters <= shown && omittedCharacters > 0);
  }));
});

Deno.test("cutMiddle() looks at the ends of a huge line only", () => {
  const { text, end = "", omittedCharacters } = cutMiddle("x".repeat(10 * 1024 * 1024), 100);
  assert.equal(text.length + end.length + omittedCharacters, 10 * 1024 * 1024);
  assert.equal(text.length, end.length);
});

Deno.test("cutLine() shows one line within its tokens", () => {
  assert.equal(cutLine("a\nb", 10), "a\\u{a}b");
  fc.assert(fc.property(anyText({ maxLength: 200 }), fc.integer({ min: 8, max: 60 }), (text, tokens) => {
    const line = cutLine(text, tokens);
    assert.equal(plainLine(line), line);
    assert.ok(estimateTokens(line) <= tokens + 1);
    if (line !== plainLine(text)) assert.ok(line.endsWith("[...]"));
  }));
});

Deno.test("largestFitting() finds the largest that fits", () => {
  fc.assert(fc.property(fc.nat(1000), fc.nat(1000), (limit, most) => {
    const found = largestFitting({ least: 0, most, fits: (value) => value <= limit });
    assert.equal(found, Math.min(limit, most));
  }));
  assert.equal(largestFitting({ least: 3, most: 9, fits: () => false }), 3);
});
