/**
 * The executor of `job_list`: the jobs of this host, whichever of its processes runs them.
 */
import type * as z from "zod";
import { cutText } from "../jobs/rules.ts";
import type { Jobs } from "../jobs/runner.ts";
import { JOB_LIST_LIMIT, type jobList } from "../protocol/operations/job_list.ts";
import type { CallContext } from "./executor.ts";
import { requireJob, summarize } from "./job_summary.ts";

/** Characters of a command in a list; `job_get` shows more. */
const LISTED_COMMAND_CHARACTERS = 400;

/** Makes the executor. */
export function createJobList(
  { jobs }: { readonly jobs: Jobs },
): (params: z.infer<typeof jobList.params>, context: CallContext) => Promise<z.infer<typeof jobList.result>> {
  return async ({ status, before, limit = JOB_LIST_LIMIT }) => {
    if (before !== undefined) await requireJob(jobs, before);
    const { jobs: records, omitted } = await jobs.list({ status, before, limit });
    return {
      jobs: records.map((record) => ({
        ...summarize(record),
        command: cutText(record.command, LISTED_COMMAND_CHARACTERS),
      })),
      omitted,
    };
  };
}
