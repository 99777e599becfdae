/**
 * The files of the audit log: their names, the note of where the chain ends, and the last line of a file.
 *
 * All of it is synchronous: a batch is appended under a lock in some 50 microseconds without a turn of the event loop in between, so
 * the lock is held for no longer, and no other work can come between its parts.
 */
import { join } from "node:path";
import { type ChainState, MAX_LINE_BYTES, readPlace } from "./chain.ts";

/** Rotated files that are kept. */
export const KEPT_FILES = 16;

const HEAD_BYTES = 192;
const HEAD = /^\{"seq":(0|[1-9]\d{0,14}),"hash":"([0-9a-f]{64})"\} *\n$/;
const ROTATED = /^audit-([1-9]\d{0,8})\.jsonl$/;
const TORN = /^torn-([1-9]\d{0,8})\.part$/;
/** How far back a line is looked for behind what was torn. */
const TAIL_BYTES = 1024 * 1024;
const SHORT_TAIL_BYTES = 8 * 1024;
const NEWLINE = 10;
const decoder = new TextDecoder();

/** The folder of the audit log in a state folder. */
export function auditFolder(stateFolder: string): string {
  return join(stateFolder, "audit");
}

/** The file that is appended to. */
export function logPath(folder: string): string {
  return join(folder, "audit.jsonl");
}

/** The note of the chain's end; every process that appends has it locked. */
export function headPath(folder: string): string {
  return join(folder, "head.json");
}

/** A numbered file of the log's folder. */
export interface Numbered {
  readonly number: number;
  readonly path: string;
}

/** The rotated files, oldest first. */
export function listRotated(folder: string): Numbered[] {
  return listNumbered(folder, ROTATED);
}

/** Where the next rotated file goes. */
export function nextRotatedPath(folder: string): string {
  return join(folder, `audit-${nextNumber(listRotated(folder))}.jsonl`);
}

/** Where the next torn end is moved. */
export function nextTornPath(folder: string): string {
  return join(folder, `torn-${nextNumber(listNumbered(folder, TORN))}.part`);
}

/** Removes the oldest files past the limit. */
export function removeOldest(folder: string): void {
  for (const files of [listRotated(folder), listNumbered(folder, TORN)]) {
    for (const { path } of files.slice(0, -KEPT_FILES)) Deno.removeSync(path);
  }
}

/**
 * Reads where the chain ends by the note.
 *
 * @returns undefined if nothing was noted yet, `damaged` if it cannot be read
 */
export function readHead(file: Deno.FsFile): ChainState | "damaged" | undefined {
  const bytes = readAt(file, 0, HEAD_BYTES + 1);
  if (bytes.length === 0) return undefined;
  const [, seq, hash] = HEAD.exec(decoder.decode(bytes)) ?? [];
  return seq === undefined || hash === undefined ? "damaged" : { seq: Number(seq), hash };
}

/** Writes the note over the old one. It always has the same size: a full disk does not stop it, and one write replaces it. */
export function writeHead(file: Deno.FsFile, { seq, hash }: ChainState): void {
  const text = JSON.stringify({ seq, hash }).padEnd(HEAD_BYTES - 1) + "\n";
  file.seekSync(0, Deno.SeekMode.Start);
  writeWhole(file, new TextEncoder().encode(text));
  if (file.statSync().size !== HEAD_BYTES) file.truncateSync(HEAD_BYTES);
}

/** The end of a file. */
export interface Tail {
  /** What the last line says of the chain; undefined if there is no line. */
  readonly state: ChainState | undefined;
  /** Where that line ends: what stands behind it is torn. */
  readonly end: number;
}

/**
 * Finds the last line of a file that has the form of one.
 *
 * @returns undefined if the file is large and has no such line near its end
 */
export function readTail(file: Deno.FsFile, size: number): Tail | undefined {
  // Nearly always the last line is short and whole.
  for (const length of [SHORT_TAIL_BYTES, MAX_LINE_BYTES + SHORT_TAIL_BYTES]) {
    const tail = lastLine(file, size, Math.min(size, length));
    if (tail !== undefined) return tail;
  }
  return lastLine(file, size, Math.min(size, TAIL_BYTES));
}

function lastLine(file: Deno.FsFile, size: number, length: number): Tail | undefined {
  const from = size - length;
  const bytes = readAt(file, from, length);
  for (let end = bytes.lastIndexOf(NEWLINE); end >= 0;) {
    const start = end === 0 ? 0 : bytes.lastIndexOf(NEWLINE, end - 1) + 1;
    const state = readPlace(bytes.subarray(start, end));
    if (state !== undefined) return { state: { seq: state.seq, hash: state.hash }, end: from + end + 1 };
    end = start - 1;
  }
  return from === 0 ? { state: undefined, end: 0 } : undefined;
}

/** Reads up to `length` bytes from a place on. */
export function readAt(file: Deno.FsFile, at: number, length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  file.seekSync(at, Deno.SeekMode.Start);
  let filled = 0;
  while (filled < length) {
    const count = file.readSync(bytes.subarray(filled));
    if (count === null || count === 0) break;
    filled += count;
  }
  return bytes.subarray(0, filled);
}

/** Writes all bytes, or throws. */
export function writeWhole(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

function listNumbered(folder: string, pattern: RegExp): Numbered[] {
  const files: Numbered[] = [];
  for (const { name } of Deno.readDirSync(folder)) {
    const number = pattern.exec(name)?.[1];
    if (number !== undefined) files.push({ number: Number(number), path: join(folder, name) });
  }
  return files.sort((a, b) => a.number - b.number);
}

function nextNumber(files: readonly Numbered[]): number {
  return (files.at(-1)?.number ?? 0) + 1;
}
