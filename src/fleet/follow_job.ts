/**
 * Follows a command that goes on as a job of its host until it has ended, over lost connections, and gives its end the shape of
 * an answer of `exec`. Used by the runs.
 */
import { OperationError } from "../errors.ts";
import type { ErrorCode } from "../protocol/error_code.ts";
import type { JobId } from "../protocol/job.ts";
import type { Output } from "../protocol/operations/exec.ts";
import type { OutputPage } from "../protocol/operations/job_get.ts";
import type { ResultOf } from "../protocol/operation.ts";
import { judgeJob, type Judgement } from "./judge.ts";
import { pause } from "./pause.ts";

/** Milliseconds of one question: below the minute at which connections without traffic are often cut. */
const ASK_MS = 50_000;
/** A host that says "it runs" before it was to answer is not asked again at once. */
const MIN_ASK_MS = 1_000;
/** Milliseconds that a host may be out of reach before it counts as gone. */
export const LOST_MS = 120_000;
const FIRST_PAUSE_MS = 500;
const MAX_PAUSE_MS = 15_000;
/** Bytes of output in an answer. */
const MIN_BYTES = 1024;
const MAX_BYTES = 64 * 1024;

/** Errors after which the job may well go on. */
const PASSING: ReadonlySet<ErrorCode> = new Set([
  "peer_gone",
  "link_lost",
  "not_connected",
  "unknown_agent",
  "timed_out",
  "busy",
]);

/** What {@link followJob} needs. */
export interface FollowOptions {
  readonly job: JobId;
  /** Bytes of output that the end is shown with. */
  readonly maxBytes: number;
  /** Asks the host: parameters of `job_get`, answered by its result, whose shape was checked. */
  readonly ask: (params: Readonly<Record<string, unknown>>) => Promise<unknown>;
  /** What `exec` answered; absent if that is not known any more. */
  readonly begun?: ResultOf<"exec"> | undefined;
  readonly signal: AbortSignal;
  readonly now: () => number;
}

/** How a job ended. */
export interface JobEnd {
  readonly judgement: Judgement;
  readonly result: ResultOf<"exec">;
}

/**
 * Waits for the end of a job.
 *
 * @throws {OperationError} `peer_gone` if its host is out of reach for two minutes, `cancelled` if the signal aborts, and
 * whatever the host answers if it does not let one look at the job.
 */
export async function followJob(options: FollowOptions): Promise<JobEnd> {
  const { job, signal, now, begun } = options;
  const maxBytes = Math.min(MAX_BYTES, Math.max(MIN_BYTES, options.maxBytes));
  const ask = async (params: Readonly<Record<string, unknown>>) =>
    await options.ask({ job, max_bytes: maxBytes, ...params }) as ResultOf<"job_get">; // Its shape was checked.
  let lostAt: number | undefined;
  let pauseMs = FIRST_PAUSE_MS;
  for (;;) {
    const askedAt = now();
    try {
      const page = await ask({ wait_ms: ASK_MS, wait_for: "end" });
      lostAt = undefined;
      pauseMs = FIRST_PAUSE_MS;
      if (page.status !== "running") {
        return {
          judgement: judgeJob(page),
          result: resultOfJob(page, await readEnd(page, maxBytes, ask), begun),
        };
      }
      await pause(Math.max(0, MIN_ASK_MS - (now() - askedAt)), signal);
    } catch (thrown) {
      const error = OperationError.from(thrown);
      if (signal.aborted || !PASSING.has(error.code)) throw error;
      lostAt ??= askedAt;
      if (now() - lostAt >= LOST_MS) throw outOfReach(error);
      await pause(pauseMs, signal);
      pauseMs = Math.min(MAX_PAUSE_MS, pauseMs * 2);
    }
  }
}

/** The end of the outputs, where the first page is not all of them; undefined if it cannot be had. */
async function readEnd(
  page: ResultOf<"job_get">,
  maxBytes: number,
  ask: (params: Readonly<Record<string, unknown>>) => Promise<ResultOf<"job_get">>,
): Promise<ResultOf<"job_get"> | undefined> {
  if (!page.stdout.hasMore && !page.stderr.hasMore) return undefined;
  const from = ({ bytes, droppedBytes, hasMore }: OutputPage, all: number) =>
    hasMore ? Math.max(bytes, all - droppedBytes - Math.floor(maxBytes / 2)) : bytes;
  const cursor = {
    stdout: from(page.stdout, page.stdoutBytes),
    stderr: from(page.stderr, page.stderrBytes),
  };
  try {
    return await ask({ cursor });
  } catch (error) {
    if (error instanceof OperationError) return undefined; // How the job ended is known, and the beginning of its output.
    throw error;
  }
}

/**
 * Gives the end of a job the shape of an answer of `exec`.
 *
 * @param page - the first page of its output
 * @param end - the last page, if the first is not all
 */
export function resultOfJob(
  page: ResultOf<"job_get">,
  end: ResultOf<"job_get"> | undefined,
  begun?: ResultOf<"exec">,
): ResultOf<"exec"> {
  const note = page.note ?? begun?.note;
  return {
    job: page.job,
    status: page.status === "running" ? "running" : "ended",
    exitCode: page.exitCode,
    signal: page.signal,
    timedOut: page.timedOut,
    durationMs: page.durationMs ?? 0,
    stdout: outputOf(page.stdout, end?.stdout, page.stdoutBytes),
    stderr: outputOf(page.stderr, end?.stderr, page.stderrBytes),
    isolation: page.isolation,
    outputKept: page.outputKept,
    droppedBytes: page.stdout.droppedBytes + page.stderr.droppedBytes,
    ...(note === undefined ? {} : { note }),
  };
}

function outputOf(first: OutputPage, last: OutputPage | undefined, bytes: number): Output {
  // The end may begin within a character, of which at most three bytes are shown as replaced.
  const tail = first.hasMore ? (last?.text ?? "").replace(/^\uFFFD{1,3}/, "") : "";
  const shown = first.bytes + (first.hasMore ? last?.bytes ?? 0 : 0);
  return {
    head: first.text,
    tail,
    bytes: Math.max(bytes, shown),
    truncated: shown < bytes,
    invalidUtf8: first.invalidUtf8 || (last?.invalidUtf8 ?? false),
  };
}

function outOfReach(cause: OperationError): OperationError {
  return new OperationError(
    "peer_gone",
    `Cannot follow the job: its host was out of reach for ${LOST_MS / 60_000} minutes (${cause.message})`,
    { remedy: "The job may still run there: look with job_get once the host is back", cause },
  );
}
