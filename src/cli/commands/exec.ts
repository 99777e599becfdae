/**
 * `remote-agent exec`: one command on many machines.
 */
import { ConfigError } from "../../errors.ts";
import { fleetCancel, fleetGet } from "../../mcp/tools/fleet_get.ts";
import { fleetTool } from "../../mcp/tools/fleet_tools.ts";
import type { ToolAnswer, ToolContext } from "../../mcp/tool.ts";
import { describeIssues } from "../../protocol/describe_issues.ts";
import { callTool } from "../call_tool.ts";
import type { CommandContext, ExecOptions } from "../command.ts";
import { readDuration } from "../duration.ts";
import { readNumber, withoutAbsent } from "../option_values.ts";

/** Milliseconds of one look; then the next begins. */
const LOOK_MS = 600_000;
const MAX_TIMEOUT_MS = 7 * 86_400_000;
/** Whoever reads this on a terminal can scroll. */
const MAX_TOKENS = 100_000;

/** Runs a command on all machines that the target means, and waits for its end. Exit code 1 unless all succeeded. */
export async function execute(context: CommandContext, options: ExecOptions): Promise<number> {
  const { words, timeout, json, ...flow } = options;
  const [line] = words;
  const tool = fleetTool("fleet_exec");
  const input = tool.input.safeParse(withoutAbsent({
    ...(words.length === 0 ? {} : words.length === 1 ? { command: line } : { argv: words }),
    target: flow.target,
    cwd: flow.cwd,
    timeout_ms: timeout === undefined
      ? undefined
      : readDuration(timeout, { flag: "--timeout", mostMs: MAX_TIMEOUT_MS }),
    include_self: flow.includeSelf,
    dry_run: flow.dryRun,
    parallel: readNumber(flow.parallel),
    canary: readNumber(flow.canary),
    wave_size: readNumber(flow.waveSize),
    max_failures: readNumber(flow.maxFailures),
    retry_failed: flow.retryFailed,
    mask_numbers: flow.maskNumbers,
    wait_ms: LOOK_MS,
    max_tokens: MAX_TOKENS,
  }));
  if (!input.success) throw new ConfigError(`Cannot run: ${describeIssues(input.error)}`);
  return await callTool(context, { tool, args: input.data, json, follow: untilEnd, interrupted: endRun });
}

/** Looks at a run until it has ended. */
async function untilEnd(answer: ToolAnswer, context: ToolContext): Promise<ToolAnswer> {
  let latest = answer;
  while (latest.structured["status"] === "running") {
    const run = latest.structured["run"];
    latest = await fleetGet.handle({ run, wait_ms: LOOK_MS, max_tokens: MAX_TOKENS }, context);
  }
  return latest;
}

/** Ctrl-C means the commands, not the looking: ends them everywhere, and tells what became of each. */
async function endRun(context: ToolContext): Promise<ToolAnswer | undefined> {
  const [newest] = context.fleet.runs.recent();
  if (newest === undefined || newest.startedAt < performance.timeOrigin) return undefined;
  return await fleetCancel.handle({ run: newest.id, max_tokens: MAX_TOKENS }, context);
}
