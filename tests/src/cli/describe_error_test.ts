import assert from "node:assert/strict";
import { describeError, exitCodeOf } from "../../../src/cli/describe_error.ts";
import { redactSecrets } from "../../../src/config/redact.ts";
import { ConfigError, OperationError } from "../../../src/errors.ts";

const redact = (text: string) => redactSecrets(text, ["hunter2!!"]);
const plain = { isVerbose: false, redact };

const cases: readonly (readonly [string, unknown, string, number])[] = [
  ["a setting's error", new ConfigError("Cannot read x"), "Cannot read x", 2],
  ["any other error", new TypeError("Cannot y"), "Cannot y", 1],
  ["several lines on one", new Error("a\nb\x1b[2J"), "a b [2J", 1],
  ["a remedy", new OperationError("internal", "Cannot z", { remedy: "try again" }), "Cannot z; try again", 1],
  ["what is no error", "text", "text", 1],
  ["a secret as a mark", new Error("token hunter2!!"), "token [redacted]", 1],
];
for (const [what, error, expected, code] of cases) {
  Deno.test(`describeError() shows ${what}`, () => {
    assert.equal(describeError(error, plain), expected);
    assert.equal(exitCodeOf(error), code);
  });
}

Deno.test("describeError() shows stack and causes when asked, without secrets", () => {
  const error = new Error("outer", { cause: new Error("inner hunter2!!") });
  const text = describeError(error, { isVerbose: true, redact });
  assert.match(text, /^Error: outer\n {4}at /);
  assert.match(text, /\nCaused by: Error: inner \[redacted\]\n {4}at /);
});

Deno.test("describeError() ends when causes form a circle", () => {
  const error = new Error("a");
  error.cause = error;
  assert.equal(describeError(error, { isVerbose: true, redact }).match(/Error: a/g)?.length, 8);
});
