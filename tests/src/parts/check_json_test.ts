import assert from "node:assert/strict";
import fc from "fast-check";
import { createJsonCheck } from "../../../src/parts/check_json.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";

function isJson(text: string, size = 3): boolean {
  const check = createJsonCheck();
  const bytes = utf8(text);
  try {
    for (let at = 0; at < bytes.length; at += size) check.push(bytes.subarray(at, at + size));
    check.end();
    return true;
  } catch (error) {
    assert.ok(error instanceof SyntaxError, String(error));
    return false;
  }
}

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

const TOKENS = [
  "[",
  "]",
  "{",
  "}",
  ",",
  ":",
  '"',
  '"a"',
  "1",
  "-",
  "0",
  ".5",
  "e",
  "+",
  "true",
  "null",
  "\\",
  "\\u00e",
  " ",
];

Deno.test("createJsonCheck() agrees with JSON.parse on values", () => {
  fc.assert(
    fc.property(fc.json(), fc.integer({ min: 1, max: 9 }), (text, size) => assert.ok(isJson(text, size))),
  );
});

Deno.test("createJsonCheck() agrees with JSON.parse on what is almost JSON", () => {
  fc.assert(
    fc.property(fc.array(fc.constantFrom(...TOKENS), { maxLength: 8 }), (tokens) => {
      const text = tokens.join("");
      assert.equal(isJson(text), parses(text), text);
    }),
    { numRuns: 3_000 },
  );
  fc.assert(
    fc.property(fc.json(), fc.nat(), fc.constantFrom(...TOKENS), (json, at, token) => {
      const text = json.slice(0, at % (json.length + 1)) + token + json.slice(at % (json.length + 1));
      assert.equal(isJson(text), parses(text), text);
    }),
    { numRuns: 1_000 },
  );
});

Deno.test("createJsonCheck() refuses what is nested too deep", () => {
  assert.ok(isJson("[".repeat(10_000) + "]".repeat(10_000), 1_000));
  assert.ok(!isJson("[".repeat(10_001) + "]".repeat(10_001), 1_000));
});
