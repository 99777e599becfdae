/**
 * Regular files of others as they are when they are opened: never a link's target, never something that blocks, and
 * with a stamp that tells whether it is still the same file with the same content. For writing and for backups.
 */
import { type BigIntStats, constants } from "node:fs";
import { type FileHandle, lstat, open } from "node:fs/promises";
import { createHash } from "node:crypto";
import type { Bytes } from "../protocol/bytes.ts";

/** Bytes that are read at once. */
const CHUNK_BYTES = 256 * 1024;

/**
 * Tells a file and its content from any other; it differs as soon as somebody writes, replaces or chmods the file. Two
 * writes of equal size within one tick of the kernel's clock (4 ms on Linux) cannot be told apart.
 */
export interface FileStamp {
  readonly mode: bigint;
  readonly dev: bigint;
  readonly ino: bigint;
  readonly size: bigint;
  readonly mtimeNs: bigint;
  readonly ctimeNs: bigint;
}

/** Mode and owner of a file. On Windows all are 0. */
export interface FileAttributes {
  /** Type and permission bits, as stat(2) has them. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
}

/** It is no regular file, or it grows beyond a bound while it is read. */
export class UnusableFileError extends Error {
  override readonly name = "UnusableFileError";
}

/** A regular file that is open for reading. */
export interface StampedFile extends AsyncDisposable, FileAttributes {
  readonly stamp: FileStamp;
  readonly size: number;
  /**
   * Reads it from its beginning, chunk by chunk. A chunk is only valid until the next.
   *
   * @throws {UnusableFileError} If there are more than `maxBytes`, as in a file that grows while it is read.
   */
  read(maxBytes: number, take: (chunk: Bytes) => void | Promise<void>): Promise<void>;
  /** The stamp now, of the file that was opened, wherever it is. */
  stampNow(): Promise<FileStamp>;
}

/**
 * Opens a regular file. Symbolic links at the end of the path are not followed; a FIFO does not block.
 *
 * @throws {UnusableFileError} If there is something else than a regular file.
 */
export async function openStampedFile(path: string): Promise<StampedFile> {
  // Neither flag is there on Windows, which has no FIFOs; 0 stands for it.
  const flags = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);
  const handle = await open(path, flags);
  try {
    const stats = await handle.stat({ bigint: true });
    if (!stats.isFile()) throw new UnusableFileError("it is not a regular file");
    return {
      ...attributesOf(stats),
      stamp: stampOf(stats),
      size: Number(stats.size),
      read: (maxBytes, take) => readAll(handle, { maxBytes, take }),
      stampNow: async () => stampOf(await handle.stat({ bigint: true })),
      [Symbol.asyncDispose]: () => handle.close(),
    };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

/** The stamp of what is at a path, without following a link; undefined if nothing is there. */
export async function stampAt(path: string): Promise<FileStamp | undefined> {
  try {
    return stampOf(await lstat(path, { bigint: true }));
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

/** Tells whether two stamps are of the same file with the same content. */
export function isSameStamp(a: FileStamp, b: FileStamp): boolean {
  return a.dev === b.dev && a.ino === b.ino && a.size === b.size && a.mtimeNs === b.mtimeNs &&
    a.ctimeNs === b.ctimeNs && a.mode === b.mode;
}

/** Hashes a file's content without holding it. */
export async function hashFile(file: StampedFile, maxBytes: number): Promise<string> {
  const hash = createHash("sha256");
  await file.read(maxBytes, (chunk) => void hash.update(chunk));
  return hash.digest("hex");
}

/** The system's name of an error, such as `ENOENT`. */
export function codeOf(error: unknown): string | undefined {
  const code = error instanceof Error && "code" in error ? error.code : undefined;
  return typeof code === "string" ? code : undefined;
}

function stampOf({ mode, dev, ino, size, mtimeNs, ctimeNs }: BigIntStats): FileStamp {
  return { mode, dev, ino, size, mtimeNs, ctimeNs };
}

function attributesOf({ mode, uid, gid }: BigIntStats): FileAttributes {
  return { mode: Number(mode), uid: Number(uid), gid: Number(gid) };
}

async function readAll(
  handle: FileHandle,
  { maxBytes, take }: {
    readonly maxBytes: number;
    readonly take: (chunk: Bytes) => void | Promise<void>;
  },
): Promise<void> {
  const buffer = new Uint8Array(CHUNK_BYTES);
  for (let position = 0;;) {
    const { bytesRead } = await handle.read(buffer, 0, buffer.length, position);
    if (bytesRead === 0) return;
    position += bytesRead;
    if (position > maxBytes) throw new UnusableFileError(`it has more than ${maxBytes} bytes`);
    await take(buffer.subarray(0, bytesRead));
  }
}
