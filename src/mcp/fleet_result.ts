/**
 * What the fleet tools answer, as a schema for clients. The type is that of `foldRun`.
 */
import * as z from "zod";
import type { FoldedRun } from "../fleet/fold.ts";
import { ErrorCode } from "../protocol/error_code.ts";
import { HostStatus, RunStatus } from "../protocol/run.ts";

const Count = z.number().int().nonnegative();

const Group = z.object({
  hosts: z.string().describe('Names, folded, such as "web-[1-12],db-1"; if too many, then "... and 9 more"'),
  count: Count.describe("How many hosts"),
  status: HostStatus,
  exitCode: z.number().int().optional(),
  signal: z.string().optional().describe("Signal that ended the command"),
  error: z.object({
    code: ErrorCode,
    rule: z.string().optional().describe("Which rule of the hosts' policy refused"),
    message: z.string().optional().describe("Absent if the hosts differ in it"),
    remedy: z.string().optional(),
  }).optional(),
  note: z.string().optional(),
  jobs: z.array(z.object({ agent: z.string(), job: z.string() })).optional().describe(
    "Some of the jobs, for job_get and job_cancel",
  ),
  text: z.string().describe(
    "What each of these hosts said, or the beginning of it. Control characters are shown as codes such as \\u{1b}",
  ),
  end: z.string().optional().describe("The end of it, if its middle is left out"),
  omittedCharacters: Count.describe("Characters left out between text and end"),
  isDiff: z.boolean().optional().describe("True if text is a unified diff against the first group's"),
  bytes: Count.optional().describe("Size of what each host said; absent if they said different things"),
  isCut: z.boolean().optional().describe(
    "True if a host has more output than it sent, for job_get to read",
  ),
  outputs: Count.optional().describe(
    "Present if these hosts had that many different outcomes and there is no room for each",
  ),
});

const Host = z.object({
  id: z.string(),
  name: z.string(),
  status: HostStatus,
  exitCode: z.number().int().optional(),
  job: z.string().optional(),
  durationMs: Count.optional(),
  group: Count.describe("Index in groups"),
});

/** A run as its tools answer it. */
export const FleetResult = z.object({
  run: z.string().nullable().describe(
    "The run's id, for fleet_get, retry_failed and undo_run; null after a dry run",
  ),
  tool: z.string(),
  target: z.string(),
  status: RunStatus,
  reason: z.string().optional().describe("Why the run was stopped, cancelled or lost"),
  counts: z.object({
    hosts: Count,
    succeeded: Count,
    failed: Count,
    refused: Count,
    timed_out: Count,
    gone: Count,
    skipped: Count,
    running: Count,
    waiting: Count,
  }),
  groups: z.array(Group).describe(
    "Every host is in exactly one. The first is the largest of those that ran, then failures, other results, and those not carried out",
  ),
  hosts: z.array(Host).describe("Single hosts, what went wrong first, as many as there is room for"),
  hostsOmitted: Count.describe("Hosts without an entry in hosts"),
  leftOut: z.array(
    z.object({
      hosts: z.string(),
      count: Count,
      reason: z.enum(["self", "not_accepting", "succeeded_before"]),
    }),
  ).describe("Hosts that the target matches and the run does not reach for"),
  notes: z.array(z.string()),
}) satisfies z.ZodType<FoldedRun>;
