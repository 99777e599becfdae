/**
 * What callers are told of a job, and how one that they name is found. Used by the `job_` executors.
 */
import { OperationError } from "../errors.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { JobRecord } from "../jobs/store.ts";
import type { JobId, JobSummary } from "../protocol/job.ts";
import { isAbove } from "../safety/mode_order.ts";
import type { CallContext } from "./executor.ts";

/**
 * Finds a job.
 *
 * @throws {OperationError} `bad_request` if this host has no such job, or no longer.
 */
export async function requireJob(jobs: Jobs, id: JobId): Promise<JobRecord> {
  const record = await jobs.find(id);
  if (record !== undefined) return record;
  throw new OperationError(
    "bad_request",
    `Cannot find job "${id}": this machine has no such job, or has forgotten it`,
    {
      remedy: "Ask the machine that runs it; job_list shows the jobs of a machine",
    },
  );
}

/**
 * Whether a caller may see what a job is and writes. Of a job that somebody else started in a higher mode it may not: its output
 * can hold what is closed to the caller.
 */
export function maySee(
  record: JobRecord,
  { caller, permit }: Pick<CallContext, "caller" | "permit">,
): boolean {
  return record.callerId === caller.id || !isAbove(record.mode, permit.mode);
}

/** Turns a record into what callers are told. */
export function summarize(record: JobRecord): JobSummary {
  return {
    job: record.id,
    status: record.status,
    command: record.command,
    cwd: record.cwd,
    mode: record.mode,
    isolation: record.isolation,
    caller: { id: record.callerId, name: record.callerName },
    startedAt: new Date(record.startedAt).toISOString(),
    endedAt: record.endedAt === null ? null : new Date(record.endedAt).toISOString(),
    durationMs: record.durationMs,
    exitCode: record.exitCode,
    signal: record.signal,
    timedOut: record.timedOut,
    pid: record.pid,
    stdoutBytes: record.stdoutBytes,
    stderrBytes: record.stderrBytes,
    reason: record.reason,
  };
}

/** Says of a lost job whether it may still run; nothing of other jobs. */
export function orphanNote(jobs: Jobs, record: JobRecord): string | undefined {
  if (record.status !== "lost") return undefined;
  if (record.pid === null) return "It is not known whether the command was started, and it may still run";
  if (record.pidStamp === null || record.pidStamp === "unknown") {
    return `The command may still run as process ${record.pid}`;
  }
  return jobs.isOrphanAlive(record)
    ? `The command still runs as process ${record.pid}; job_cancel ends it`
    : `Process ${record.pid} of the command has ended; what it left in the background may still run`;
}
