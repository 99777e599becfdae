/**
 * The tool `mapreduce`: work on much data with commands on many machines.
 */
import * as z from "zod";
import { OperationError } from "../../errors.ts";
import type { Fleet } from "../../fleet/fleet.ts";
import { MAX_PARTITIONS } from "../../fleet/mapreduce/split.ts";
import type { MapReduceInput, MapReduceRequest } from "../../fleet/mapreduce/request.ts";
import type { MapReduceHandle } from "../../fleet/mapreduce/service.ts";
import { MAX_REDUCERS } from "../../protocol/part.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { RunId } from "../../protocol/run.ts";
import { DEFAULT_FOLD_TOKENS, MIN_FOLD_TOKENS } from "../../fleet/fold.ts";
import { FLEET_WAIT_MS, TARGET_HELP } from "../flow_input.ts";
import { describeMapReduce, MapReduceResult, showMapReduce } from "../texts/mapreduce.ts";
import type { Tool, ToolAnswer, ToolContext } from "../tool.ts";

const Command = z.string().min(1).max(131_072);

/** The arguments. */
export const MapReduceArguments = z.strictObject({
  target: z.string().min(1).max(4096).optional().describe(`${TARGET_HELP}. Default "all"`),
  include_self: z.boolean().optional().describe(
    "Whether the machine that this server runs on takes part. Default false",
  ),
  data: z.array(z.unknown()).min(1).max(1_000_000).optional().describe(
    "The input as a list of items: a text is a line, other values are JSON. Give one of data, file and glob",
  ),
  file: z.string().min(1).max(4096).optional().describe(
    "The input as a file of the machine that this server runs on, of any size; it is cut into pieces that travel to the others",
  ),
  glob: z.string().min(1).max(4096).optional().describe(
    'The input as files that lie on the machines, such as "/var/log/app/*.log"; each is worked on where it lies',
  ),
  map_fn: Command.optional().describe(
    "Shell command that is run for each piece: the piece is its standard input, line by line; what it writes is its result. The " +
      "environment tells REMOTE_AGENTS_PARTITION, REMOTE_AGENTS_PARTITIONS, REMOTE_AGENTS_ATTEMPT and REMOTE_AGENTS_HOST. Needed " +
      "unless resume is given",
  ),
  combine_fn: Command.optional().describe(
    "Shell command that is run on what one map wrote, before it travels, such as the reduce itself where that is possible; with key " +
      "it gets the lines sorted by key",
  ),
  reduce_fn: Command.optional().describe(
    "Shell command that makes the result of what the maps wrote: without key one command that reads all outputs in the order of " +
      "the pieces; with key several, each of which reads its keys sorted and complete. Without it the maps' outputs are the result",
  ),
  key: z.boolean().optional().describe(
    "Whether maps write lines of key, TAB, value. Lines of the same key come to the same reduce. Default false",
  ),
  reducers: z.number().int().min(1).max(MAX_REDUCERS).optional().describe(
    "How many reduces with key. Default: one a machine, at most 16. The result does not depend on it: it is in the order of the keys",
  ),
  format: z.enum(["lines", "json"]).optional().describe(
    "How commands read. lines (default). json: a map reads one JSON array of its items; a reduce without key one JSON array of " +
      'what the maps wrote, with key a line {"key": ..., "values": [...]} for each key',
  ),
  split_by: z.enum(["lines", "bytes"]).optional().describe(
    "Where a file may be cut: after any line (default), or at multiples of record_bytes",
  ),
  record_bytes: z.number().int().min(1).optional().describe(
    "Bytes of a record, with split_by bytes. Default 1",
  ),
  partitions: z.number().int().min(1).max(MAX_PARTITIONS).optional().describe(
    "How many pieces. Default: by size and number of machines",
  ),
  cwd: z.string().min(1).max(4096).optional().describe(
    "Folder that commands run in. Default: the home folder",
  ),
  timeout_ms: z.number().int().positive().optional().describe(
    "Milliseconds after which an attempt is ended, and counts as failed. Default: none",
  ),
  max_retries: z.number().int().min(0).max(20).optional().describe(
    "How often a piece that failed is tried again, on another machine if there is one. Default 2",
  ),
  slots: z.number().int().min(1).max(64).optional().describe("Pieces at once on one machine. Default 2"),
  output: z.string().min(1).max(4096).optional().describe(
    "A file of the machine that this server runs on that takes the whole result; one that is there is backed up",
  ),
  resume: RunId.optional().describe(
    "Id of an earlier run: waits for one that goes on, shows one that has ended, and does again what is not finished of one that " +
      "failed. All other arguments but wait_ms and max_tokens are as they were",
  ),
  dry_run: z.boolean().optional().describe("Only tell which machines would take part. Default false"),
  wait_ms: z.number().int().min(0).max(600_000).optional().describe(
    `Milliseconds to wait before the answer tells how far it is; it goes on then, and resume waits on. Default ${FLEET_WAIT_MS}`,
  ),
  max_tokens: z.number().int().min(MIN_FOLD_TOKENS).max(100_000).optional().describe(
    `About how many tokens the answer may have. Default ${DEFAULT_FOLD_TOKENS}`,
  ),
});
export type MapReduceArguments = z.infer<typeof MapReduceArguments>;

/** The tool. */
export const mapReduce: Tool = {
  name: "mapreduce",
  title: "Work on much data with many machines",
  description:
    "Cuts data into pieces, runs a shell command on each of them on the machines of a target (map), and another on what those wrote " +
    "(reduce). The input is a list of items, a file of this machine of any size, or files that lie on the machines. Pieces are given " +
    "out as machines become free; one that fails is tried again on another machine, and slow ones are started twice. So a command " +
    "may run more than once for a piece, and must not mind: its result counts once. Every machine judges the commands by its own " +
    "mode, as it does for exec; outputs may be larger than memory. The answer shows the result as far as it fits; all of it is in " +
    "the resource run://<id>, or in the file that output names.",
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: true },
  input: MapReduceArguments,
  output: MapReduceResult,
  async handle(args, context) {
    const input = MapReduceArguments.parse(args);
    const { fleet } = context;
    if (input.dry_run === true) return await dryRun(fleet, input);
    const run = input.resume === undefined
      ? await fleet.mapReduces.start(requestOf(input))
      : await fleet.mapReduces.resume(input.resume);
    try {
      await watch(run, input.wait_ms ?? FLEET_WAIT_MS, context);
    } catch (error) {
      // Who cancels the call that began it means the run; who only waits for it does not.
      if (input.resume === undefined) run.cancel();
      throw error;
    }
    return await answerMapReduce(run, input.max_tokens ?? DEFAULT_FOLD_TOKENS);
  },
};

/** Waits for the end of a run and tells how it goes on. Rejects if the caller cancels meanwhile. */
async function watch(
  run: MapReduceHandle,
  waitMs: number,
  { signal, onProgress }: ToolContext,
): Promise<void> {
  const stop = run.onProgress(() => {
    const { progress, step } = run.status;
    if (progress === undefined) return;
    const { stage, done, total } = progress;
    onProgress?.({ progress: done, total, message: `${step}: ${stage} ${done}/${total}` });
  });
  try {
    await run.wait(waitMs, signal);
  } finally {
    stop();
  }
  if (signal.aborted) {
    throw new OperationError("cancelled", "Cannot wait for the run: the call was cancelled");
  }
}

/** Answers with what is known of a run. */
export async function answerMapReduce(run: MapReduceHandle, maxTokens: number): Promise<ToolAnswer> {
  const { status } = run;
  const shown = await showMapReduce(status, {
    maxTokens,
    read: (from, bytes) => run.readResult(from, bytes),
  });
  return {
    structured: { ...shown },
    text: describeMapReduce(shown),
    hasFailed: status.status === "failed" || status.status === "cancelled",
  };
}

async function dryRun(fleet: Fleet, input: MapReduceArguments): Promise<ToolAnswer> {
  const hosts = await fleet.mapReduces.hostsFor(requestOf(input));
  const shown = await showMapReduce(undefined, { hosts, maxTokens: input.max_tokens ?? DEFAULT_FOLD_TOKENS });
  return { structured: { ...shown }, text: describeMapReduce(shown) };
}

/** What is asked for. @throws {OperationError} If arguments are missing or do not go together. */
function requestOf(args: MapReduceArguments): MapReduceRequest {
  if (args.map_fn === undefined) {
    throw badRequest('"map_fn" is missing', "Give the command that is run for each piece");
  }
  if (args.reducers !== undefined && args.key !== true) {
    throw badRequest('"reducers" is given without "key"', "Only with key there are several reduces");
  }
  if (args.record_bytes !== undefined && args.split_by !== "bytes") {
    throw badRequest('"record_bytes" is given without split_by "bytes"', 'Pass split_by "bytes" as well');
  }
  return {
    target: args.target ?? "all",
    includeSelf: args.include_self ?? false,
    input: inputOf(args),
    map: args.map_fn,
    combine: args.combine_fn,
    reduce: args.reduce_fn,
    isKeyed: args.key ?? false,
    format: args.format ?? "lines",
    reducers: args.reducers,
    partitions: args.partitions,
    cwd: args.cwd,
    timeoutMs: args.timeout_ms,
    slots: args.slots,
    maxRetries: args.max_retries,
    output: args.output,
  };
}

function inputOf(
  { data, file, glob, split_by: splitBy, record_bytes: recordBytes }: MapReduceArguments,
): MapReduceInput {
  const given = [data, file, glob].filter((one) => one !== undefined);
  if (given.length !== 1) {
    throw badRequest(
      given.length === 0 ? "there is no input" : "there is more than one input",
      "Give one of data, file and glob",
    );
  }
  if (data !== undefined) return { type: "data", items: data };
  if (glob !== undefined) return { type: "glob", pattern: glob };
  return { type: "file", path: file ?? "", splitBy: splitBy ?? "lines", recordBytes };
}

function badRequest(problem: string, remedy: string): OperationError {
  return new OperationError("bad_request", `Cannot begin the run: ${plainLine(problem)}`, { remedy });
}
