/**
 * Where the bytes of a part are, and how they are read: a file of the spool, a few bytes in memory, or a range of a file that belongs
 * to somebody else and must not have changed meanwhile.
 */
import { OperationError } from "../errors.ts";
import { identityOf } from "../host/file_identity.ts";
import { openRegularFile } from "../host/open_file.ts";
import { explainSystemError } from "../host/system_error.ts";
import type { Bytes } from "../protocol/bytes.ts";

/** Bytes that are read at a time. */
const PIECE_BYTES = 128 * 1024;

/** A range of a file, as long as it is the file that it was. */
export interface FileRange {
  /** Absolute path. */
  readonly path: string;
  readonly start: number;
  /** One past the last byte. */
  readonly end: number;
}

/** What tells one state of a file from another. */
export interface FileStamp {
  readonly size: number;
  readonly modifiedMs: number | undefined;
  readonly identity: string | undefined;
}

/** Where the bytes are. */
export type PartContent =
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "bytes"; readonly bytes: Bytes }
  | { readonly kind: "range"; readonly range: FileRange; readonly stamp: FileStamp };

/** Looks at a file; a link at the end of the path is not followed. @throws {OperationError} If it cannot be looked at. */
export async function stampOf(path: string): Promise<FileStamp> {
  try {
    return stampIn(await Deno.lstat(path));
  } catch (cause) {
    throw cannotRead(explainSystemError(cause), cause);
  }
}

/**
 * Reads a part. The pieces are memory of their own, so whoever gets them may keep them.
 *
 * @param size - of the whole part, in bytes
 * @param offset - where to begin
 * @throws {OperationError} If the file is gone, shorter than it was, or, for a range, not the one that it was.
 */
export async function* readContent(
  content: PartContent,
  { size, offset = 0 }: { readonly size: number; readonly offset?: number | undefined },
): AsyncGenerator<Bytes, void, void> {
  if (content.kind === "bytes") {
    for (let at = offset; at < size; at += PIECE_BYTES) {
      yield content.bytes.slice(at, Math.min(size, at + PIECE_BYTES));
    }
    return;
  }
  if (offset >= size && content.kind === "file") return;
  const path = content.kind === "file" ? content.path : content.range.path;
  const start = content.kind === "file" ? 0 : content.range.start;
  using file = await open(path);
  const check = async () => {
    if (content.kind === "range") checkSame(content.stamp, stampIn(await file.stat()));
  };
  await check();
  yield* readRange(file, { start: start + offset, end: start + size });
  // What was read may be of both before and after a change.
  await check();
}

/** Reads a range of an open file; the pieces are memory of their own. @throws {OperationError} If the file ends before. */
export async function* readRange(
  file: Deno.FsFile,
  { start, end }: { readonly start: number; readonly end: number },
): AsyncGenerator<Bytes, void, void> {
  await file.seek(start, Deno.SeekMode.Start);
  for (let at = start; at < end;) {
    const buffer = new Uint8Array(Math.min(PIECE_BYTES, end - at));
    const count = await file.read(buffer);
    if (count === null) throw cannotRead("the file has become shorter while it was read");
    at += count;
    yield buffer.subarray(0, count);
  }
}

async function open(path: string): Promise<Deno.FsFile> {
  try {
    return await openRegularFile(path);
  } catch (cause) {
    throw cannotRead(explainSystemError(cause), cause);
  }
}

/** What tells the state of a file that was looked at. */
export function stampIn(info: Deno.FileInfo): FileStamp {
  return { size: info.size, modifiedMs: info.mtime?.getTime(), identity: identityOf(info) };
}

/** Compares two states of a file. @throws {OperationError} If it was changed, or is another one. */
export function checkSame(before: FileStamp, now: FileStamp): void {
  if (
    before.size === now.size && before.modifiedMs === now.modifiedMs && before.identity === now.identity
  ) return;
  throw cannotRead("the file was changed since the run began");
}

function cannotRead(why: string, cause?: unknown): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot read the part: ${why}`,
    cause === undefined ? {} : { cause },
  );
}
