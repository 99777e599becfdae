/**
 * Runs of many hosts as short texts. What hosts said stands behind a bar on each line, so that nothing in it can pass for a line
 * about other hosts.
 */
import type { FoldedGroup, FoldedRun } from "../../fleet/fold.ts";
import type { Flow } from "../../fleet/run.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import type { HostStatus } from "../../protocol/run.ts";

/** In the order in which they are counted; `succeeded` stands before them. */
const COUNTED = ["failed", "timed_out", "refused", "gone", "skipped"] as const;

const STATUS_WORDS: Readonly<Record<HostStatus, string>> = {
  succeeded: "succeeded",
  failed: "failed",
  timed_out: "timed out",
  refused: "refused",
  gone: "gone",
  skipped: "skipped",
  running: "still running",
  waiting: "waiting",
};

const LEFT_OUT_WORDS: Readonly<Record<FoldedRun["leftOut"][number]["reason"], string>> = {
  self: "the caller itself",
  not_accepting: "run nothing for others",
  succeeded_before: "succeeded in the earlier run",
};

/** Renders a run: how many succeeded, then each group with what it said, and what can be done next. */
export function describeFleet(folded: FoldedRun): string {
  const { leftOut, notes } = folded;
  return [
    summaryOf(folded),
    ...(folded.status === "running" || folded.status === "ended" ? [] : [
      `The run was ${folded.status}${folded.reason === undefined ? "" : `: ${plainLine(folded.reason)}`}`,
    ]),
    ...folded.groups.flatMap((group) => describeGroup(group)),
    ...leftOut.map(leftOutText),
    ...notes.map((note) => `Note: ${plainLine(note)}`),
    ...nextSteps(folded),
  ].join("\n");
}

/** Renders whom a run would reach, and in which order. */
export function describeDryRun({ tool, counts, groups, leftOut }: FoldedRun, flow: Flow): string {
  const [group] = groups;
  const order = [
    ...(flow.canary > 0 ? [`${flow.canary} first, alone`] : []),
    ...(flow.waveSize > 0 ? [`in waves of ${flow.waveSize}`] : []),
    `at most ${flow.parallel} at once`,
    ...(Number.isFinite(flow.maxFailures) ? [`until more than ${flow.maxFailures} failed`] : []),
  ];
  return [
    `Dry run, nothing was done. ${tool} would reach ${plural(counts.hosts)}: ${
      plainLine(group?.hosts ?? "")
    }`,
    `Order: ${order.join(", ")}`,
    ...leftOut.map(leftOutText),
  ].join("\n");
}

/** Tells how many hosts of a run did what, in one line. */
export function summaryOf({ run, counts, target }: Pick<FoldedRun, "run" | "counts" | "target">): string {
  if (counts.hosts === 0) return `No hosts to work on in "${plainLine(target)}" (run ${run})`;
  const parts = [
    `${counts.succeeded} of ${counts.hosts} succeeded`,
    ...COUNTED.flatMap((status) => counts[status] === 0 ? [] : [`${counts[status]} ${STATUS_WORDS[status]}`]),
    ...(counts.running === 0 ? [] : [`still running on ${counts.running}`]),
    ...(counts.waiting === 0 ? [] : [`${counts.waiting} waiting`]),
  ];
  return `${parts.join(", ")} (run ${run})`;
}

function leftOutText({ hosts, count, reason }: FoldedRun["leftOut"][number]): string {
  return `Left out (${LEFT_OUT_WORDS[reason]}): ${plural(count)}: ${plainLine(hosts)}`;
}

function describeGroup(group: FoldedGroup): string[] {
  const { error, note, jobs = [], isDiff, bytes, outputs, text, end, omittedCharacters } = group;
  const saidNothing = bytes === 0 && error === undefined && group.status !== "running" &&
    group.status !== "waiting" && group.status !== "skipped";
  const details = [
    ...(saidNothing ? ["no output"] : []),
    ...(isDiff === true ? ["diff against the first group"] : []),
    ...(outputs === undefined ? [] : [`${outputs} different outcomes, not shown one by one`]),
  ];
  return [
    // Status first: no name can pass for it.
    `== ${plural(group.count)} ${endingOf(group)}${details.length === 0 ? "" : ` (${details.join("; ")})`}: ${
      plainLine(group.hosts)
    }`,
    ...(error === undefined ? [] : [`Error: ${errorText(error)}`]),
    ...(note === undefined ? [] : [`Note: ${plainLine(note)}`]),
    ...(jobs.length === 0
      ? []
      : [`Jobs: ${jobs.map(({ agent, job }) => `${plainLine(agent)} ${plainLine(job)}`).join(", ")}`]),
    ...barred(text),
    ...(omittedCharacters > 0 ? [`[${omittedCharacters} characters are left out here]`] : []),
    ...barred(end ?? ""),
  ];
}

function endingOf({ status, exitCode, signal, error }: FoldedGroup): string {
  const words = STATUS_WORDS[status];
  if (signal !== undefined) return `${words}: ended by ${plainLine(signal)}`;
  if (exitCode !== undefined && exitCode !== 0) return `${words} with exit code ${exitCode}`;
  if (error === undefined) return words;
  return `${words} [${error.code}${error.rule === undefined ? "" : `: ${plainLine(error.rule)}`}]`;
}

function errorText({ message, remedy }: NonNullable<FoldedGroup["error"]>): string {
  if (message === undefined) return "not the same for all";
  return plainLine(remedy === undefined ? message : `${message}. ${remedy}`);
}

/** Each line behind a bar. */
function barred(text: string): string[] {
  return text === "" ? [] : text.split("\n").map((line) => `| ${line}`);
}

function nextSteps({ run, tool, status, counts }: FoldedRun): string[] {
  if (status === "running" && counts.running + counts.waiting > 0) {
    return [`It goes on: follow it with fleet_get and run "${run}"`];
  }
  const failed = counts.hosts - counts.succeeded;
  return [
    // An undo is asked for by the run that it undoes.
    ...(failed > 0 && tool !== "undo_run"
      ? [`To try again where it did not succeed, call with retry_failed "${run}"`]
      : []),
    ...(tool === "fleet_write" && counts.succeeded > 0
      ? [`undo_run with run "${run}" puts back what was overwritten`]
      : []),
  ];
}

function plural(count: number): string {
  return `${count} ${count === 1 ? "host" : "hosts"}`;
}
