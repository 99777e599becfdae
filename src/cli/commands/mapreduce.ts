/**
 * `remote-agent mapreduce`: work on much data with commands on many machines.
 */
import { ConfigError } from "../../errors.ts";
import { answerMapReduce, mapReduce } from "../../mcp/tools/mapreduce.ts";
import type { ToolAnswer, ToolContext } from "../../mcp/tool.ts";
import { describeIssues } from "../../protocol/describe_issues.ts";
import { callTool } from "../call_tool.ts";
import type { CommandContext, MapReduceOptions } from "../command.ts";
import { readDuration } from "../duration.ts";
import { readNumber, withoutAbsent } from "../option_values.ts";

/** Milliseconds of one look; then the next begins. */
const LOOK_MS = 600_000;
/** Milliseconds that the end of a run is waited for: its commands get a signal, and its hosts remove its data. */
const END_MS = 10_000;
const MAX_TIMEOUT_MS = 7 * 86_400_000;
/** Whoever reads this on a terminal can scroll. */
const MAX_TOKENS = 100_000;

/** Carries a distributed run out and waits for its end. Exit code 1 if it failed. */
export async function execute(context: CommandContext, options: MapReduceOptions): Promise<number> {
  const input = mapReduce.input.safeParse(withoutAbsent({
    target: options.target,
    include_self: options.includeSelf,
    data: readData(options.data),
    file: options.file,
    glob: options.glob,
    map_fn: options.map,
    combine_fn: options.combine,
    reduce_fn: options.reduce,
    key: options.key,
    reducers: readNumber(options.reducers),
    format: options.format,
    split_by: options.splitBy,
    record_bytes: readNumber(options.recordBytes),
    partitions: readNumber(options.partitions),
    cwd: options.cwd,
    timeout_ms: options.timeout === undefined
      ? undefined
      : readDuration(options.timeout, { flag: "--timeout", mostMs: MAX_TIMEOUT_MS }),
    max_retries: readNumber(options.maxRetries),
    slots: readNumber(options.slots),
    output: options.output,
    resume: options.resume,
    dry_run: options.dryRun,
    wait_ms: LOOK_MS,
    max_tokens: MAX_TOKENS,
  }));
  if (!input.success) throw new ConfigError(`Cannot begin the run: ${describeIssues(input.error)}`);
  return await callTool(context, {
    tool: mapReduce,
    args: input.data,
    json: options.json,
    follow: untilEnd,
    interrupted: endRun,
  });
}

/** Looks at a run until it has ended. */
async function untilEnd(answer: ToolAnswer, context: ToolContext): Promise<ToolAnswer> {
  let latest = answer;
  while (latest.structured["status"] === "running") {
    const args = { resume: latest.structured["run"], wait_ms: LOOK_MS, max_tokens: MAX_TOKENS };
    latest = await mapReduce.handle(args, context);
  }
  return latest;
}

function readData(text: string | undefined): unknown {
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read --data as JSON: ${reason}`, { cause });
  }
}

/** Ctrl-C ends the run: waits until nothing of it is left, and tells how far it was. */
async function endRun(context: ToolContext): Promise<ToolAnswer | undefined> {
  const [newest] = context.fleet.mapReduces.recent();
  if (newest === undefined) return undefined;
  const run = await context.fleet.mapReduces.find(newest.id);
  if (run === undefined) return undefined;
  run.cancel();
  await run.wait(END_MS);
  return await answerMapReduce(run, MAX_TOKENS);
}
