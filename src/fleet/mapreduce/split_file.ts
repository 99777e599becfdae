/**
 * Divides a file of the coordinator into ranges that end with whole records, reading only around their ends. Used by whoever
 * starts a distributed run on a file.
 */
import { OperationError } from "../../errors.ts";
import { FileReader } from "../../host/file_reader.ts";
import { identityOf } from "../../host/file_identity.ts";
import { NotRegularError, openRegularFile } from "../../host/open_file.ts";
import { type FileStamp, stampIn } from "../../parts/part_content.ts";
import { MAX_PARTITIONS } from "./split.ts";

const NEWLINE = 10;
/** Bytes that are read at a time in search of the end of a line. */
const LOOK_BYTES = 64 * 1024;

/** A file as it is divided. */
export interface FileSplit {
  /** Ranges from `start` to before `end`, one after the other, which together are the whole file. */
  readonly ranges: readonly { readonly start: number; readonly end: number }[];
  readonly bytes: number;
  /** Changes when the file does: which file it is, its size and the time of its last change. */
  readonly identity: string;
  /** The same, for whoever reads the ranges. */
  readonly stamp: FileStamp;
}

/** How a file is divided. */
export interface FileSplitOptions {
  /** `lines`: a range ends after a line break. `bytes`: it is a multiple of `recordBytes`, but for the last one. */
  readonly by: "lines" | "bytes";
  /** Bytes of a range, about: a longer line makes a longer range. */
  readonly splitBytes: number;
  /** @default 1 */
  readonly recordBytes?: number | undefined;
  readonly signal: AbortSignal;
}

/**
 * Divides a file.
 *
 * @param path - real and absolute
 * @throws {OperationError} `bad_request` if numbers are not positive, `too_large` if there were more than 10 000 ranges, `cannot_run`
 * if it cannot be read or is no regular file.
 * @throws The signal's reason, if it aborts.
 */
export async function splitFile(path: string, options: FileSplitOptions): Promise<FileSplit> {
  const { by, recordBytes = 1, signal } = options;
  if (!(options.splitBytes >= 1) || !(recordBytes >= 1)) {
    throw new OperationError("bad_request", "Cannot divide the file: the size of a piece must be 1 or more");
  }
  const unit = by === "bytes" ? recordBytes : 1;
  const splitBytes = Math.ceil(options.splitBytes / unit) * unit;
  try {
    using file = await openRegularFile(path);
    using reader = new FileReader(file, signal);
    const info = await file.stat();
    if (Math.ceil(info.size / splitBytes) > MAX_PARTITIONS) throw tooMany(path);
    const ranges: { start: number; end: number }[] = [];
    for (let start = 0; start < info.size;) {
      const target = start + splitBytes;
      const end = target >= info.size
        ? info.size
        : by === "bytes"
        ? target
        : await endOfLine(reader, target, info.size);
      ranges.push({ start, end });
      start = end;
    }
    const identity = [identityOf(info) ?? "", info.size, info.mtime?.getTime() ?? 0].join(":");
    return { ranges, bytes: info.size, identity, stamp: stampIn(info) };
  } catch (cause) {
    if (cause instanceof OperationError || signal.aborted) throw cause;
    const reason = cause instanceof Deno.errors.NotFound
      ? "it does not exist"
      : cause instanceof NotRegularError || cause instanceof Deno.errors.PermissionDenied
      ? cause.message
      : "the system refused it";
    throw new OperationError("cannot_run", `Cannot read "${path}": ${reason}`, { cause });
  }
}

/** Finds where the line ends that the byte before `target` belongs to; the end of the file if it has no line break. */
async function endOfLine(reader: FileReader, target: number, size: number): Promise<number> {
  for (let at = target - 1; at < size; at += LOOK_BYTES) {
    const piece = await reader.readAt(at, Math.min(LOOK_BYTES, size - at));
    const found = piece.indexOf(NEWLINE);
    if (found >= 0) return at + found + 1;
    if (piece.length === 0) break;
  }
  return size;
}

function tooMany(path: string): OperationError {
  return new OperationError(
    "too_large",
    `Cannot divide "${path}": there were more than ${MAX_PARTITIONS} pieces`,
    { remedy: "Make the pieces larger" },
  );
}
