/**
 * The executor of `job_list`: the jobs of this host, whichever of its processes runs them.
 */
import { cutText } from "../jobs/rules.ts";
import type { Jobs } from "../jobs/runner.ts";
import { JOB_LIST_LIMIT } from "../protocol/operations/job_list.ts";
import type { CallContext } from "./executor.ts";
import { maySee, requireJob, summarize } from "./job_summary.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

/** Characters of a command in a list; `job_get` shows more. */
const LISTED_COMMAND_CHARACTERS = 400;

/** Instead of a command that may hold what is closed to the caller. */
const NOT_SHOWN = "(not shown: another agent started it in a higher mode)";

/** Makes the executor. */
export function createJobList(
  { jobs }: { readonly jobs: Jobs },
): (params: ParamsOf<"job_list">, context: CallContext) => Promise<ResultOf<"job_list">> {
  return async ({ status, before, limit = JOB_LIST_LIMIT }, context) => {
    if (before !== undefined) await requireJob(jobs, before);
    const { jobs: records, omitted } = await jobs.list({ status, before, limit });
    return {
      jobs: records.map((record) => ({
        ...summarize(record),
        command: maySee(record, context) ? cutText(record.command, LISTED_COMMAND_CHARACTERS) : NOT_SHOWN,
      })),
      omitted,
    };
  };
}
