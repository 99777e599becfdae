import assert from "node:assert/strict";
import { jobList } from "../../../../src/protocol/operations/job_list.ts";

const params: readonly (readonly [string, unknown, boolean])[] = [
  ["nothing", {}, true],
  ["a status", { status: "lost" }, true],
  ["another status", { status: "done" }, false],
  ["200 jobs", { limit: 200 }, true],
  ["201 jobs", { limit: 201 }, false],
  ["no jobs", { limit: 0 }, false],
  ["a job to read on from", { before: `j_${"a".repeat(20)}` }, true],
  ["something else to read on from", { before: "j_1" }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of job_list ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(jobList.params.safeParse(value).success, expected);
  });
}

Deno.test("the result of job_list says how many jobs it left out", () => {
  assert.ok(jobList.result.safeParse({ jobs: [], omitted: 0 }).success);
  assert.equal(jobList.result.safeParse({ jobs: [] }).success, false);
});
