/**
 * Appends a batch of records to the log while this process has the lock: finds where the chain stands, puts right what a crash left,
 * starts a new file when the old one is full, and writes the lines.
 */
import { basename } from "node:path";
import { type ChainState, genesis, sealLine, sha256Hex } from "./chain.ts";
import {
  listRotated,
  logPath,
  nextRotatedPath,
  nextTornPath,
  readAt,
  readHead,
  readTail,
  removeOldest,
  writeHead,
  writeWhole,
} from "./files.ts";
import type { Repair, RepairReason } from "./record.ts";

/** What a process knows of the log after it appended. */
export interface Remembered {
  readonly state: ChainState;
  /** Which file it was, and how long; if both are so still, nobody appended since. */
  readonly inode: number | null;
  readonly size: number;
}

/** What {@link appendBatch} needs. */
export interface AppendOptions {
  readonly folder: string;
  readonly agentId: string;
  /** Bytes after which a new file is started. */
  readonly maxFileBytes: number;
  /** The file of the note, locked by the caller. */
  readonly head: Deno.FsFile;
  readonly remembered: Remembered | undefined;
  /** Makes the fields of the record of a repair. */
  readonly repairFields: (repair: Repair) => string;
}

/** What was appended. */
export interface Appended {
  /** Number of the first of the batch's records. */
  readonly firstSeq: number;
  readonly remembered: Remembered;
}

const encoder = new TextEncoder();

/**
 * Appends records, all or none of them. With none, the log is only put right where that is needed.
 *
 * @param records - the fields of each as JSON
 * @throws {Error} If they cannot be written; the file is as it was then.
 */
export function appendBatch(records: readonly string[], options: AppendOptions): Appended | undefined {
  using log = openLog(options);
  const { state, repair, end } = findEnd(log, options);
  const fields = repair === undefined ? records : [options.repairFields(repair), ...records];
  if (fields.length === 0) return undefined;
  // Before the first line, so that a log without a note was tampered with.
  if (state.seq === 0) writeHead(options.head, state);
  let last = state;
  let text = "";
  for (const record of fields) {
    const sealed = sealLine(last, record);
    text += sealed.line;
    last = sealed.state;
  }
  const bytes = encoder.encode(text);
  writeLines(log, bytes, end);
  try {
    writeHead(options.head, last);
  } catch {
    // The lines are written, which is what counts; a note that lags behind is normal and follows with the next batch.
  }
  return {
    firstSeq: last.seq - records.length + 1,
    remembered: { state: last, inode: log.inode, size: end + bytes.length },
  };
}

/** Writes lines behind the last whole one, or leaves the file ending there. */
function writeLines({ file, size }: OpenLog, bytes: Uint8Array, end: number): void {
  if (size > end) file.truncateSync(end);
  try {
    file.seekSync(end, Deno.SeekMode.Start);
    writeWhole(file, bytes);
  } catch (error) {
    try {
      file.truncateSync(end);
    } catch {
      // What was written in part is found as torn by the next batch.
    }
    throw error;
  }
}

interface OpenLog extends Disposable {
  readonly file: Deno.FsFile;
  readonly inode: number | null;
  readonly size: number;
}

/** Opens the file to append to; a full one, and one without an end to go on from, is moved away first. */
function openLog({ folder, maxFileBytes, remembered }: AppendOptions): OpenLog {
  const opened = openFile(logPath(folder));
  try {
    const isUsable = opened.size < maxFileBytes &&
      (isAsRemembered(opened, remembered) || readTail(opened.file, opened.size) !== undefined);
    if (isUsable) return opened;
  } catch (error) {
    opened[Symbol.dispose]();
    throw error;
  }
  return startNewFile(opened, folder);
}

/** Whether nobody appended since. */
function isAsRemembered(log: OpenLog, remembered: Remembered | undefined): boolean {
  return remembered !== undefined && log.inode !== null && log.inode === remembered.inode &&
    log.size === remembered.size;
}

function startNewFile(full: OpenLog, folder: string): OpenLog {
  try {
    full.file.syncDataSync();
    Deno.renameSync(logPath(folder), nextRotatedPath(folder));
    removeOldest(folder);
  } finally {
    full[Symbol.dispose]();
  }
  return openFile(logPath(folder));
}

function openFile(path: string): OpenLog {
  const file = Deno.openSync(path, { read: true, write: true, create: true, mode: 0o600 });
  try {
    const { isFile, ino, size } = file.statSync();
    if (!isFile) throw new Error(`"${path}" is not a regular file`);
    return { file, inode: ino, size, [Symbol.dispose]: () => file.close() };
  } catch (error) {
    file.close();
    throw error;
  }
}

interface End {
  /** What the next record is sealed to. */
  readonly state: ChainState;
  readonly repair: Repair | undefined;
  /** Where in the file it is written. */
  readonly end: number;
}

/** Finds where the chain goes on. What is known with the highest number wins, so that no number is given twice. */
function findEnd(log: OpenLog, options: AppendOptions): End {
  const { folder, remembered } = options;
  const head = readHead(options.head);
  if (remembered !== undefined && isAsRemembered(log, remembered)) {
    const { state } = remembered;
    const isHeadWrong = !isNote(head) || isAhead(head, state);
    return { state, end: log.size, repair: isHeadWrong ? { found: ["head"] } : undefined };
  }
  const found = new Set<RepairReason>();
  const { state: inFile, end } = readTail(log.file, log.size) ?? { state: undefined, end: log.size };
  const torn = log.size > end ? moveAside(log, end, folder) : undefined;
  if (torn !== undefined) found.add("torn");
  const before = inFile ?? lastRotated(folder) ?? genesis(options.agentId);
  if (before === "unreadable") found.add("torn");
  // Of what cannot be read nobody can say how much is missing.
  const written = before !== "unreadable" ? before : isNote(head) ? head : genesis(options.agentId);
  let state = written;
  if (head === "damaged" || (head === undefined && written.seq > 0)) found.add("head");
  for (const known of [head, remembered?.state]) {
    if (!isNote(known) || !isAhead(known, state)) continue;
    found.add(known.seq > state.seq ? "cut" : "replaced");
    state = known;
  }
  const lost = state.seq - written.seq;
  const repair: Repair = {
    found: [...found],
    ...(lost > 0 ? { lost } : {}),
    ...(torn === undefined ? {} : { torn }),
  };
  return { state, end, repair: found.size > 0 ? repair : undefined };
}

/** Whether a note of the chain's end contradicts the end that was found. One that lags behind does not. */
function isAhead(known: ChainState, state: ChainState): boolean {
  return known.seq > state.seq || (known.seq === state.seq && known.hash !== state.hash);
}

function isNote(head: ChainState | "damaged" | undefined): head is ChainState {
  return head !== undefined && head !== "damaged";
}

/** Where the chain ended in the newest rotated file; after a rotation there is no line in the new one yet. */
function lastRotated(folder: string): ChainState | "unreadable" | undefined {
  const newest = listRotated(folder).at(-1);
  if (newest === undefined) return undefined;
  using file = Deno.openSync(newest.path, { read: true });
  return readTail(file, file.statSync().size)?.state ?? "unreadable";
}

/** Copies what stands behind the last line to a file of its own. */
function moveAside(log: OpenLog, end: number, folder: string): NonNullable<Repair["torn"]> {
  const bytes = readAt(log.file, end, log.size - end);
  const path = nextTornPath(folder);
  using file = Deno.openSync(path, { write: true, createNew: true, mode: 0o600 });
  try {
    writeWhole(file, bytes);
  } catch (error) {
    Deno.removeSync(path);
    throw error;
  }
  return { bytes: bytes.length, sha256: sha256Hex(bytes), file: basename(path) };
}
