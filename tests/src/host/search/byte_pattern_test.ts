import assert from "node:assert/strict";
import fc from "fast-check";
import { toBytePattern } from "../../../../src/host/search/byte_pattern.ts";
import { parseExpression } from "../../../../src/host/search/parse_expression.ts";
import { toSource } from "../../../../src/host/search/pattern.ts";
import { anyPattern } from "./any_pattern.ts";

/** What it writes is simple enough that JavaScript reads it alike, one character a byte. */
function matchesBytes(written: string, bytes: Uint8Array): boolean {
  return new RegExp(written.replace("(?-u)", "")).test(
    Array.from(bytes, (byte) => String.fromCharCode(byte)).join(""),
  );
}

Deno.test("toBytePattern() matches whatever the pattern matches, also in broken UTF-8", () => {
  const bytes = fc.array(
    fc.constantFrom(
      0x61,
      0x62,
      0x6b,
      0x4b,
      0x20,
      0xc3,
      0xa9,
      0x89,
      0xff,
      0xf0,
      0x9f,
      0x98,
      0x80,
      0xe2,
      0x84,
      0xaa,
    ),
    {
      maxLength: 14,
    },
  );
  fc.assert(
    fc.property(anyPattern(), bytes, fc.boolean(), (pattern, line, ignoresCase) => {
      const written = toBytePattern(pattern, ignoresCase);
      const raw = Uint8Array.from(line);
      const text = new TextDecoder().decode(raw);
      if (written === undefined || !new RegExp(toSource(pattern), ignoresCase ? "vi" : "v").test(text)) {
        return;
      }
      assert.ok(matchesBytes(written, raw), `${toSource(pattern)} -> ${written}`);
    }),
    { numRuns: 3000 },
  );
});

const WRITTEN: readonly (readonly [pattern: string, ignoresCase: boolean, written: string | undefined])[] = [
  ["ab", false, "(?-u)\\x61\\x62"],
  ["a", true, "(?-u)(?:[\\x41\\x61])"],
  ["k", true, "(?-u)(?:[\\x4b\\x6b]|[\\x80-\\xff]{1,4})"],
  ["é", false, "(?-u)\\xc3\\xa9"],
  ["\\bab\\b", false, "(?-u)\\x61\\x62"],
  ["a*", false, undefined],
  ["^$", false, undefined],
];

for (const [pattern, ignoresCase, written] of WRITTEN) {
  Deno.test(`toBytePattern() writes "${pattern}"${ignoresCase ? " in any case" : ""}`, () => {
    assert.equal(toBytePattern(parseExpression(pattern).pattern, ignoresCase), written);
  });
}

Deno.test("toBytePattern() writes ASCII alone, whatever the pattern, so that nothing can be taken for a second one", () => {
  fc.assert(fc.property(anyPattern(), fc.boolean(), (pattern, ignoresCase) => {
    assert.match(toBytePattern(pattern, ignoresCase) ?? "", /^[!-~]*$/);
  }));
});
