/**
 * Reads the audit log from its files: a picture of them at one moment, their lines forwards and backwards, and whether they are intact.
 */
import { basename } from "node:path";
import { type ChainState, genesis, MAX_LINE_BYTES } from "./chain.ts";
import { headPath, KEPT_FILES, listRotated, logPath, type Numbered, readHead } from "./files.ts";
import { lockFile } from "./lock.ts";
import { type ChainReport, ChainVerifier } from "./verify_chain.ts";

const CHUNK_BYTES = 1024 * 1024;
const LOCK_TIMEOUT_MS = 5_000;
const NEWLINE = 10;

/** One file of a log as it was at the moment of the picture. */
export interface SnapshotFile {
  readonly file: Deno.FsFile;
  /** Its name in the log's folder. */
  readonly name: string;
  /** What is appended later is behind it. */
  readonly size: number;
  readonly inode: number | null;
}

/** The files of a log, open: rotation takes none of them away. */
export interface Snapshot extends Disposable {
  /** Oldest first. */
  readonly files: readonly SnapshotFile[];
  /** Numbers of the rotated files among them. */
  readonly numbers: readonly number[];
  readonly head: ChainState | "damaged" | undefined;
  /** False if the lock could not be had: the note of the end and the files may then be of different moments. */
  readonly isLocked: boolean;
}

/**
 * Opens all files of a log. A log that is not there has none.
 *
 * @param options.lock - whether the files and the note of the end must be of one moment. @default true
 */
export async function openSnapshot(
  folder: string,
  { lock = true }: { readonly lock?: boolean } = {},
): Promise<Snapshot> {
  using head = openIfThere(headPath(folder));
  const isLocked = head === undefined || !lock ||
    await lockFile(head, { timeoutMs: LOCK_TIMEOUT_MS, isShared: true });
  const files: SnapshotFile[] = [];
  const close = () => {
    for (const { file } of files) file.close();
  };
  try {
    const rotated = listIfThere(folder);
    for (const path of [...rotated.map((one) => one.path), logPath(folder)]) {
      const file = openIfThere(path);
      if (file === undefined) continue;
      const { size, ino } = file.statSync();
      files.push({ file, name: basename(path), size, inode: ino });
    }
    return {
      files,
      numbers: rotated.map(({ number }) => number),
      head: head === undefined ? undefined : readHead(head),
      isLocked,
      [Symbol.dispose]: close,
    };
  } catch (error) {
    close();
    throw error;
  }
}

/** Some lines of a file; `rest` is what stands behind the last end of a line, given once, at the end of the file. */
export interface LineChunk {
  readonly lines: readonly Uint8Array[];
  readonly rest?: Uint8Array;
}

/** Reads the lines of a file, from a place to another; a line that is too long for a record is given in parts. */
export async function* linesForward(
  { file }: Pick<SnapshotFile, "file">,
  { from = 0, to }: { readonly from?: number; readonly to: number },
): AsyncGenerator<LineChunk> {
  let rest: Uint8Array = new Uint8Array(0);
  for (let at = from; at < to;) {
    const chunk = await readChunk(file, at, Math.min(CHUNK_BYTES, to - at));
    if (chunk.length === 0) break;
    at += chunk.length;
    const bytes = joined(rest, chunk);
    const end = bytes.lastIndexOf(NEWLINE) + 1;
    rest = bytes.subarray(end);
    const lines = splitLines(bytes.subarray(0, end));
    if (rest.length > MAX_LINE_BYTES) {
      lines.push(rest);
      rest = new Uint8Array(0);
    }
    yield { lines };
  }
  yield { lines: [], rest };
}

/** Reads the whole lines of a file, the last one first. */
export async function* linesBackward({ file, size }: SnapshotFile): AsyncGenerator<Uint8Array> {
  let rest: Uint8Array = new Uint8Array(0);
  let isFirst = true;
  for (let at = size; at > 0;) {
    const length = Math.min(CHUNK_BYTES, at);
    at -= length;
    const bytes = joined(await readChunk(file, at, length), rest);
    const start = at === 0 ? 0 : bytes.indexOf(NEWLINE) + 1;
    // Behind the last end of a line stands what is not a line yet.
    const end = isFirst ? bytes.lastIndexOf(NEWLINE) + 1 : bytes.length;
    if (start === 0 && at > 0) {
      // No line begins here: go on, but keep no more than a line can have.
      rest = bytes.subarray(0, MAX_LINE_BYTES);
      continue;
    }
    yield* splitLines(bytes.subarray(start, end)).reverse();
    rest = bytes.subarray(0, start);
    isFirst = false;
  }
}

/**
 * Checks a log from its first record to its last.
 *
 * @param options.agentId - whose log it must be; undefined if that is not known
 * @param options.signal - ends it early
 */
export async function verifyAudit(
  folder: string,
  { agentId, signal }: { readonly agentId: string | undefined; readonly signal?: AbortSignal | undefined },
): Promise<ChainReport> {
  using snapshot = await openSnapshot(folder);
  const { files, numbers, head } = snapshot;
  const [oldest] = numbers;
  const isPruned = oldest !== undefined && oldest > 1;
  const start = isPruned ? undefined : agentId === undefined ? { seq: 0, hash: undefined } : genesis(agentId);
  const verifier = new ChainVerifier({ start, head });
  if (!snapshot.isLocked) {
    verifier.note("another process kept the log locked: its last records may be reported as cut");
  }
  if (isPruned) checkPruning(verifier, oldest, numbers.length);
  let last = { file: basename(logPath(folder)), line: 0 };
  for (const file of files) {
    last = { file: file.name, line: 0 };
    for await (const { lines, rest } of linesForward(file, { to: file.size })) {
      signal?.throwIfAborted();
      for (const line of lines) {
        last = { file: file.name, line: last.line + 1 };
        verifier.push(line, last);
      }
      if (rest === undefined || rest.length === 0) continue;
      const place = { file: file.name, line: last.line + 1 };
      if (file === files.at(-1)) verifier.pushTorn(rest.length, place);
      else verifier.push(rest, place);
    }
  }
  return verifier.finish(last);
}

function checkPruning(verifier: ChainVerifier, oldest: number, count: number): void {
  const file = `audit-${oldest}.jsonl`;
  if (count >= KEPT_FILES) {
    verifier.note(`the log begins with ${file}: rotation removed what is older`);
    return;
  }
  const message =
    `the files before it are missing, though rotation keeps ${KEPT_FILES} and there are ${count}`;
  verifier.problem({ file, line: 1, kind: "missing", seq: undefined, message });
}

async function readChunk(file: Deno.FsFile, at: number, length: number): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  await file.seek(at, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = await file.read(bytes.subarray(filled));
    if (count === null) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

function splitLines(bytes: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let at = 0; at < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, at);
    lines.push(bytes.subarray(at, end < 0 ? bytes.length : end));
    at = end < 0 ? bytes.length : end + 1;
  }
  return lines;
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array {
  if (a.length === 0) return b;
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

function openIfThere(path: string): Deno.FsFile | undefined {
  try {
    return Deno.openSync(path, { read: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}

function listIfThere(folder: string): Numbered[] {
  try {
    return listRotated(folder);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
