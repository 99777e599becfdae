/**
 * The executor of `job_get`: what became of a job, and its output from a cursor on.
 */
import { OperationError } from "../errors.ts";
import type { JobPart } from "../jobs/archive.ts";
import { JOB_STREAMS } from "../jobs/output_file.ts";
import { isOver } from "../jobs/rules.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { JobRecord } from "../jobs/store.ts";
import { shareRoom, textPage } from "../jobs/text_page.ts";
import { JOB_END_WAIT_MS, JOB_PAGE_BYTES, type OutputPage } from "../protocol/operations/job_get.ts";
import type { CallContext } from "./executor.ts";
import { maySee, orphanNote, requireJob, summarize } from "./job_summary.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

type Params = ParamsOf<"job_get">;
type Result = ResultOf<"job_get">;
type Cursor = Result["cursor"];

/** Makes the executor. */
export function createJobGet(
  { jobs }: { readonly jobs: Jobs },
): (params: Params, context: CallContext) => Promise<Result> {
  return async (params, context) => {
    const { signal } = context;
    const cursor = { stdout: params.cursor?.stdout ?? 0, stderr: params.cursor?.stderr ?? 0 };
    const first = await requireJob(jobs, params.job);
    if (!maySee(first, context)) {
      throw new OperationError(
        "refused",
        `Cannot show the job: another agent started it in ${first.mode} mode, and here ${context.permit.mode} mode holds`,
        { rule: "job-of-higher-mode", remedy: "Ask the user, who can see to it on that machine" },
      );
    }
    if (!isOver(first.status)) {
      if (params.wait_for === "end") {
        await jobs.waitForEnd(params.job, { waitMs: params.wait_ms ?? JOB_END_WAIT_MS, signal });
      } else {
        await jobs.waitForNews(params.job, cursor, { waitMs: params.wait_ms ?? 0, signal });
      }
    }
    const record = await requireJob(jobs, params.job);
    const pages = await readPages(jobs, record, cursor, params.max_bytes ?? JOB_PAGE_BYTES);
    const outputKept = !isOver(record.status) || record.hasFiles ||
      record.stdoutBytes + record.stderrBytes === 0;
    const note = orphanNote(jobs, record) ?? (outputKept ? undefined : NOT_KEPT);
    return {
      ...summarize(record),
      ...pages,
      cursor: { stdout: cursor.stdout + pages.stdout.bytes, stderr: cursor.stderr + pages.stderr.bytes },
      outputKept,
      ...(note === undefined ? {} : { note }),
    };
  };
}

const NOT_KEPT = "The output was short enough to be whole in the answer of exec, so it is not kept";

async function readPages(
  jobs: Jobs,
  record: JobRecord,
  cursor: Cursor,
  maxBytes: number,
): Promise<{ readonly stdout: OutputPage; readonly stderr: OutputPage }> {
  const read = (stream: keyof Cursor, bytes: number) =>
    jobs.read(record, stream, { from: cursor[stream], maxBytes: bytes });
  const all = { stdout: await read("stdout", 0), stderr: await read("stderr", 0) };
  for (const stream of JOB_STREAMS) {
    // Of one that runs elsewhere, or whose output is not kept, what the cursor counts may not be here to compare with.
    if (isOver(record.status) && record.hasFiles && cursor[stream] > all[stream].kept) {
      throw new OperationError(
        "bad_request",
        `Cannot read ${stream} from byte ${cursor[stream]}: ${all[stream].kept} bytes of it can be read`,
      );
    }
  }
  const room = shareRoom(maxBytes, {
    stdout: Math.max(0, all.stdout.kept - cursor.stdout),
    stderr: Math.max(0, all.stderr.kept - cursor.stderr),
  });
  const parts = { stdout: await read("stdout", room.stdout), stderr: await read("stderr", room.stderr) };
  const page = (stream: keyof Cursor) => pageOf(parts[stream], cursor[stream], isOver(record.status));
  return { stdout: page("stdout"), stderr: page("stderr") };
}

function pageOf(part: JobPart, from: number, isFinal: boolean): OutputPage {
  const end = from + part.bytes.length;
  const { text, bytes, invalidUtf8 } = textPage(part.bytes, { isLast: isFinal && end >= part.kept });
  return {
    text,
    bytes,
    hasMore: from + bytes < part.kept && bytes > 0,
    droppedBytes: part.dropped,
    invalidUtf8,
  };
}
