import assert from "node:assert/strict";
import fc from "fast-check";
import { plainLine, plainLines, plainLineWithTabs } from "../../../src/protocol/plain_line.ts";
import { anyText } from "../../helpers/any_text.ts";

const CASES: readonly [string, string][] = [
  ["feature/login ä 漢 😀", "feature/login ä 漢 😀"],
  ["a\nb\tc\r", "a\\u{a}b\\u{9}c\\u{d}"],
  ["\x1b[31m\x9b", "\\u{1b}[31m\\u{9b}"],
  ["\u202egpj.exe\u2028\ufeff", "\\u{202e}gpj.exe\\u{2028}\\u{feff}"],
  ["\ud800", "\\u{d800}"],
];
for (const [text, expected] of CASES) {
  Deno.test(`plainLine() shows ${JSON.stringify(text)} as ${expected}`, () =>
    assert.equal(plainLine(text), expected));
}

Deno.test("plainLine() leaves nothing that steers, fakes a line or is no character", () => {
  fc.assert(fc.property(anyText(), (text) => {
    assert.doesNotMatch(plainLine(text), /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
    assert.ok(plainLine(text).isWellFormed());
  }));
});

Deno.test("plainLines() keeps line feeds and tabs and nothing else", () => {
  assert.equal(plainLines("a\n\tb\r\n\x1b"), "a\n\tb\\u{d}\n\\u{1b}");
});

Deno.test("plainLineWithTabs() keeps tabs and nothing else", () => {
  assert.equal(plainLineWithTabs("a\n\tb\r\n\x1b"), "a\\u{a}\tb\\u{d}\\u{a}\\u{1b}");
});
