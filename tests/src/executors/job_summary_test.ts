import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { orphanNote, requireJob, summarize } from "../../../src/executors/job_summary.ts";
import { JobSummary } from "../../../src/protocol/job.ts";
import { jobHost } from "../jobs/_job_host.ts";
import { idOf, jobRecord } from "../jobs/_records.ts";

Deno.test("summarize() tells a record in the form of the wire, times as ISO 8601", () => {
  const summary = summarize(jobRecord({ status: "ended", endedAt: 2_000, durationMs: 7, exitCode: 0 }));
  assert.deepEqual(JobSummary.parse(summary), summary);
  assert.deepEqual(
    [summary.startedAt, summary.endedAt, summary.caller],
    ["1970-01-01T00:00:01.000Z", "1970-01-01T00:00:02.000Z", { id: "bcdefghij0123456789a", name: "caller" }],
  );
  assert.equal(summarize(jobRecord()).endedAt, null);
});

Deno.test("requireJob() says of a job that is not known where to look", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  await assert.rejects(
    requireJob(jobs, idOf(1)),
    (error) =>
      error instanceof OperationError && error.code === "bad_request" && /job_list/.test(error.remedy ?? ""),
  );
});

Deno.test("orphanNote() says of a lost job what is known, and nothing of others", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const note = (changes: Parameters<typeof jobRecord>[0]) => orphanNote(jobs, jobRecord(changes));
  assert.equal(note({ status: "ended", pid: 1 }), undefined);
  assert.match(note({ status: "lost" }) ?? "", /not known whether the command was started/);
  assert.match(note({ status: "lost", pid: 7, pidStamp: "unknown" }) ?? "", /may still run as process 7/);
  assert.match(
    note({ status: "lost", pid: 7, pidStamp: "another:1" }) ?? "",
    /Process 7 of the command has ended/,
  );
});
