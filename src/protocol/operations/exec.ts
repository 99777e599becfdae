/**
 * The operation `exec`: run a command on a host, and report what it did or that it runs on as a job.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { Isolation, JobId } from "../job.ts";

/** Bytes of each end of an output that a result carries. */
export const OUTPUT_END_BYTES = 32 * 1024;
/** Bytes of both outputs that an answer carries by default, and at most: four ends. */
export const MAX_ANSWERED_BYTES = 4 * OUTPUT_END_BYTES;
const MIN_ANSWERED_BYTES = 1024;
/** Milliseconds that a call waits for a command by default: below the minute at which many clients give up. */
export const EXEC_WAIT_MS = 45_000;
const MAX_WAIT_MS = 600_000;

/** What a command wrote to one of its outputs. When nothing was left out, `head` followed by `tail` is all of it. */
export const Output = z.object({
  head: z.string().describe(
    "The beginning, at most 32 KiB. Unless truncated, head followed by tail is the whole output",
  ),
  tail: z.string().describe(
    "What comes after head, or, if truncated, the end of the output, about 32 KiB at most; may be empty",
  ),
  bytes: z.number().int().nonnegative().describe("How many bytes the command wrote in all"),
  truncated: z.boolean().describe("True if bytes between head and tail were left out"),
  invalidUtf8: z.boolean().describe(
    "True if bytes that are not UTF-8 were replaced by U+FFFD in head or tail",
  ),
});
export type Output = z.infer<typeof Output>;

export const exec = defineOperation({
  title: "Run a command",
  description:
    "Runs a command and waits until it ends, at most wait_ms. Give either `command`, a line for the shell, or `argv`, " +
    "a program and its arguments that no shell interprets. The answer tells the exit code, the signal that ended it, " +
    "the duration, and the beginning and end of stdout and stderr with their full sizes. A command that exits with " +
    "another code than 0 is reported as failed, with its output. The command has no terminal and reads `stdin` " +
    "or nothing, so it cannot ask questions: pass options such as --yes.\n" +
    "A command that has not ended after wait_ms goes on as a job of its machine: the answer has status running and its " +
    "output so far; read on with job_get, end it with job_cancel. Until then it and all its children are ended when the " +
    "call is cancelled or the caller disconnects; once it is a job, it goes on without its caller. So start what must " +
    "go on by itself, such as a long build, with wait_ms 0 and a timeout_ms that is long enough: at the timeout every " +
    "command is ended, and when the agent on that machine stops. Once the command itself has ended, background " +
    "processes that it left go on, and what they write is not reported: redirect it to a file.",
  access: "execute",
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
  params: z.strictObject({
    command: z.string().min(1).max(131_072).optional().describe(
      'A line for the host\'s shell, such as "ls -la | head". Give this or argv, not both',
    ),
    argv: z.array(z.string().max(131_072)).min(1).max(4096).optional().describe(
      'Program and arguments without a shell, such as ["git", "log", "-1"]. Give this or command, not both',
    ),
    cwd: z.string().min(1).max(4096).optional().describe(
      "Folder to run in; ~ is the home folder of the agent's user, which is the default and where a relative path starts",
    ),
    env: z.record(z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/), z.string().max(131_072)).optional().describe(
      "Environment variables to add or replace. In plan mode they are refused unless the command runs isolated",
    ),
    timeout_ms: z.number().int().positive().optional().describe(
      "Milliseconds after which the command is ended, also as a job. Default 300000 (5 minutes); any length is allowed",
    ),
    wait_ms: z.number().int().min(0).max(MAX_WAIT_MS).optional().describe(
      `Milliseconds to wait for the end before the answer is a running job. Default ${EXEC_WAIT_MS}; 0 answers as soon ` +
        `as it has started; at most ${MAX_WAIT_MS}, but many clients give up after a minute`,
    ),
    max_output_bytes: z.number().int().min(MIN_ANSWERED_BYTES).max(MAX_ANSWERED_BYTES).optional().describe(
      "Bytes of stdout and stderr together that the answer carries at most; of a longer output it carries the beginning " +
        `and the end, and job_get reads all of it. From ${MIN_ANSWERED_BYTES} to ${MAX_ANSWERED_BYTES}, which is the default`,
    ),
    stdin: z.string().max(4 * 1024 * 1024).optional().describe("Text for the command's standard input"),
  }),
  result: z.object({
    job: JobId,
    status: z.enum(["ended", "running"]).describe("running: not ended within wait_ms, it goes on as a job"),
    exitCode: z.number().int().nullable().describe(
      "Exit code; null if a signal ended the command or it runs",
    ),
    signal: z.string().nullable().describe("Signal that ended the command, such as SIGKILL, or null"),
    timedOut: z.boolean().describe("True if the command was ended because timeout_ms passed"),
    durationMs: z.number().nonnegative().describe("Milliseconds from start to end, or until now"),
    stdout: Output,
    stderr: Output,
    isolation: Isolation,
    outputKept: z.boolean().describe(
      "True if job_get can read the output from the first byte: of every running job, and of an ended one whose output was truncated here",
    ),
    droppedBytes: z.number().int().nonnegative().describe(
      "Bytes of both outputs that were not kept for job_get, because they came after its limit of 64 MiB or the disk was full",
    ),
    note: z.string().optional().describe("What else is to be known, such as why the command was isolated"),
  }),
});
