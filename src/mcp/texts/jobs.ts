/**
 * Commands and jobs as short texts, for models and people whose client shows no structured content.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import type { JobSummary } from "../../protocol/job.ts";
import type { Output } from "../../protocol/operations/exec.ts";
import type { OutputPage } from "../../protocol/operations/job_get.ts";
import type { ResultOf } from "../../protocol/operation.ts";

type ExecResult = ResultOf<"exec">;

/** Characters of each end of an output that a text shows; the structured content has more. */
const SHOWN_END_CHARACTERS = 4_000;
/** Characters of a command in a line of a list. */
const SHOWN_COMMAND_CHARACTERS = 120;

/** Tells whether a command did what it was asked to, by the custom of its exit code; one that runs has not failed. */
export function hasSucceeded({ status, exitCode }: Pick<ExecResult, "status" | "exitCode">): boolean {
  return status === "running" || exitCode === 0;
}

/** Renders the result of `exec`. */
export function describeExec(result: ExecResult, agent: AgentRef): string {
  const { job, status, outputKept, droppedBytes, note } = result;
  const hasCut = result.stdout.truncated || result.stderr.truncated;
  return [
    status === "running"
      ? `Still running on ${agent.name} after ${
        seconds(result.durationMs)
      } as job ${job}: read on with job_get, end it with job_cancel`
      : `${howItEnded(result)} on ${agent.name}`,
    ...(result.isolation === "isolated"
      ? ["It ran isolated: without network, and nothing that it changed remains"]
      : []),
    ...(note === undefined ? [] : [`Note: ${note}`]),
    ...(status === "ended" && outputKept && hasCut ? [`job_get reads all of the output of job ${job}`] : []),
    ...(droppedBytes > 0 ? [`${droppedBytes} bytes of the output are not kept for job_get`] : []),
    ...describeOutput("stdout", result.stdout),
    ...describeOutput("stderr", result.stderr),
  ].join("\n");
}

/** Renders an output of which the beginning and the end are known. */
export function describeOutput(name: string, output: Output): string[] {
  if (output.bytes === 0) return [];
  const notes = [`${output.bytes} bytes`];
  if (output.invalidUtf8) notes.push(NOT_UTF8);
  const whole = output.truncated ? undefined : output.head + output.tail;
  if (whole !== undefined && whole.length <= 2 * SHOWN_END_CHARACTERS) {
    return [`--- ${name} (${notes.join(", ")})`, whole];
  }
  // Half of a character would make the JSON unreadable for strict clients.
  const head = output.head.slice(0, SHOWN_END_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "");
  const tail = (output.tail === "" ? output.head : output.tail).slice(-SHOWN_END_CHARACTERS)
    .replace(/^[\uDC00-\uDFFF]/, "");
  notes.push("the middle is left out here");
  return [`--- ${name} (${notes.join(", ")})`, head, "[...]", tail];
}

/** Renders the result of `job_get`. */
export function describeJobGet(result: ResultOf<"job_get">, agent: AgentRef): string {
  const { cursor, note } = result;
  const hasMore = result.stdout.hasMore || result.stderr.hasMore;
  const next = `cursor {"stdout": ${cursor.stdout}, "stderr": ${cursor.stderr}}`;
  return [
    `Job ${result.job} on ${agent.name}: ${stateOf(result)}`,
    `Command: ${oneLine(result.command)}`,
    ...(note === undefined ? [] : [`Note: ${note}`]),
    ...describePage("stdout", result.stdout),
    ...describePage("stderr", result.stderr),
    ...(hasMore
      ? [`There is more: read on with ${next}`]
      : result.status === "running"
      ? [`To follow it, call job_get with ${next} and wait_ms, or with wait_for end until it has ended`]
      : []),
  ].join("\n");
}

/** Renders the result of `job_list`. */
export function describeJobList({ jobs, omitted }: ResultOf<"job_list">, agent: AgentRef): string {
  if (jobs.length === 0) return `No such jobs on ${agent.name}`;
  return [
    `${jobs.length} ${jobs.length === 1 ? "job" : "jobs"} on ${agent.name}, the newest first`,
    ...jobs.map((job) =>
      `${job.job}  ${job.startedAt}  ${stateOf(job)}, by ${job.caller.name}: ${shorten(oneLine(job.command))}`
    ),
    ...(omitted > 0 ? [`${omitted} older ones are left out: pass the last id as before to see them`] : []),
  ].join("\n");
}

/** Renders the result of `job_cancel`. */
export function describeJobCancel(result: ResultOf<"job_cancel">, agent: AgentRef): string {
  const what = {
    cancelled: "Ended",
    already_ended: "Nothing to do: it had ended before",
    still_running: "It has been told to end, and has not ended yet: look again with job_get",
  }[result.outcome];
  return [
    `${what}. Job ${result.job} on ${agent.name}: ${stateOf(result)}`,
    ...(result.note === undefined ? [] : [`Note: ${result.note}`]),
  ].join("\n");
}

const NOT_UTF8 = "bytes that are not UTF-8 are shown as \uFFFD";

function stateOf(job: JobSummary): string {
  switch (job.status) {
    case "running":
      return `running for ${seconds(job.durationMs ?? 0)}`;
    case "ended":
      return howItEnded({ ...job, durationMs: job.durationMs ?? 0 });
    case "cancelled":
      return `cancelled${job.durationMs === null ? "" : ` after ${seconds(job.durationMs)}`}: ${
        oneLine(job.reason ?? "")
      }`;
    case "lost":
      return `lost: ${oneLine(job.reason ?? "")}`;
  }
}

function howItEnded(
  job: Pick<ExecResult, "durationMs" | "timedOut" | "signal" | "exitCode">,
): string {
  const time = seconds(job.durationMs);
  if (job.timedOut) return `Failed: ended after its time of ${time}`;
  if (job.signal !== null) return `Failed: ended by ${job.signal} after ${time}`;
  return job.exitCode === 0 ? `Succeeded in ${time}` : `Failed with exit code ${job.exitCode} after ${time}`;
}

function describePage(name: string, page: OutputPage): string[] {
  if (page.bytes === 0 && page.droppedBytes === 0) return [];
  const notes = [`${page.bytes} bytes`];
  if (page.invalidUtf8) notes.push(NOT_UTF8);
  if (page.droppedBytes > 0) notes.push(`${page.droppedBytes} bytes after what is kept were dropped`);
  return [`--- ${name} (${notes.join(", ")})`, page.text];
}

/** A name or command may hold anything; a line break in it must not look like a line of ours. */
function oneLine(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]+/gu, " ");
}

function shorten(text: string): string {
  if (text.length <= SHOWN_COMMAND_CHARACTERS) return text;
  return `${text.slice(0, SHOWN_COMMAND_CHARACTERS).replace(/[\uD800-\uDBFF]$/, "")}[...]`;
}

function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 2 : 0)} s`;
}
