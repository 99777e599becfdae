/**
 * The output of a job as a resource: read page by page from the host that keeps it, up to what one message may be.
 */
import type { AgentRef } from "../fleet/fleet.ts";
import { OperationError } from "../errors.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";
import { plainLine } from "../protocol/plain_line.ts";
import { jsonBytes, MAX_ESCAPED_BYTES, MAX_READ_BYTES } from "./text_slice.ts";
import { formatResourceUri, type JobStream, type ResourceUri } from "./uris.ts";

/** The largest page that hosts give. */
const MAX_PAGE_BYTES = 1024 * 1024;
/** A page that is not worth another round trip. */
const MIN_PAGE_BYTES = 64 * 1024;
/** Only to learn how much there is. */
const PROBE_BYTES = 16;
const STREAMS: readonly JobStream[] = ["stdout", "stderr"];

type Page = ResultOf<"job_get">;

/** Asks the host for one page. */
export type ReadPage = (
  params: ParamsOf<"job_get">,
) => Promise<{ readonly agent: AgentRef; readonly result: Page }>;

/** A piece of a resource: a text under its own address. */
export interface ResourceText {
  readonly uri: string;
  readonly mimeType: string;
  readonly text: string;
}

/**
 * Reads a job's output. What is the command's and what is ours are texts of their own, so no output can look like a remark.
 *
 * @param options.maxBytes - bytes of JSON that the outputs may be. @default MAX_READ_BYTES
 * @returns how the job stands, what it wrote to each output, and where to read on
 */
export async function readJobOutput(
  uri: Extract<ResourceUri, { kind: "job" }>,
  { readPage, maxBytes = MAX_READ_BYTES }: { readonly readPage: ReadPage; readonly maxBytes?: number },
): Promise<ResourceText[]> {
  const wanted = uri.stream === undefined ? STREAMS : [uri.stream];
  let { agent, result: page } = await readPage({ job: uri.job, max_bytes: PROBE_BYTES });
  const cursor = { ...startOf(uri, page) };
  const started = { ...cursor };
  const texts: Record<JobStream, string[]> = { stdout: [], stderr: [] };
  const hasMore = { stdout: false, stderr: false };
  const isInvalid = { stdout: false, stderr: false };
  let room = maxBytes;
  for (;;) {
    const bytes = Math.min(MAX_PAGE_BYTES, Math.floor(room / MAX_ESCAPED_BYTES));
    ({ agent, result: page } = await readPage({
      job: uri.job,
      cursor: { ...cursor },
      max_bytes: Math.max(PROBE_BYTES, bytes),
    }));
    let taken = 0;
    for (const stream of wanted) {
      texts[stream].push(page[stream].text);
      taken += page[stream].bytes;
      cursor[stream] += page[stream].bytes;
      hasMore[stream] = page[stream].hasMore;
      isInvalid[stream] ||= page[stream].invalidUtf8;
      room -= jsonBytes(page[stream].text);
    }
    if (room < 0) {
      throw new OperationError(
        "too_large",
        `Cannot read the job: "${plainLine(agent.name)}" answered with more than was asked for`,
      );
    }
    const isDone = taken === 0 || wanted.every((stream) => !hasMore[stream]);
    if (isDone || room < MIN_PAGE_BYTES * MAX_ESCAPED_BYTES) break;
  }
  const outputs = wanted.map((stream) => ({
    uri: formatResourceUri({ ...uri, stream, from: started[stream] }),
    mimeType: "text/plain",
    text: texts[stream].join(""),
  }));
  const rest = wanted.filter((stream) => hasMore[stream]).map((stream) =>
    `Not all of ${stream}: read on at ${formatResourceUri({ ...uri, stream, from: cursor[stream] })}`
  );
  const remark = [describe(agent, page, { streams: wanted, isInvalid }), ...rest].join("\n");
  return [{ uri: formatResourceUri(uri), mimeType: "text/plain", text: remark }, ...outputs];
}

/** Where reading begins; what is not wanted is passed over, so that pages have room for what is. */
function startOf(
  { stream, from = 0 }: Extract<ResourceUri, { kind: "job" }>,
  page: Page,
): Record<JobStream, number> {
  const kept = (of: JobStream) =>
    Math.max(0, (of === "stdout" ? page.stdoutBytes : page.stderrBytes) - page[of].droppedBytes);
  return {
    stdout: stream === undefined ? 0 : stream === "stdout" ? from : kept("stdout"),
    stderr: stream === undefined ? 0 : stream === "stderr" ? from : kept("stderr"),
  };
}

function describe(
  agent: AgentRef,
  page: Page,
  { streams, isInvalid }: {
    readonly streams: readonly JobStream[];
    readonly isInvalid: Readonly<Record<JobStream, boolean>>;
  },
): string {
  const how = page.exitCode === null
    ? page.signal === null ? "" : `, ended by ${plainLine(page.signal)}`
    : `, exit code ${page.exitCode}`;
  const lines = [
    `Job ${page.job} on ${plainLine(agent.name)} (${plainLine(agent.id)}): ${page.status}${how}`,
    ...(page.note === undefined ? [] : [plainLine(page.note)]),
  ];
  for (const stream of streams) {
    const { droppedBytes } = page[stream];
    const written = stream === "stdout" ? page.stdoutBytes : page.stderrBytes;
    const notes = [
      `${stream}: ${written} bytes written`,
      ...(droppedBytes > 0 ? [`the last ${droppedBytes} of them not kept`] : []),
      ...(isInvalid[stream] ? ["some are not UTF-8 and are shown as U+FFFD"] : []),
    ];
    lines.push(notes.join(", "));
  }
  return lines.join("\n");
}
