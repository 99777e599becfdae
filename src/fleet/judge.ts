/**
 * What an answer means for a run: whether a host succeeded, failed or goes on. Pure; used by the runs and whoever counts them.
 */
import type { OperationError } from "../errors.ts";
import { hasGitFailed } from "../protocol/git_outcome.ts";
import type { JobId } from "../protocol/job.ts";
import type { OperationName, ResultOf } from "../protocol/operation.ts";
import type { HostStatus } from "../protocol/run.ts";

/** Characters of what a host says about an end in words; more is no signal and no reason. */
const MAX_NOTE_CHARACTERS = 1_000;
const MAX_SIGNAL_CHARACTERS = 32;

/** What a result means. */
export interface Judgement {
  readonly status: Extract<HostStatus, "succeeded" | "failed" | "timed_out" | "running" | "gone">;
  /** Of a command that has ended; null if a signal ended it. */
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  /** Under which the command, or what it wrote, can be read on. */
  readonly job?: JobId;
  /** Why it came to this, where the result does not tell. */
  readonly note?: string;
}

/**
 * Judges the result of an operation.
 *
 * @param result - of the operation's shape
 */
export function judge(op: OperationName, result: unknown): Judgement {
  if (op === "exec") return judgeExec(result as ResultOf<"exec">); // The caller has checked its shape.
  return { status: hasGitFailed(op, result) ? "failed" : "succeeded" };
}

/** Judges what `job_get` tells of a command that was begun by a run. */
export function judgeJob(result: ResultOf<"job_get">): Judgement {
  const { job, status, exitCode } = result;
  if (status === "running") return { status: "running", job };
  const signal = shortSignal(result.signal);
  const reason = result.reason?.slice(0, MAX_NOTE_CHARACTERS).toWellFormed();
  if (status === "lost") {
    return { status: "gone", job, note: reason ?? "The agent that ran it broke off, so nobody saw the end" };
  }
  if (status === "cancelled") {
    return { status: "failed", exitCode, signal, job, note: `Cancelled: ${reason ?? "nobody said why"}` };
  }
  return { status: statusOfEnd(result), exitCode, signal, job };
}

/**
 * Tells what a host is that answered with an error, or did not answer.
 *
 * @param hasBegun - whether it was asked at all; who was not is skipped when the run is cancelled
 */
export function statusOfError({ code }: Pick<OperationError, "code">, hasBegun = true): HostStatus {
  switch (code) {
    case "refused":
    case "not_accepting":
    case "unknown_operation":
      return "refused";
    case "timed_out":
      return "timed_out";
    case "peer_gone":
    case "link_lost":
    case "not_connected":
    case "unknown_agent":
      return "gone";
    case "cancelled":
      return hasBegun ? "failed" : "skipped";
    default:
      return "failed";
  }
}

function judgeExec(result: ResultOf<"exec">): Judgement {
  const { job, status, exitCode, outputKept } = result;
  if (status === "running") return { status: "running", job };
  const signal = shortSignal(result.signal);
  // Of a short output nothing is left on the host to be read.
  return { status: statusOfEnd(result), exitCode, signal, ...(outputKept ? { job } : {}) };
}

/** A host may say anything: it is kept with each host of a run, beside what counts as its output. */
function shortSignal(signal: string | null): string | null {
  return signal === null ? null : signal.slice(0, MAX_SIGNAL_CHARACTERS).toWellFormed();
}

function statusOfEnd(
  { timedOut, exitCode }: Pick<ResultOf<"exec">, "timedOut" | "exitCode">,
): "succeeded" | "failed" | "timed_out" {
  if (timedOut) return "timed_out";
  return exitCode === 0 ? "succeeded" : "failed";
}
