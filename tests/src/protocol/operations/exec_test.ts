import assert from "node:assert/strict";
import { exec, Output } from "../../../../src/protocol/operations/exec.ts";

const LONGEST = 131_072;

const params: readonly [string, unknown, boolean][] = [
  ["a command", { command: "ls" }, true],
  ["an empty command", { command: "" }, false],
  ["the longest command", { command: "x".repeat(LONGEST) }, true],
  ["a command one character over the limit", { command: "x".repeat(LONGEST + 1) }, false],
  ["argv", { argv: ["git", "log", ""] }, true],
  ["an empty argv", { argv: [] }, false],
  ["argv of 4096 words", { argv: Array(4096).fill("x") }, true],
  ["argv of 4097 words", { argv: Array(4097).fill("x") }, false],
  ["an argument over the limit", { argv: ["x".repeat(LONGEST + 1)] }, false],
  ["argv that is a text", { argv: "ls" }, false],
  ["an empty cwd", { command: "ls", cwd: "" }, false],
  ["a cwd of 4096 characters", { command: "ls", cwd: "x".repeat(4096) }, true],
  ["a cwd of 4097 characters", { command: "ls", cwd: "x".repeat(4097) }, false],
  ["environment variables", { command: "ls", env: { _A1: "", Path: "x=y" } }, true],
  ["a variable that begins with a digit", { command: "ls", env: { "1A": "" } }, false],
  ["a variable with =", { command: "ls", env: { "A=B": "" } }, false],
  ["a variable without a name", { command: "ls", env: { "": "" } }, false],
  ["a variable with a line feed", { command: "ls", env: { "A\n": "" } }, false],
  ["a value that is a number", { command: "ls", env: { A: 1 } }, false],
  ["a timeout of 1 ms", { command: "ls", timeout_ms: 1 }, true],
  ["a timeout of a year", { command: "ls", timeout_ms: 31_536_000_000 }, true],
  ["a timeout of 0", { command: "ls", timeout_ms: 0 }, false],
  ["a timeout of half a millisecond", { command: "ls", timeout_ms: 0.5 }, false],
  ["an infinite timeout", { command: "ls", timeout_ms: Infinity }, false],
  ["no wait", { command: "ls", wait_ms: 0 }, true],
  ["a wait of ten minutes", { command: "ls", wait_ms: 600_000 }, true],
  ["a wait of more", { command: "ls", wait_ms: 600_001 }, false],
  ["a negative wait", { command: "ls", wait_ms: -1 }, false],
  ["stdin of 4 MiB", { command: "cat", stdin: "x".repeat(4 * 1024 * 1024) }, true],
  ["stdin of one more", { command: "cat", stdin: "x".repeat(4 * 1024 * 1024 + 1) }, false],
  ["answers of 1 KiB", { command: "ls", max_output_bytes: 1024 }, true],
  ["answers of 128 KiB", { command: "ls", max_output_bytes: 131_072 }, true],
  ["answers of less", { command: "ls", max_output_bytes: 1023 }, false],
  ["answers of more", { command: "ls", max_output_bytes: 131_073 }, false],
  ["a parameter that is misspelt", { command: "ls", timeoutMs: 1 }, false],
  ["a list", [], false],
  ["nothing", null, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of exec ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(exec.params.safeParse(value).success, expected);
  });
}

const output = { head: "a", tail: "", bytes: 1, truncated: false, invalidUtf8: false };
const result = {
  job: `j_${"a".repeat(20)}`,
  status: "ended",
  isolation: "none",
  outputKept: false,
  droppedBytes: 0,
  exitCode: 0,
  signal: null,
  timedOut: false,
  durationMs: 1.5,
  stdout: output,
  stderr: output,
};
const results: readonly [string, unknown, boolean][] = [
  ["an exit code", result, true],
  ["a signal", { ...result, exitCode: null, signal: "SIGKILL" }, true],
  ["an exit code that is not whole", { ...result, exitCode: 0.5 }, false],
  ["a negative duration", { ...result, durationMs: -1 }, false],
  ["a job that runs", { ...result, status: "running", exitCode: null }, true],
  ["a job that is lost", { ...result, status: "lost" }, false],
  ["a note", { ...result, isolation: "isolated", note: "not known" }, true],
  ["another isolation", { ...result, isolation: "some" }, false],
  ["no job", { ...result, job: undefined }, false],
  ["no stderr", { ...result, stderr: undefined }, false],
];
for (const [what, value, expected] of results) {
  Deno.test(`the result of exec ${expected ? "takes" : "refuses"} ${what}`, () => {
    assert.equal(exec.result.safeParse(value).success, expected);
  });
}

Deno.test("Output refuses a negative size and a cut that is not stated", () => {
  assert.ok(Output.safeParse(output).success);
  assert.equal(Output.safeParse({ ...output, bytes: -1 }).success, false);
  assert.equal(Output.safeParse({ ...output, truncated: undefined }).success, false);
});
