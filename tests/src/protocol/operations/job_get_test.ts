import assert from "node:assert/strict";
import { jobGet, OutputPage } from "../../../../src/protocol/operations/job_get.ts";

const job = `j_${"a".repeat(20)}`;
const params: readonly (readonly [string, unknown, boolean])[] = [
  ["a job", { job }, true],
  ["no job", {}, false],
  ["a path as job", { job: "../x" }, false],
  ["a cursor of both outputs", { job, cursor: { stdout: 1, stderr: 0 } }, true],
  ["a cursor of one output", { job, cursor: { stderr: 5 } }, true],
  ["a cursor of another output", { job, cursor: { stdin: 5 } }, false],
  ["a negative cursor", { job, cursor: { stdout: -1 } }, false],
  ["half a byte", { job, cursor: { stdout: 0.5 } }, false],
  ["the longest wait", { job, wait_ms: 50_000 }, true],
  ["a longer wait", { job, wait_ms: 50_001 }, false],
  ["a wait for the end", { job, wait_for: "end" }, true],
  ["a wait for news", { job, wait_for: "news", wait_ms: 5 }, true],
  ["a wait for something else", { job, wait_for: "output" }, false],
  ["16 bytes", { job, max_bytes: 16 }, true],
  ["too few bytes for a character of each output", { job, max_bytes: 7 }, false],
  ["1 MiB", { job, max_bytes: 1_048_576 }, true],
  ["more than 1 MiB", { job, max_bytes: 1_048_577 }, false],
  ["a misspelt parameter", { job, waitMs: 1 }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of job_get ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(jobGet.params.safeParse(value).success, expected);
  });
}

Deno.test("OutputPage refuses a size below nothing", () => {
  const page = { text: "a", bytes: 1, hasMore: false, droppedBytes: 0, invalidUtf8: false };
  assert.deepEqual(OutputPage.parse(page), page);
  assert.equal(OutputPage.safeParse({ ...page, droppedBytes: -1 }).success, false);
});
