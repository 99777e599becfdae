/**
 * The operation `job_cancel`: end a job with everything it started.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { JobId, JobSummary } from "../job.ts";

export const jobCancel = defineOperation({
  title: "Cancel a job",
  description:
    "Ends a job and everything it started: SIGTERM first, SIGKILL to what is left after 2 seconds. Waits up to 5 seconds " +
    "for the end and tells the outcome. Cancelling a job that has ended does nothing and says so. Everyone who may run " +
    "commands on a machine may cancel its jobs, but in plan mode only those that were started in plan mode.",
  access: "manage",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({ job: JobId }),
  result: z.object({
    ...JobSummary.shape,
    outcome: z.enum(["cancelled", "already_ended", "still_running"]).describe(
      "cancelled: it was ended now. already_ended: nothing was done. still_running: it had not ended after 5 seconds; " +
        "look again with job_get",
    ),
    note: z.string().optional().describe("What else is to be known"),
  }),
});
