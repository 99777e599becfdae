/**
 * The executor of `job_cancel`: ends a job, whichever process of this host runs it.
 */
import { OperationError } from "../errors.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { CallContext } from "./executor.ts";
import { orphanNote, requireJob, summarize } from "./job_summary.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

/** How long the answer waits for the end: TERM, two seconds, KILL, and what the system needs to report it. */
const WAIT_MS = 5_000;

/** Makes the executor. */
export function createJobCancel(
  { jobs }: { readonly jobs: Jobs },
): (
  params: ParamsOf<"job_cancel">,
  context: CallContext,
) => Promise<ResultOf<"job_cancel">> {
  return async ({ job }, { signal, caller, permit }) => {
    const record = await requireJob(jobs, job);
    // Plan mode changes nothing, so it ends only what it started.
    if (permit.mode === "plan" && record.mode !== "plan") {
      throw new OperationError(
        "refused",
        `Cannot cancel the job in plan mode: it was started in ${record.mode} mode`,
        {
          rule: "job-of-higher-mode",
          remedy: "Ask the user, who can end it on that machine",
        },
      );
    }
    const reason = `cancelled by ${caller.name}`;
    const outcome = await jobs.cancel(record, { reason, waitMs: WAIT_MS, signal });
    const after = await requireJob(jobs, job);
    const note = orphanNote(jobs, after);
    return { ...summarize(after), outcome, ...(note === undefined ? {} : { note }) };
  };
}
