import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeText, encodeText, type TextEncoding } from "../../../src/executors/text_codec.ts";
import { wellFormedText } from "../../helpers/any_text.ts";

const ENCODINGS: readonly TextEncoding[] = ["utf-8", "utf-8-bom", "utf-16le", "utf-16be"];

Deno.test("decodeText() of encodeText() is the identity", () => {
  const texts = wellFormedText().map((text) => text.replaceAll("\0", ""));
  fc.assert(fc.property(texts, fc.constantFrom(...ENCODINGS), (text, encoding) => {
    // A text that begins with the mark itself cannot be told from one with a mark.
    fc.pre(!(text.startsWith("\ufeff") && encoding === "utf-8"));
    assert.deepEqual(decodeText(encodeText({ text, encoding })), { text, encoding });
  }));
});

Deno.test("what decodeText() takes comes back byte for byte, and it throws nothing but TypeError", () => {
  const marks = fc.constantFrom([], [0xef, 0xbb, 0xbf], [0xff, 0xfe], [0xfe, 0xff]);
  fc.assert(
    fc.property(marks, fc.uint8Array({ maxLength: 12 }), (mark, rest) => {
      const bytes = Uint8Array.from([...mark, ...rest]);
      let decoded;
      try {
        decoded = decodeText(bytes);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.deepEqual(encodeText(decoded), bytes);
    }),
    { numRuns: 1000 },
  );
});

const refused: readonly [string, number[], RegExp][] = [
  ["Latin-1", [0x61, 0xe4], /not valid UTF-8/],
  ["UTF-16 with half a unit", [0xff, 0xfe, 0x61], /begins like UTF-16LE/],
  ["UTF-16 with half a pair", [0xfe, 0xff, 0xd8, 0x00], /begins like UTF-16BE/],
  ["UTF-32", [0xff, 0xfe, 0, 0, 0x61, 0, 0, 0], /UTF-32/],
  ["null characters", [0x61, 0, 0x62, 0], /null characters/],
];
for (const [what, bytes, message] of refused) {
  Deno.test(`decodeText() refuses ${what}`, () => {
    assert.throws(() => decodeText(Uint8Array.from(bytes)), { name: "TypeError", message });
  });
}

Deno.test("encodeText() refuses half a surrogate pair", () => {
  for (const encoding of ENCODINGS) {
    assert.throws(() => encodeText({ text: "a\udc00", encoding }), /half a surrogate/);
  }
});
