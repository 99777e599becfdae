/**
 * How `exec` is asked on one of many hosts: so that it answers with a running job before the call's own wait is over, and with no
 * more output than the coordinator has room for. Pure; used by the runs.
 */
import { EXEC_WAIT_MS } from "../protocol/operations/exec.ts";

/** The longest wait that `exec` takes, in milliseconds. */
const MAX_WAIT_MS = 600_000;
/**
 * A session may have to be opened first, and the answer has its way back to make: so much of the wait is left for that, at most and
 * as a part. What comes later is told as running, without its job.
 */
const MAX_MARGIN_MS = 2_000;
const MARGIN_PART = 0.15;

const MIN_OUTPUT_BYTES = 4 * 1024;
const MAX_OUTPUT_BYTES = 64 * 1024;
/** Bytes of output of all hosts together. */
const ALL_OUTPUT_BYTES = 32 * 1024 ** 2;

/** Bytes of output that one of so many hosts answers with. */
export function outputBytesOf(hosts: number): number {
  const share = Math.floor(ALL_OUTPUT_BYTES / Math.max(1, hosts));
  return Math.min(MAX_OUTPUT_BYTES, Math.max(MIN_OUTPUT_BYTES, share));
}

/**
 * Tells how long a host waits for the end of a command that is begun now.
 *
 * @param waitMs - how long the call waits in all
 * @param elapsedMs - how long it has waited
 */
export function execWaitOf(waitMs: number, elapsedMs: number): number {
  if (waitMs <= 0) return 0;
  const left = waitMs - elapsedMs;
  // Nobody waits any more: then the end is waited for, so that most commands take one question.
  if (left <= 0) return EXEC_WAIT_MS;
  return Math.min(MAX_WAIT_MS, Math.floor(left - Math.min(MAX_MARGIN_MS, left * MARGIN_PART)));
}

/** Parameters of `exec` for one of many hosts. A caller that wants less output gets less. */
export function execParams(
  params: Readonly<Record<string, unknown>>,
  { hosts, waitMs, elapsedMs }: {
    readonly hosts: number;
    readonly waitMs: number;
    readonly elapsedMs: number;
  },
): Record<string, unknown> {
  const wanted = params["max_output_bytes"];
  const bytes = outputBytesOf(hosts);
  return {
    ...params,
    wait_ms: execWaitOf(waitMs, elapsedMs),
    max_output_bytes: typeof wanted === "number" ? Math.min(wanted, bytes) : bytes,
  };
}
