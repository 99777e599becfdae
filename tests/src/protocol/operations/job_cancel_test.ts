import assert from "node:assert/strict";
import { jobCancel } from "../../../../src/protocol/operations/job_cancel.ts";

Deno.test("the params of job_cancel are one job", () => {
  assert.ok(jobCancel.params.safeParse({ job: `j_${"a".repeat(20)}` }).success);
  for (const value of [{}, { job: "j_" }, { job: [] }, { job: `j_${"a".repeat(20)}`, signal: "SIGKILL" }]) {
    assert.equal(jobCancel.params.safeParse(value).success, false);
  }
});

Deno.test("the result of job_cancel has one of three outcomes", () => {
  const outcome = jobCancel.result.shape.outcome;
  assert.deepEqual(outcome.options, ["cancelled", "already_ended", "still_running"]);
});
