import assert from "node:assert/strict";
import { readNumber, withoutAbsent } from "../../../src/cli/option_values.ts";

const numbers: readonly (readonly [string | undefined, number | string | undefined])[] = [
  ["0", 0],
  ["007", 7],
  ["999999999", 999_999_999],
  ["9999999999", "9999999999"],
  ["10%", "10%"],
  ["-1", "-1"],
  ["1.5", "1.5"],
  ["1e3", "1e3"],
  ["", ""],
  [" 1", " 1"],
  [undefined, undefined],
];
for (const [text, expected] of numbers) {
  Deno.test(`readNumber() reads ${JSON.stringify(text)}`, () => assert.equal(readNumber(text), expected));
}

Deno.test("withoutAbsent() leaves out what was not typed, and nothing else", () => {
  assert.deepEqual(Object.entries(withoutAbsent({ a: undefined, b: false, c: 0, d: "", e: null })), [
    ["b", false],
    ["c", 0],
    ["d", ""],
    ["e", null],
  ]);
});
