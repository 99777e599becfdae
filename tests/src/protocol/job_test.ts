import assert from "node:assert/strict";
import { JobId, JobStatus, JobSummary } from "../../../src/protocol/job.ts";

const ID = `j_${"a2".repeat(10)}`;
const ids: readonly (readonly [unknown, boolean])[] = [
  [ID, true],
  [`${ID}a`, false],
  [ID.slice(0, -1), false],
  [ID.toUpperCase(), false],
  [`j_${"a1".repeat(10)}`, false],
  ["../../etc/passwd", false],
  [`${ID}\n`, false],
  [7, false],
];
for (const [id, expected] of ids) {
  Deno.test(`JobId ${expected ? "takes" : "refuses"} ${JSON.stringify(id)}`, () => {
    assert.equal(JobId.safeParse(id).success, expected);
  });
}

Deno.test("JobStatus knows four states", () => {
  assert.deepEqual(JobStatus.options, ["running", "ended", "cancelled", "lost"]);
});

const summary = {
  job: ID,
  status: "running",
  command: "make",
  cwd: "/",
  mode: "edit",
  isolation: "none",
  caller: { id: "a", name: "b" },
  startedAt: "2026-01-01T00:00:00.000Z",
  endedAt: null,
  durationMs: 1,
  exitCode: null,
  signal: null,
  timedOut: false,
  pid: null,
  stdoutBytes: 0,
  stderrBytes: 0,
  reason: null,
};
Deno.test("JobSummary takes a running job, and needs every field", () => {
  assert.deepEqual(JobSummary.parse(summary), summary);
  for (const field of Object.keys(summary)) {
    assert.equal(JobSummary.safeParse({ ...summary, [field]: undefined }).success, false, field);
  }
});
