import assert from "node:assert/strict";
import fc from "fast-check";
import { jsonBytes, sliceText } from "../../../src/mcp/text_slice.ts";

/** The oracle: what a client gets that reads on until nothing follows. */
function readAll(text: string, maxBytes: number): { whole: string; largest: number } {
  let [whole, largest, from]: [string, number, number | undefined] = ["", 0, 0];
  while (from !== undefined) {
    const piece = sliceText(text, from, maxBytes);
    assert.ok(piece.next === undefined || piece.next > from, "reading gets on");
    whole += piece.text;
    largest = Math.max(largest, jsonBytes(piece.text));
    from = piece.next;
  }
  return { whole, largest };
}

Deno.test("sliceText() loses nothing, cuts between characters, and keeps to the limit", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "\u0000", "\n", '"', "ü", "€", "😀", "\u2028"),
    maxLength: 200,
  });
  fc.assert(fc.property(text, fc.integer({ min: 40, max: 200 }), (whole, maxBytes) => {
    const read = readAll(whole, maxBytes);
    assert.equal(read.whole, whole);
    assert.ok(read.largest <= maxBytes, `${read.largest} bytes, ${maxBytes} allowed`);
  }));
});

Deno.test("sliceText() begins with the next character if it is asked to begin within one", () => {
  assert.deepEqual(sliceText("€b", 1), { text: "b", next: undefined, totalBytes: 4 });
});

Deno.test("sliceText() gives nothing behind the end", () => {
  assert.deepEqual(sliceText("abc", 1_000), { text: "", next: undefined, totalBytes: 3 });
  assert.deepEqual(sliceText("", 0), { text: "", next: undefined, totalBytes: 0 });
});

Deno.test("jsonBytes() counts what JSON.stringify() writes, in UTF-8", () => {
  assert.equal(jsonBytes("a"), 3);
  assert.equal(jsonBytes("€"), 5);
  assert.equal(jsonBytes("\u0001"), 8);
  assert.equal(jsonBytes("\ud800"), 8);
});
