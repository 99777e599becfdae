/**
 * What is told about a job: a command that a host runs, or ran, by its own name. Used by `exec` and the `job_` operations.
 */
import * as z from "zod";
import { Mode } from "./mode.ts";

/** Names a job. It is 100 random bits, so nobody guesses one. */
export const JobId = z.string().regex(/^j_[a-z2-7]{20}$/).describe(
  "The job's id, as exec and job_list tell it",
);
export type JobId = z.infer<typeof JobId>;

/** Where a job is in its life; only `running` changes into another. */
export const JobStatus = z.enum(["running", "ended", "cancelled", "lost"]).describe(
  "running: it has not ended. ended: by itself, by a signal from elsewhere, or at its time limit. cancelled: ended because someone " +
    "cancelled it or its agent stopped. lost: the agent that ran it broke off, so nobody saw the end",
);
export type JobStatus = z.infer<typeof JobStatus>;

/** What a command is held to by the system, whatever it tries. */
export const Isolation = z.enum(["none", "guarded", "read-only", "isolated"]).describe(
  "What the system holds the command to. none: nothing but its user's rights. guarded: the agent's own files and the " +
    "denied paths are out of reach. read-only: it cannot change the machine. isolated: it can neither change it nor " +
    "reach anything outside, so network, other processes and /tmp are not the real ones",
);
export type Isolation = z.infer<typeof Isolation>;

/** One job, without its output. */
export const JobSummary = z.object({
  job: JobId,
  status: JobStatus,
  command: z.string().describe(
    "The command line, or the arguments joined as a shell would read them; long ones are cut",
  ),
  cwd: z.string(),
  mode: Mode.describe("The mode it was started in"),
  isolation: Isolation,
  caller: z.object({ id: z.string(), name: z.string() }).describe("The agent that started it"),
  startedAt: z.string().describe("ISO 8601"),
  endedAt: z.string().nullable().describe(
    "ISO 8601; null while it runs; for a lost job, when the loss was noticed",
  ),
  durationMs: z.number().nonnegative().nullable().describe(
    "Milliseconds that it ran, or has run; null if lost",
  ),
  exitCode: z.number().int().nullable().describe("Null while it runs, if a signal ended it, and if lost"),
  signal: z.string().nullable().describe("Signal that ended it, such as SIGKILL, or null"),
  timedOut: z.boolean().describe("True if it was ended because its timeout_ms passed"),
  pid: z.number().int().nullable().describe("Process id on its machine; null if it is not known"),
  stdoutBytes: z.number().int().nonnegative().describe("Bytes written so far, as far as known"),
  stderrBytes: z.number().int().nonnegative(),
  reason: z.string().nullable().describe("Why it was cancelled or is lost; else null"),
});
export type JobSummary = z.infer<typeof JobSummary>;
