import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { LineEnds, LineWindow } from "../../../src/host/line_window.ts";
import { wellFormedText } from "../../helpers/any_text.ts";

const OPTIONS = {
  encoding: "utf-8",
  firstLine: 1,
  firstOffset: 0,
  startLine: 1,
  lineCount: 100,
  maxBytes: 10_000,
  maxLineBytes: 1000,
} as const;

/** Lines as `split` sees them, each with its end. */
function linesOf(text: string): string[] {
  return text.split(/(?<=\n)/).filter((line) => line !== "");
}

for (const encoding of ["utf-8", "utf-16le"] as const) {
  Deno.test(`LineWindow takes the lines that were asked for out of any ${encoding}, whatever the pieces`, () => {
    const text = fc.array(fc.oneof(wellFormedText({ maxLength: 5 }), fc.constantFrom("\n", "\r\n")), {
      maxLength: 20,
    }).map((parts) => parts.join(""));
    fc.assert(
      fc.property(
        text,
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 7 }),
        (text, startLine, lineCount, pieceUnits) => {
          const bytes = Uint8Array.from(Buffer.from(text, encoding));
          const window = new LineWindow({ ...OPTIONS, encoding, startLine, lineCount });
          const ends = new LineEnds(encoding, 3);
          for (let at = 0; at < bytes.length; at += pieceUnits * 2) {
            window.push(bytes.slice(at, at + pieceUnits * 2));
            ends.push(bytes.slice(at, at + pieceUnits * 2));
          }
          window.end();
          const lines = linesOf(text);
          const expected = lines.slice(startLine - 1, startLine - 1 + lineCount);
          assert.equal(window.text, expected.join(""));
          assert.equal(window.lines, expected.length);
          assert.equal(window.line - 1, lines.length);
          assert.equal(
            window.next?.line,
            lines.length > startLine - 1 + lineCount ? startLine + lineCount : undefined,
          );
          const { offset, length } = window.range;
          if (expected.length > 0) {
            assert.deepEqual(
              bytes.slice(offset, offset + length),
              Uint8Array.from(Buffer.from(expected.join(""), encoding)),
            );
          }
          const last = ends.end();
          assert.deepEqual([last.lines, last.line], [lines.length, Math.max(0, lines.length - 3) + 1]);
          const before = lines.slice(0, Math.max(0, lines.length - 3)).join("");
          if (lines.length > 0) assert.equal(last.offset, Buffer.from(before, encoding).length);
        },
      ),
    );
  });
}

Deno.test("LineWindow stops before the line that does not fit and tells where it begins", () => {
  const window = new LineWindow({ ...OPTIONS, maxBytes: 10 });
  window.push(new TextEncoder().encode("1234\n12345\n1\n"));
  window.end();
  assert.deepEqual([window.text, window.next, window.isFull], ["1234\n", { line: 2, offset: 5 }, true]);
});

Deno.test("LineWindow cuts long lines between characters, in little memory", () => {
  const window = new LineWindow({ ...OPTIONS, maxLineBytes: 5 });
  const piece = new TextEncoder().encode("ééé");
  for (let pieces = 0; pieces < 1000; pieces++) window.push(piece);
  window.push(new TextEncoder().encode("\nnext"));
  window.end();
  assert.equal(window.text, "éé\nnext");
  assert.deepEqual(window.cuts, [{ line: 1, offset: 4, leftOutBytes: 6001 - 4 }]);
});
