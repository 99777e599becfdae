import assert from "node:assert/strict";
import { ERROR_CODES, ErrorCode, WireError } from "../../../src/protocol/error_code.ts";

Deno.test("ErrorCode reads every code of the table, and each has a text", () => {
  assert.deepEqual(ErrorCode.options, Object.keys(ERROR_CODES));
  for (const [code, text] of Object.entries(ERROR_CODES)) {
    assert.equal(ErrorCode.parse(code), code);
    assert.match(text, /^[A-Z].*[^.]$/);
  }
});

const cases: readonly [string, unknown, boolean][] = [
  ["a code and a message", { code: "refused", message: "no" }, true],
  ["a remedy", { code: "refused", message: "no", remedy: "ask" }, true],
  ["a rule", { code: "refused", message: "no", rule: "denied-path" }, true],
  ["a rule that is too long", { code: "refused", message: "", rule: "x".repeat(129) }, false],
  ["the longest texts", { code: "busy", message: "x".repeat(8192), remedy: "x".repeat(2048) }, true],
  ["a message that is too long", { code: "busy", message: "x".repeat(8193) }, false],
  ["a remedy that is too long", { code: "busy", message: "", remedy: "x".repeat(2049) }, false],
  ["an unknown code", { code: "teapot", message: "" }, false],
  ["a name that every object has", { code: "toString", message: "" }, false],
  ["no message", { code: "busy" }, false],
  ["nothing", null, false],
];
for (const [what, value, expected] of cases) {
  Deno.test(`WireError ${expected ? "reads" : "refuses"} ${what}`, () => {
    assert.equal(WireError.safeParse(value).success, expected);
  });
}
