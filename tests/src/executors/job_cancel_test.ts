import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { createJobCancel } from "../../../src/executors/job_cancel.ts";
import { jobCancel } from "../../../src/protocol/operations/job_cancel.ts";
import { callContext } from "../../helpers/call_context.ts";
import { jobHost, linuxTest, shell } from "../jobs/_job_host.ts";

linuxTest("job_cancel ends a job and says who did it; a second time it does nothing", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const cancel = createJobCancel({ jobs });
  const job = await jobs.start(shell("sleep 1000"));
  const first = jobCancel.result.parse(await cancel({ job: job.record.id }, callContext()));
  assert.deepEqual([first.outcome, first.status, first.reason], [
    "cancelled",
    "cancelled",
    "cancelled by caller",
  ]);
  const second = await cancel({ job: job.record.id }, callContext());
  assert.deepEqual([second.outcome, second.status], ["already_ended", "cancelled"]);
});

linuxTest("job_cancel ends in plan mode only what was started in it", async () => {
  await using host = await jobHost();
  const jobs = await host.open();
  const cancel = createJobCancel({ jobs });
  const edit = await jobs.start(shell("sleep 1000"));
  await assert.rejects(
    cancel({ job: edit.record.id }, callContext({ mode: "plan" })),
    (error) => error instanceof OperationError && error.code === "refused" && /edit mode/.test(error.message),
  );
  assert.equal(edit.record.status, "running");
  const plan = await jobs.start(shell("sleep 1000", { mode: "plan" }));
  const { outcome } = await cancel({ job: plan.record.id }, callContext({ mode: "plan" }));
  assert.equal(outcome, "cancelled");
});
