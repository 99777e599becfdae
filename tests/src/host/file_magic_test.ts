import assert from "node:assert/strict";
import { guessMimeType, isImageType } from "../../../src/host/file_magic.ts";

const cases: [string, string | undefined][] = [
  ["\x89PNG\r\n\x1a\nrest", "image/png"],
  ["\xff\xd8\xff\xe0", "image/jpeg"],
  ["GIF89a", "image/gif"],
  ["RIFF\x10\0\0\0WEBPVP8 ", "image/webp"],
  ["RIFF\x10\0\0\0WAVEfmt ", "audio/wav"],
  ["%PDF-1.7", "application/pdf"],
  ["PK\x03\x04", "application/zip"],
  ["\x7fELF\x02", "application/x-elf"],
  ["SQLite format 3\0", "application/x-sqlite3"],
  [`${"x".repeat(257)}ustar`, "application/x-tar"],
  ["\0\0\0\x20ftypisom", "video/mp4"],
  ["plain text", undefined],
  ["MZ is a text", undefined],
  ["", undefined],
];
for (const [head, expected] of cases) {
  Deno.test(`guessMimeType() takes ${JSON.stringify(head.slice(0, 16))} for ${expected}`, () => {
    assert.equal(guessMimeType(Uint8Array.from(head, (character) => character.charCodeAt(0))), expected);
  });
}

Deno.test("isImageType() knows what models can look at", () => {
  assert.deepEqual(["image/png", "image/tiff", undefined].map(isImageType), [true, false, false]);
});
