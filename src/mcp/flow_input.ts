/**
 * Arguments that all fleet tools have in common: who is meant, how fast, and how much of the answer is shown.
 */
import * as z from "zod";
import { DEFAULT_FOLD_TOKENS, MIN_FOLD_TOKENS } from "../fleet/fold.ts";
import { DEFAULT_PARALLEL, type RunPlan } from "../fleet/plan_run.ts";
import { RunId } from "../protocol/run.ts";

/** Milliseconds that a fleet call waits by default: below the minute at which many clients give up. */
export const FLEET_WAIT_MS = 45_000;

const Count = z.union([
  z.number().int().min(0).max(100_000),
  z.string().regex(/^\d{1,3}(\.\d+)?%$/, { error: 'must be a number or a part such as "10%"' }),
]);

/** What a target is, in a few words. */
export const TARGET_HELP =
  'Which machines: "all"; tags such as "web,db" (any of them); "os:linux", "arch:arm64", "mode:edit", ' +
  '"name:web-*", "id:..."; joined by & (and), | (or), ! (not) and parentheses, as in "web & os:linux & !canary"; and at the end ' +
  '"& 10%" or "& n:3" for some of them, always the same ones';

/** Who is meant. */
export const TARGET_INPUT = {
  target: z.string().min(1).max(4096).optional().describe(
    `${TARGET_HELP}. Needed unless retry_failed is given`,
  ),
  include_self: z.boolean().optional().describe(
    "Whether the machine that this server runs on may be among them. Default false",
  ),
  dry_run: z.boolean().optional().describe(
    "Only show which machines are meant, and do nothing. Default false",
  ),
} as const;

/** How the answer is shown. */
export const SHOWN_INPUT = {
  wait_ms: z.number().int().min(0).max(600_000).optional().describe(
    `Milliseconds to wait before the answer tells what is done so far and what runs on. Default ${FLEET_WAIT_MS}; many ` +
      "clients give up after a minute",
  ),
  mask_numbers: z.boolean().optional().describe(
    "Machines whose outputs differ only in numbers count as alike; the numbers are shown as #. Default false",
  ),
  max_tokens: z.number().int().min(MIN_FOLD_TOKENS).max(100_000).optional().describe(
    `About how many tokens the answer may have. Default ${DEFAULT_FOLD_TOKENS}`,
  ),
} as const;

/** How fast it goes, and when it stops. */
export const FLOW_INPUT = {
  ...TARGET_INPUT,
  parallel: z.number().int().min(1).max(5_000).optional().describe(
    `Machines worked on at once. Default ${DEFAULT_PARALLEL}`,
  ),
  canary: Count.optional().describe(
    'So many machines first, alone: a number or "5%". If one of them fails, no other is begun',
  ),
  wave_size: z.number().int().min(1).max(100_000).optional().describe(
    "So many machines at a time: all of a wave have ended before the next begins",
  ),
  max_failures: Count.optional().describe(
    'When more machines than this failed, a number or "10%", no other is begun. Default: go on whatever fails',
  ),
  retry_failed: RunId.optional().describe(
    "Id of an earlier run: only its machines that did not succeed; what is not given anew is as it was then",
  ),
  ...SHOWN_INPUT,
} as const;

/** Those arguments, as they were parsed. */
export const FlowInput = z.object(FLOW_INPUT);
export type FlowInput = z.infer<typeof FlowInput>;

/** Tells the arguments of the flow from those of the operation. */
export function splitFlow(
  args: Record<string, unknown>,
): { flow: FlowInput; params: Record<string, unknown> } {
  const params = Object.fromEntries(Object.entries(args).filter(([key]) => !Object.hasOwn(FLOW_INPUT, key)));
  return { flow: FlowInput.parse(args), params };
}

/** The flow as a plan of a run takes it. */
export function planOf(flow: FlowInput): Omit<RunPlan, "tool" | "op" | "params"> {
  return {
    target: flow.target,
    includeSelf: flow.include_self,
    retryFailed: flow.retry_failed,
    parallel: flow.parallel,
    canary: flow.canary,
    waveSize: flow.wave_size,
    maxFailures: flow.max_failures,
  };
}
