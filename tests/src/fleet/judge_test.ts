import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { judge, judgeJob, statusOfError } from "../../../src/fleet/judge.ts";
import { ERROR_CODES, type ErrorCode } from "../../../src/protocol/error_code.ts";
import type { OperationName, ResultOf } from "../../../src/protocol/operation.ts";
import { execResult, infoResult } from "../../helpers/sample_results.ts";
import { jobResult } from "./_runs.ts";

const { job } = execResult();
const EXECS: readonly (readonly [string, Partial<ResultOf<"exec">>, ReturnType<typeof judge>])[] = [
  ["ended well", {}, { status: "succeeded", exitCode: 0, signal: null }],
  ["wrote much", { outputKept: true }, { status: "succeeded", exitCode: 0, signal: null, job }],
  ["exited with 3", { exitCode: 3 }, { status: "failed", exitCode: 3, signal: null }],
  ["was killed", { exitCode: null, signal: "SIGKILL" }, {
    status: "failed",
    exitCode: null,
    signal: "SIGKILL",
  }],
  ["took too long", { exitCode: null, signal: "SIGTERM", timedOut: true }, {
    status: "timed_out",
    exitCode: null,
    signal: "SIGTERM",
  }],
  ["took too long and still exited with 0", { timedOut: true }, {
    status: "timed_out",
    exitCode: 0,
    signal: null,
  }],
  ["goes on", { status: "running", exitCode: null, outputKept: true }, { status: "running", job }],
];
for (const [what, changes, expected] of EXECS) {
  Deno.test(`judge() of a command that ${what}`, () =>
    assert.deepEqual(judge("exec", execResult(changes)), expected));
}

const OTHERS: readonly (readonly [OperationName, unknown, string])[] = [
  ["git_pull", { outcome: "conflicts_left" }, "failed"],
  ["git_pull", { outcome: "updated" }, "succeeded"],
  ["git_push", { pushed: false }, "failed"],
  ["git_commit", { committed: false }, "succeeded"],
  ["read_file", {}, "succeeded"],
  ["write_file", { changed: false }, "succeeded"],
  ["get_info", infoResult(), "succeeded"],
];
for (const [op, result, status] of OTHERS) {
  Deno.test(`judge() finds that ${op} with ${JSON.stringify(result).slice(0, 40)} ${status}`, () => {
    assert.deepEqual(judge(op, result), { status });
  });
}

const JOBS: readonly (readonly [Partial<ResultOf<"job_get">>, string])[] = [
  [{}, "succeeded"],
  [{ status: "running", exitCode: null }, "running"],
  [{ exitCode: 1 }, "failed"],
  [{ exitCode: null, timedOut: true }, "timed_out"],
  [{ status: "cancelled", exitCode: null, reason: "by ada" }, "failed"],
  [{ status: "cancelled", exitCode: 0 }, "failed"],
  [{ status: "lost", exitCode: null }, "gone"],
];
for (const [changes, status] of JOBS) {
  Deno.test(`judgeJob() finds ${status}: ${JSON.stringify(changes)}`, () => {
    const judgement = judgeJob(jobResult("h1", changes));
    assert.equal(judgement.status, status);
    assert.equal(judgement.job, jobResult("h1").job);
  });
}

const STATUS_OF: Readonly<Record<ErrorCode, string>> = {
  bad_request: "failed",
  unknown_operation: "refused",
  refused: "refused",
  not_accepting: "refused",
  busy: "failed",
  cannot_run: "failed",
  timed_out: "timed_out",
  cancelled: "failed",
  too_large: "failed",
  peer_gone: "gone",
  link_lost: "gone",
  not_connected: "gone",
  unknown_agent: "gone",
  ambiguous_agent: "failed",
  internal: "failed",
};
for (const [code, status] of Object.entries(STATUS_OF)) {
  Deno.test(`statusOfError() of ${code} is ${status}`, () => {
    assert.ok(code in ERROR_CODES);
    assert.equal(statusOfError(new OperationError(code as ErrorCode, "x")), status); // A key of the table.
  });
}

Deno.test("statusOfError() of a host that was not begun when the run was cancelled is skipped", () => {
  assert.equal(statusOfError(new OperationError("cancelled", "x"), false), "skipped");
});

Deno.test("judge() keeps little of what a hostile host calls a signal or a reason", () => {
  const filler = "S\u{1F600}".repeat(500_000);
  const ended = judge("exec", execResult({ exitCode: null, signal: filler }));
  const job = judgeJob(jobResult("", { status: "lost", exitCode: null, signal: filler, reason: filler }));
  const cancelled = judgeJob(
    jobResult("", { status: "cancelled", exitCode: null, signal: filler, reason: filler }),
  );
  for (const judgement of [ended, job, cancelled]) {
    const text = JSON.stringify(judgement);
    assert.ok(text.length < 4_000, String(text.length));
    assert.ok(text.isWellFormed());
  }
});
