import assert from "node:assert/strict";
import * as fc from "fast-check";
import { stringify } from "smol-toml";
import { topLevelLines } from "../../../src/config/toml_lines.ts";

const cases: readonly (readonly [string, string, Record<string, number>])[] = [
  ["plain keys", 'a = 1\nb = "x"', { a: 1, b: 2 }],
  ["comments and blank lines", "# a = 0\n\n  a = 1 # b = 2\n\nb = 3\n", { a: 3, b: 5 }],
  ["Windows line ends", "a = 1\r\n\r\nb = 2\r\n", { a: 1, b: 3 }],
  ["arrays over several lines", "a = [\n  1,\n  2\n]\nb = 2", { a: 1, b: 5 }],
  ["keys inside a multi-line text", 'a = """\nb = 1\n"""\nb = 2', { a: 1, b: 4 }],
  ["quoted and dotted keys", '"a b" = 1\nc.d = 2\nc.e = 3', { "a b": 1, c: 2 }],
  ["tables", "a = 1\n[t]\na = 2\nb = 3\n[[u]]\nc = 4\n[t.v]\n", { a: 1, t: 2, u: 5 }],
  ["nothing", "", {}],
];
for (const [what, text, expected] of cases) {
  Deno.test(`topLevelLines() finds the lines of ${what}`, () => {
    assert.deepEqual(Object.fromEntries(topLevelLines(text)), expected);
  });
}

Deno.test("topLevelLines() finds every key of any document, on a line that names it", () => {
  const value = fc.oneof(fc.integer(), fc.string(), fc.boolean(), fc.array(fc.string()));
  fc.assert(fc.property(fc.dictionary(fc.stringMatching(/^[a-z]{1,8}$/), value), (table) => {
    const text = stringify(table);
    const lines = topLevelLines(text);
    assert.deepEqual([...lines.keys()].sort(), Object.keys(table).sort());
    for (const [key, line] of lines) assert.ok(text.split("\n")[line - 1]?.startsWith(`${key} =`));
  }));
});
