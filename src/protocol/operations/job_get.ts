/**
 * The operation `job_get`: what became of a job, and its output from a cursor on.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { JobId, JobSummary } from "../job.ts";

/** Bytes of output in one answer by default, of both outputs together. */
export const JOB_PAGE_BYTES = 64 * 1024;
const MIN_PAGE_BYTES = 16;
const MAX_PAGE_BYTES = 1024 * 1024;
/** Milliseconds that the end of a job is waited for by default. */
export const JOB_END_WAIT_MS = 45_000;
/** Below the minute at which many clients give up. */
const MAX_WAIT_MS = 50_000;

const Cursor = z.object({
  stdout: z.number().int().nonnegative(),
  stderr: z.number().int().nonnegative(),
});

/** A part of one output. */
export const OutputPage = z.object({
  text: z.string().describe("What was written from the cursor on; never half a character"),
  bytes: z.number().int().nonnegative().describe("How many bytes of output this text is"),
  hasMore: z.boolean().describe("True if more of it can be read at once, from the cursor in the answer"),
  droppedBytes: z.number().int().nonnegative().describe(
    "Bytes that the command wrote and that were not kept, after everything that can be read",
  ),
  invalidUtf8: z.boolean().describe("True if bytes that are not UTF-8 were replaced by U+FFFD in text"),
});
export type OutputPage = z.infer<typeof OutputPage>;

export const jobGet = defineOperation({
  title: "Look at a job",
  description:
    "Tells whether a job runs or how it ended, and its output from a cursor on. Pass the cursor of the last answer to " +
    "read on, and wait_ms to wait for new output or the end, whichever is first; with wait_for end only the end is waited " +
    "for. To follow a job, call it again and again with that cursor until the status is not running and both outputs have " +
    "nothing more. Everyone who may run " +
    "commands on a machine may look at all jobs of it. Output is kept up to 64 MiB a job; ended jobs are forgotten after " +
    "7 days, and before that the oldest when there are over 1000 of them or 1 GiB of output.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    job: JobId,
    cursor: Cursor.partial().strict().optional().describe(
      "Where to read from, in bytes of each output: the cursor of the last answer. Without it: from the beginning",
    ),
    wait_for: z.enum(["news", "end"]).optional().describe(
      "What to wait for. news: new output or the end, whichever is first. end: the end alone, whatever the job writes " +
        "meanwhile. Default news",
    ),
    wait_ms: z.number().int().min(0).max(MAX_WAIT_MS).optional().describe(
      `Milliseconds to wait at most. Default 0, and ${JOB_END_WAIT_MS} with wait_for end; at most ${MAX_WAIT_MS}`,
    ),
    max_bytes: z.number().int().min(MIN_PAGE_BYTES).max(MAX_PAGE_BYTES).optional().describe(
      `Bytes of output to return at most, of both outputs together. Default ${JOB_PAGE_BYTES}, at most ${MAX_PAGE_BYTES}`,
    ),
  }),
  result: z.object({
    ...JobSummary.shape,
    stdout: OutputPage,
    stderr: OutputPage,
    cursor: Cursor.describe("Pass it to the next call to read on"),
    outputKept: z.boolean().describe(
      "False if the output was whole in the answer of exec, or lost, and cannot be read here",
    ),
    note: z.string().optional().describe("What else is to be known, such as that a lost job may still run"),
  }),
});
