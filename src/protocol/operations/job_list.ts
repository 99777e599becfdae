/**
 * The operation `job_list`: the jobs of a host, running and ended.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { JobId, JobStatus, JobSummary } from "../job.ts";

/** Jobs in one answer by default. */
export const JOB_LIST_LIMIT = 20;
const MAX_LIMIT = 200;

export const jobList = defineOperation({
  title: "List jobs",
  description:
    "Lists the commands of a machine, those that run and those that ended, the newest first; whoever started them, and " +
    "whichever process of the agent runs them. Everyone who may run commands on a machine may look at all jobs of it. " +
    "At most 1000 ended jobs are remembered, for 7 days.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    status: JobStatus.optional().describe("Only jobs of this status: running, ended, cancelled or lost"),
    limit: z.number().int().min(1).max(MAX_LIMIT).optional().describe(
      `How many jobs to return at most. Default ${JOB_LIST_LIMIT}, at most ${MAX_LIMIT}`,
    ),
    before: JobId.optional().describe(
      "Only jobs started before this one: the last of the answer before, to read on",
    ),
  }),
  result: z.object({
    jobs: z.array(JobSummary),
    omitted: z.number().int().nonnegative().describe(
      "How many older jobs match and were left out; pass the last job's id as before to see them",
    ),
  }),
});
