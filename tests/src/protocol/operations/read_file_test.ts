import assert from "node:assert/strict";
import { MAX_CONTENT_BYTES, readFile } from "../../../../src/protocol/operations/read_file.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a path", { path: "a" }, true],
  ["no path", {}, false],
  ["an empty path", { path: "" }, false],
  ["a line from the end", { path: "a", start_line: -5, line_count: 5 }, true],
  ["half a line", { path: "a", start_line: 1.5 }, false],
  ["no lines", { path: "a", line_count: 0 }, false],
  ["bytes", { path: "a", offset: 0, length: 1, encoding: "base64" }, true],
  ["bytes before the file", { path: "a", offset: -1 }, false],
  ["an unknown encoding", { path: "a", encoding: "ebcdic" }, false],
  ["the most bytes", { path: "a", max_bytes: MAX_CONTENT_BYTES }, true],
  ["more than the most bytes", { path: "a", max_bytes: MAX_CONTENT_BYTES + 1 }, false],
  ["a misspelt parameter", { path: "a", lines: 5 }, false],
];
for (const [name, value, isValid] of params) {
  Deno.test(`readFile.params ${isValid ? "takes" : "refuses"} ${name}`, () => {
    assert.equal(readFile.params.safeParse(value).success, isValid);
  });
}
