/**
 * Records of the audit log as somebody asks for them: the last ones that fit a filter, and those that are still to come.
 */
import { readPlace } from "./chain.ts";
import { logPath, readTail } from "./files.ts";
import { linesBackward, linesForward, openSnapshot } from "./read.ts";
import { type AuditRecord, parseRecord } from "./record.ts";

/** Which records are wanted; all of it must fit. */
export interface AuditFilter {
  /** Not before this time, in milliseconds. */
  readonly since?: number | undefined;
  readonly operation?: string | undefined;
  /** The caller's name, its id, or the beginning of its id. */
  readonly agent?: string | undefined;
}

/** A line of the log, with what it says if it is a record. */
export interface LogLine {
  readonly bytes: Uint8Array;
  readonly record: AuditRecord | undefined;
}

/** What {@link readHistory} found. */
export interface History {
  /** Oldest first. */
  readonly lines: readonly LogLine[];
  /** Whether there are more that fit. */
  readonly hasMore: boolean;
  /** Number of the last record of the log, fitting or not. */
  readonly lastSeq: number;
}

/** Clocks are set back at times, so a record that is older than asked for does not end the search at once. */
const CLOCK_MARGIN_MS = 24 * 3600 * 1000;
const POLL_MS = 250;

/** Tells whether a record is wanted. A line that cannot be read is wanted unless something is asked for. */
export function fits(record: AuditRecord | undefined, { since, operation, agent }: AuditFilter): boolean {
  if (since !== undefined && !(record !== undefined && Date.parse(record.time) >= since)) return false;
  if (operation !== undefined && record?.operation !== operation) return false;
  if (agent === undefined) return true;
  const caller = record?.caller;
  return caller !== undefined && (caller.name === agent || caller.id.startsWith(agent));
}

/** Reads the last records that fit; reads no more of the log than that needs. */
export async function readHistory(
  folder: string,
  { limit, filter, signal }: {
    readonly limit: number;
    readonly filter: AuditFilter;
    readonly signal?: AbortSignal | undefined;
  },
): Promise<History> {
  using snapshot = await openSnapshot(folder);
  const lines: LogLine[] = [];
  let lastSeq = 0;
  for (const file of snapshot.files.toReversed()) {
    for await (const bytes of linesBackward(file)) {
      signal?.throwIfAborted();
      lastSeq ||= readPlace(bytes)?.seq ?? 0;
      const record = parseRecord(bytes);
      if (isTooOld(record, filter)) return { lines: lines.reverse(), hasMore: false, lastSeq };
      if (!fits(record, filter)) continue;
      if (lines.length === limit) return { lines: lines.reverse(), hasMore: true, lastSeq };
      // A copy, as the bytes are a part of a large buffer.
      lines.push({ bytes: bytes.slice(), record });
    }
  }
  return { lines: lines.reverse(), hasMore: false, lastSeq };
}

/**
 * Gives the records that are appended from now on, until the signal aborts. Looks every quarter of a second, and goes on in the next
 * file when one is full.
 *
 * @param options.afterSeq - number of the last record that is known
 */
export async function* followLog(
  folder: string,
  { afterSeq, filter, signal }: {
    readonly afterSeq: number;
    readonly filter: AuditFilter;
    readonly signal: AbortSignal;
  },
): AsyncGenerator<LogLine> {
  let lastSeq = afterSeq;
  let seen = "";
  let place = { inode: null as number | null, offset: 0 };
  while (!signal.aborted) {
    const now = lookAt(folder);
    if (now !== seen) {
      seen = now;
      using snapshot = await openSnapshot(folder, { lock: false });
      const parts = snapshot.files.map((file) => ({ file, tail: readTail(file.file, file.size) }))
        .filter(({ tail }) => (tail?.state?.seq ?? 0) > lastSeq);
      for (const { file, tail } of parts) {
        const to = tail?.end ?? file.size;
        const isKnown = file.inode !== null && file.inode === place.inode && place.offset <= to;
        for await (const { lines } of linesForward(file, { from: isKnown ? place.offset : 0, to })) {
          for (const bytes of lines) {
            const seq = readPlace(bytes)?.seq;
            if (seq !== undefined && seq <= lastSeq) continue;
            lastSeq = seq ?? lastSeq;
            const record = parseRecord(bytes);
            if (fits(record, filter)) yield { bytes, record };
          }
        }
        place = { inode: file.inode, offset: to };
      }
    }
    await delay(POLL_MS, signal);
  }
}

function isTooOld(record: AuditRecord | undefined, { since }: AuditFilter): boolean {
  return since !== undefined && record !== undefined && Date.parse(record.time) < since - CLOCK_MARGIN_MS;
}

/** What tells whether the log has grown or is another file. */
function lookAt(folder: string): string {
  try {
    const { ino, size } = Deno.statSync(logPath(folder));
    return `${ino} ${size}`;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return "";
    throw error;
  }
}

/** Waits, or until the signal aborts. */
async function delay(ms: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", () => resolve(), { once: true });
  if (signal.aborted) resolve();
  await promise;
  clearTimeout(timer);
}
