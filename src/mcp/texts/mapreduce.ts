/**
 * Distributed runs as their tool answers them: how far they are, what failed where and why, and as much of the result as fits.
 */
import * as z from "zod";
import { CHARACTERS_PER_TOKEN } from "../../fleet/fold_budget.ts";
import type { AgentRef } from "../../fleet/fleet.ts";
import type { DistributedStatus } from "../../fleet/mapreduce/distributed_run.ts";
import { foldNames } from "../../fleet/name_ranges.ts";
import type { Bytes } from "../../protocol/bytes.ts";
import { plainLine, plainLines } from "../../protocol/plain_line.ts";

/** Failed pieces that are told, and attempts of each. */
const MAX_FAILED = 5;
const MAX_ATTEMPTS = 4;
/** Characters of one reason, and of the end of what a command wrote to stderr. */
const REASON_CHARACTERS = 300;
const NAMES_CHARACTERS = 400;

const Count = z.number().int().nonnegative();
const Progress = z.object({ stage: z.enum(["map", "reduce"]), done: Count, total: Count });

/** What the tool answers. */
export const MapReduceResult = z.object({
  run: z.string().nullable().describe("The run's id, for resume and fleet_cancel; null after a dry run"),
  status: z.enum(["running", "done", "failed", "cancelled", "dry_run"]),
  step: z.string().describe("What goes on"),
  hosts: z.string().describe("Names of the machines that take part"),
  hostCount: Count,
  progress: Progress.optional().describe("Pieces of the stage that goes on, or was the last"),
  durationMs: Count.optional(),
  problem: z.string().optional().describe("Why it failed"),
  failed: z.array(z.object({
    stage: z.string(),
    partition: Count,
    reason: z.string(),
    attempts: z.array(z.object({
      host: z.string(),
      exitCode: z.number().int().nullable().optional(),
      problem: z.string(),
    })),
  })).describe("Pieces that failed for good, where and why"),
  failedOmitted: Count,
  result: z.object({
    bytes: Count.describe("Size of the whole result"),
    text: z.string().describe("The result, or its beginning"),
    isCut: z.boolean(),
    path: z.string().optional().describe("The file that has it"),
    backupId: z.number().int().nullable().optional().describe("Of what was there before, for backup_restore"),
  }).optional(),
  notes: z.array(z.string()),
});
export type MapReduceResult = z.infer<typeof MapReduceResult>;

/** What showing needs beside the status. */
export interface ShowOptions {
  readonly maxTokens: number;
  /** Reads the kept result. */
  readonly read?: (from: number, maxBytes: number) => Promise<Bytes>;
  /** Of a dry run. */
  readonly hosts?: readonly AgentRef[];
}

/** Shows a run, or without one who would take part. */
export async function showMapReduce(
  status: DistributedStatus | undefined,
  options: ShowOptions,
): Promise<MapReduceResult> {
  const hosts = status?.hosts ?? options.hosts ?? [];
  const about = {
    hosts: plainLine(foldNames(hosts, { maxCharacters: NAMES_CHARACTERS })),
    hostCount: hosts.length,
  };
  if (status === undefined) {
    return {
      run: null,
      status: "dry_run",
      step: "nothing",
      ...about,
      failed: [],
      failedOmitted: 0,
      notes: [],
    };
  }
  const { progress, problem, failed, startedAt, endedAt } = status;
  const nameOf = (id: string) => plainLine(hosts.find((host) => host.id === id)?.name ?? id);
  return {
    run: status.id,
    status: status.status,
    step: status.step,
    ...about,
    ...(progress === undefined ? {} : { progress }),
    ...(endedAt === undefined ? {} : { durationMs: Math.max(0, Math.round(endedAt - startedAt)) }),
    ...(problem === undefined ? {} : { problem: cut(plainLine(problem)) }),
    failed: failed.slice(0, MAX_FAILED).map(({ stage, partition, reason, attempts }) => ({
      stage,
      partition,
      reason: cut(plainLine(reason)),
      attempts: attempts.slice(-MAX_ATTEMPTS).map((attempt) => ({
        host: nameOf(attempt.host),
        ...(attempt.exitCode === undefined ? {} : { exitCode: attempt.exitCode }),
        problem: cut(problemOf(attempt)),
      })),
    })),
    failedOmitted: Math.max(0, failed.length - MAX_FAILED),
    ...await resultOf(status, options),
    notes: status.notCleaned === 0 ? [] : [
      `${status.notCleaned} machines did not confirm that they removed the run's data; they do so after a day`,
    ],
  };
}

async function resultOf(
  { status, request, resultBytes, output }: DistributedStatus,
  { read, maxTokens }: ShowOptions,
): Promise<Pick<MapReduceResult, "result">> {
  if (status !== "done" || resultBytes === undefined) return {};
  // Of a run that was read back only what was asked for is known.
  const path = output?.path ?? request.output;
  if (path !== undefined) {
    return {
      result: {
        bytes: resultBytes,
        text: "",
        isCut: resultBytes > 0,
        path: plainLine(path),
        ...(output === undefined ? {} : { backupId: output.backupId }),
      },
    };
  }
  // Half of the budget is for what stands around it, and bytes that are no ASCII cost more than one character.
  const wanted = Math.floor(maxTokens * CHARACTERS_PER_TOKEN / 2);
  const bytes = await read?.(0, wanted) ?? new Uint8Array(0);
  // What the end of the budget cuts in two is not shown at all.
  const isCut = bytes.length < resultBytes;
  const whole = plainLines(new TextDecoder().decode(bytes, { stream: isCut }));
  const text = whole.slice(0, wanted).replace(/[\uD800-\uDBFF]$/, "");
  return { result: { bytes: resultBytes, text, isCut: isCut || text.length < whole.length } };
}

/** Renders a run in a few lines, with its result behind bars. */
export function describeMapReduce(shown: MapReduceResult): string {
  const { run, status, step, hosts, hostCount, progress, durationMs, problem, failed, result } = shown;
  const machines = `${hostCount} ${hostCount === 1 ? "host" : "hosts"}: ${hosts}`;
  if (run === null) return `Dry run, nothing was done. These would take part: ${machines}`;
  const work = progress === undefined ? "" : `, ${progress.stage} ${progress.done}/${progress.total}`;
  const time = durationMs === undefined ? "" : ` in ${(durationMs / 1000).toFixed(2)} s`;
  return [
    status === "running"
      ? `Running (${step})${work} (run ${run})`
      : `${capital(status)}${time}${work} (run ${run})`,
    machines,
    ...(problem === undefined ? [] : [`Problem: ${problem}`]),
    ...failed.flatMap(({ stage, partition, reason, attempts }) => [
      `== ${stage} ${partition} failed for good: ${reason}`,
      ...attempts.map((attempt) => `| ${attempt.host}: ${attempt.problem}`),
    ]),
    ...(shown.failedOmitted > 0 ? [`and ${shown.failedOmitted} more pieces failed`] : []),
    ...(result === undefined ? [] : describeResult(result, run)),
    ...shown.notes.map((note) => `Note: ${note}`),
    ...nextSteps(shown),
  ].join("\n");
}

/** Renders how a run stands, for whoever is shown its result beside it. */
export async function describeDistributedRun(status: DistributedStatus): Promise<string> {
  const { result, ...shown } = await showMapReduce(status, { maxTokens: 0 });
  const where = result === undefined
    ? []
    : result.path === undefined
    ? [`Result: ${result.bytes} bytes`]
    : describeResult(result, status.id);
  return [describeMapReduce(shown), ...where].join("\n");
}

function describeResult(
  { bytes, text, isCut, path, backupId }: NonNullable<MapReduceResult["result"]>,
  run: string,
): string[] {
  if (path !== undefined) {
    const backup = typeof backupId === "number" ? `; what was there before is backup ${backupId}` : "";
    return [`Result: ${bytes} bytes in ${path}${backup}`];
  }
  return [
    isCut
      ? `Result: ${bytes} bytes, of which this is the beginning; all of it is in the resource run://${run}`
      : `Result: ${bytes} bytes`,
    ...(text === "" ? [] : text.replace(/\n$/, "").split("\n").map((line) => `| ${line}`)),
  ];
}

function nextSteps({ run, status, progress }: MapReduceResult): string[] {
  if (status === "running") return [`It goes on: wait for it with mapreduce and resume "${run}"`];
  if (status === "failed" && progress !== undefined) {
    return [`What is finished is kept: mapreduce with resume "${run}" does the rest again`];
  }
  return [];
}

type Attempt = DistributedStatus["failed"][number]["attempts"][number];

function problemOf({ exitCode, signal, timedOut, stderr, error }: Attempt): string {
  const said = stderr === undefined || stderr.trim() === ""
    ? ""
    : `: ${plainLine(stderr.trim().slice(-REASON_CHARACTERS))}`;
  if (error !== undefined) return `${plainLine(error.message)} [${error.code}]${said}`;
  if (timedOut === true) return `ended after its time${said}`;
  if (typeof signal === "string") return `ended by ${plainLine(signal)}${said}`;
  return `exit code ${exitCode ?? "unknown"}${said}`;
}

function cut(text: string): string {
  return text.length <= 2 * REASON_CHARACTERS
    ? text
    : `${text.slice(0, 2 * REASON_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}[...]`;
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}
