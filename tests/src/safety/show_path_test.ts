import assert from "node:assert/strict";
import fc from "fast-check";
import { showPath } from "../../../src/safety/show_path.ts";
import { anyText } from "../../helpers/any_text.ts";

const cases: [string, string][] = [
  ["/a b", '"/a b"'],
  ["a\nb", '"a\\u{a}b"'],
  ["\u202egpj", '"\\u{202e}gpj"'],
  ["\ud800", '"\\u{d800}"'],
  ["/ünï", '"/ünï"'],
];
for (const [path, expected] of cases) {
  Deno.test(`showPath() shows ${expected}`, () => assert.equal(showPath(path), expected));
}

Deno.test("showPath() leaves out the middle of a long path and says so", () => {
  const shown = showPath(`/begin/${"x".repeat(5000)}/end`);
  assert.ok(shown.length < 500);
  assert.match(shown, /^"\/begin\/x+\[4611 characters left out\]x+\/end"$/);
});

Deno.test("showPath() shows any text on one line, in well-formed text", () => {
  fc.assert(fc.property(anyText({ maxLength: 900 }), (path) => {
    const shown = showPath(path);
    assert.ok(!/[\p{Cc}\u2028\u2029]/u.test(shown) && shown.isWellFormed());
  }));
});
