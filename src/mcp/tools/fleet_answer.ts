/**
 * How the fleet tools carry a run out and answer: begin, wait, and show what is done so far.
 */
import { OperationError } from "../../errors.ts";
import type { Run } from "../../fleet/fan_out.ts";
import { DEFAULT_FOLD_TOKENS, type FoldedRun, foldRun } from "../../fleet/fold.ts";
import type { PlannedRun } from "../../fleet/plan_run.ts";
import type { RunRecord } from "../../fleet/run.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { FLEET_WAIT_MS, type FlowInput } from "../flow_input.ts";
import { describeDryRun, describeFleet } from "../texts/fleet.ts";
import { isCutHost, textOfHost } from "../texts/fold_texts.ts";
import type { ToolAnswer, ToolContext } from "../tool.ts";

/** How an answer is shown. */
export type Shown = Pick<FlowInput, "wait_ms" | "mask_numbers" | "max_tokens">;

/** Waits for a run as long as its caller wants to, and answers. A caller that cancels meanwhile ends the run. */
export async function answerRun(run: Run, shown: Shown, context: ToolContext): Promise<ToolAnswer> {
  try {
    await watchRun(run, shown.wait_ms ?? FLEET_WAIT_MS, context);
  } finally {
    if (context.signal.aborted) run.cancel("The caller cancelled the call");
  }
  return answerRecord(run.record, shown);
}

/** Waits for the end of a run, at most `waitMs`, and tells how it goes on. Rejects if the caller cancels meanwhile. */
export async function watchRun(run: Run, waitMs: number, { signal, onProgress }: ToolContext): Promise<void> {
  const stop = run.onProgress(({ done, total, last }) =>
    onProgress?.({
      progress: done,
      total,
      ...(last === undefined ? {} : { message: `${plainLine(last.agent.name)} ${last.status}` }),
    })
  );
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
export function answerRecord(record: RunRecord, shown: Shown): ToolAnswer {
  const folded = fold(record, shown);
  const hasFailed = record.status !== "running" && record.hosts.some(({ status }) => status !== "succeeded");
  return { structured: { ...folded }, text: describeFleet(folded), hasFailed };
}

/** Answers with who is meant, and what would be done in which order. */
export function answerDryRun(planned: PlannedRun, shown: Shown): ToolAnswer {
  const hosts = planned.hosts.map((agent) => ({ agent, status: "waiting" as const }));
  const record: RunRecord = { ...planned, hosts, id: "", status: "ended", startedAt: 0 };
  const folded = { ...fold(record, shown), run: null };
  return { structured: folded, text: describeDryRun(folded, planned.flow) };
}

function fold(record: RunRecord, shown: Shown): FoldedRun {
  return foldRun(record, {
    textOf: textOfHost(record.op, record.params),
    isCut: isCutHost,
    maskNumbers: shown.mask_numbers ?? false,
    maxTokens: shown.max_tokens ?? DEFAULT_FOLD_TOKENS,
    render: describeFleet,
  });
}
