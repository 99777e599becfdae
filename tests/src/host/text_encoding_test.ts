import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import {
  characterStart,
  decodeText,
  detectEncoding,
  type TextEncoding,
  unfinishedBytes,
  unitBytes,
} from "../../../src/host/text_encoding.ts";
import { wellFormedText } from "../../helpers/any_text.ts";

const raw = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

const cases: [string, Uint8Array<ArrayBuffer>, TextEncoding | undefined, number][] = [
  ["nothing", raw(""), "utf-8", 0],
  ["ASCII", raw("hello\r\n"), "utf-8", 0],
  ["UTF-8", new TextEncoder().encode("né 𝄞"), "utf-8", 0],
  ["UTF-8 with a mark", raw("\xef\xbb\xbfa"), "utf-8", 3],
  ["UTF-16 with a mark", raw("\xff\xfea\0"), "utf-16le", 2],
  ["big UTF-16 with a mark", raw("\xfe\xff\0a"), "utf-16be", 2],
  ["UTF-32 with a mark", raw("\xff\xfe\0\0a\0\0\0"), undefined, 0],
  ["UTF-16 without a mark", raw("h\0e\0l\0l\0o\0"), "utf-16le", 0],
  ["big UTF-16 without a mark", raw("\0h\0e\0l\0l\0o"), "utf-16be", 0],
  ["Latin text", raw("caf\xe9 au lait"), "windows-1252", 0],
  ["zeros among letters", raw("abc\0def\0\0gh"), undefined, 0],
  ["control characters", raw("\x01\x02\x03abc\x04"), undefined, 0],
  ["overlong UTF-8", raw("\xc0\xafx"), "windows-1252", 0],
  ["half of a pair in UTF-8", raw("\xed\xa0\x80"), "windows-1252", 0],
  ["a log with one broken byte", raw("\xc3\xa9\xc3\xa9\xc3\xa9\xff"), "utf-8", 0],
];
for (const [name, bytes, encoding, bomBytes] of cases) {
  Deno.test(`detectEncoding() takes ${name} for ${encoding ?? "no text"}`, () => {
    const detected = detectEncoding(bytes, true);
    assert.deepEqual([detected.encoding, detected.bomBytes], [encoding, bomBytes]);
  });
}

Deno.test("detectEncoding() forgives a character that the sample cuts, unless the file ends there", () => {
  const cut = new TextEncoder().encode("ab𝄞").slice(0, -1);
  assert.equal(detectEncoding(cut, false).encoding, "utf-8");
  assert.equal(detectEncoding(cut, true).encoding, "windows-1252");
});

Deno.test("detectEncoding() takes every text in UTF-8 for UTF-8", () => {
  fc.assert(fc.property(wellFormedText(), (text) => {
    // deno-lint-ignore no-control-regex -- control characters make it no text
    const plain = text.replaceAll(/[\x00-\x1f\x7f\ufeff]/g, "");
    assert.equal(detectEncoding(new TextEncoder().encode(plain), true).encoding, "utf-8");
  }));
});

for (const encoding of ["utf-8", "utf-16le"] as const) {
  Deno.test(`characterStart() and unfinishedBytes() cut ${encoding} only between characters`, () => {
    fc.assert(fc.property(wellFormedText(), fc.nat(60), (text, end) => {
      const bytes = Uint8Array.from(Buffer.from(text, encoding));
      const at = characterStart(bytes, Math.min(end, bytes.length), encoding);
      assert.ok(at <= end && at > Math.min(end, bytes.length) - 4);
      const halves = [bytes.subarray(0, at), bytes.subarray(at)].map((half) => decodeText(half, encoding));
      assert.deepEqual([halves.map((half) => half.text).join(""), halves.some((half) => half.isBroken)], [
        text,
        false,
      ]);
      const part = bytes.subarray(0, end);
      assert.equal(
        decodeText(part.subarray(0, part.length - unfinishedBytes(part, encoding)), encoding).isBroken,
        false,
      );
    }));
  });
}

Deno.test("decodeText() never throws and says what is broken", () => {
  assert.deepEqual(decodeText(raw("a\xff"), "utf-8"), { text: "a\ufffd", isBroken: true });
  assert.deepEqual(decodeText(raw("\x80\xe9"), "windows-1252"), { text: "€é", isBroken: false });
  assert.deepEqual(decodeText(raw("\x80\xe9"), "latin1"), { text: "\x80é", isBroken: false });
  assert.deepEqual(["utf-8", "utf-16be"].map((encoding) => unitBytes(encoding as TextEncoding)), [1, 2]); // Both are names of the type.
});
