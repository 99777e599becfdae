/**
 * The operation `part_run`: run a command of a distributed run, from parts on its host into parts on its host.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { Isolation } from "../job.ts";
import { MAX_PARTS_IN_REQUEST, MAX_REDUCERS, PartInfo, PartName, Ticket } from "../part.ts";
import { RunId } from "../run.ts";
import { Output } from "./exec.ts";

/** Which step of a run a command is. */
export const Stage = z.enum(["map", "combine", "reduce"]);
export type Stage = z.infer<typeof Stage>;

/** What the command reads. */
export const PartInput = z.object({
  /** In the order in which they are read. */
  parts: z.array(PartName).max(MAX_PARTS_IN_REQUEST).optional(),
  /** Files of the host, instead of parts. */
  files: z.array(z.string().min(1).max(4096)).max(4096).optional(),
  /** `concat`: one after the other. `key`: merged by key, each part being sorted by it; of equal keys in the order of parts. */
  merge: z.enum(["concat", "key"]),
  /** What a line of the input is: text as it is, or a JSON value. */
  items: z.enum(["text", "json"]),
  /**
   * How the command reads it. `bytes`: as it is, one source right after the other. `lines`: the same, but a source that does not end
   * in a line feed gets one before the next. `array`: one JSON array of the lines. `values`: one JSON array with the whole of
   * each part as one value. `groups`: for each key of the merged lines one line `{"key": ..., "values": [...]}`.
   */
  as: z.enum(["lines", "bytes", "array", "values", "groups"]),
});
export type PartInput = z.infer<typeof PartInput>;

/** What becomes of what the command writes. */
export const PartOutput = z.object({
  /** Beginning of the names of the parts: `<name>.<0 ...>`. */
  name: PartName,
  /** `whole`: one part with the bytes as they are. `value`: one part that is a JSON value. `keyed`: divided by key, sorted by it. */
  as: z.enum(["whole", "value", "keyed"]),
  /** How many parts; 1 unless `keyed`. */
  reducers: z.number().int().min(1).max(MAX_REDUCERS),
});
export type PartOutput = z.infer<typeof PartOutput>;

export const partRun = defineOperation({
  title: "Run a step of a distributed run",
  description:
    "Runs a command of mapreduce with parts as its input and output. It is judged as exec judges a command. What it writes is " +
    "kept on the host, for part_fetch of other hosts and part_read.",
  access: "execute",
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
  params: z.strictObject({
    run: RunId,
    ticket: Ticket,
    command: z.string().min(1).max(131_072),
    cwd: z.string().min(1).max(4096).optional(),
    timeout_ms: z.number().int().positive().optional(),
    stage: Stage,
    partition: z.number().int().nonnegative(),
    partitions: z.number().int().positive(),
    attempt: z.number().int().nonnegative(),
    input: PartInput,
    output: PartOutput,
  }),
  result: z.object({
    exitCode: z.number().int().nullable(),
    signal: z.string().nullable(),
    timedOut: z.boolean(),
    durationMs: z.number().nonnegative(),
    /** Empty unless the exit code is 0. */
    parts: z.array(PartInfo).max(MAX_REDUCERS),
    stderr: Output,
    isolation: Isolation,
  }),
});
