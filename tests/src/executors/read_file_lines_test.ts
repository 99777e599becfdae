import assert from "node:assert/strict";
import { lineEndingsOf } from "../../../src/executors/read_file_lines.ts";

const cases: [string, string][] = [
  ["", "none"],
  ["a", "none"],
  ["a\nb\n", "lf"],
  ["a\r\nb", "crlf"],
  ["a\rb", "cr"],
  ["a\r\nb\n", "mixed"],
  ["a\rb\n", "mixed"],
  ["a\r\r\n", "mixed"],
];
for (const [text, expected] of cases) {
  Deno.test(`lineEndingsOf() calls ${JSON.stringify(text)} ${expected}`, () =>
    assert.equal(lineEndingsOf(text), expected));
}
