import assert from "node:assert/strict";
import fc from "fast-check";
import { shareRoom, textPage } from "../../../src/jobs/text_page.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { wellFormedText } from "../../helpers/any_text.ts";

Deno.test("textPage() gives a text whole, however it is cut into stretches", () => {
  fc.assert(fc.property(wellFormedText(), fc.integer({ min: 4, max: 9 }), (text, step) => {
    const bytes = utf8(text);
    let read = "";
    for (let at = 0; at < bytes.length;) {
      const page = textPage(bytes.subarray(at, at + step), { isLast: at + step >= bytes.length });
      assert.equal(page.invalidUtf8, false);
      assert.ok(page.bytes > 0);
      read += page.text;
      at += page.bytes;
    }
    assert.equal(read, text);
  }));
});

Deno.test("textPage() waits for the rest of a character, unless there is none", () => {
  const half = utf8("aé").subarray(0, 2);
  assert.deepEqual(textPage(half, { isLast: false }), { text: "a", bytes: 1, invalidUtf8: false });
  assert.deepEqual(textPage(half, { isLast: true }), { text: "a\uFFFD", bytes: 2, invalidUtf8: true });
});

Deno.test("textPage() says what is not UTF-8, and goes on", () => {
  const page = textPage(new Uint8Array([0x61, 0xff, 0x62]), { isLast: false });
  assert.deepEqual(page, { text: "a\uFFFDb", bytes: 3, invalidUtf8: true });
});

for (
  const [max, stdout, stderr, expected] of [
    [100, 500, 500, [50, 50]],
    [100, 500, 10, [90, 10]],
    [100, 10, 500, [10, 90]],
    [100, 10, 20, [10, 20]],
    [101, 500, 500, [51, 50]],
  ] as const
) {
  Deno.test(`shareRoom() gives ${expected} of ${max} bytes for ${stdout} and ${stderr}`, () => {
    assert.deepEqual(Object.values(shareRoom(max, { stdout, stderr })), expected);
  });
}
