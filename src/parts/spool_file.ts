/**
 * A file of the spool while it is made: written at its end, read in pieces, and removed unless it is kept under a name.
 */
import { OperationError } from "../errors.ts";
import { explainSystemError } from "../host/system_error.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { Space } from "./space.ts";

/** Bytes that are read at a time. */
const PIECE_BYTES = 64 * 1024;

/** An own file of a run; disposing of it removes it, unless it was kept. */
export interface SpoolFile extends AsyncDisposable {
  /** Bytes that were written. */
  readonly bytes: number;
  /** Writes at the end. Calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /** Reads a range of what was written; chunks are valid until the next. Only one reader at a time. */
  read(start?: number, end?: number): AsyncIterable<Bytes>;
  /** Gives it a lasting name, in one step, in the place of what had it. */
  keepAs(path: string): Promise<void>;
}

/**
 * Makes a file that is readable by the owner alone.
 *
 * @param path - absolute, of a file that is not there
 */
export async function createSpoolFile(path: string, space: Space): Promise<SpoolFile> {
  const file = await told(Deno.open(path, { createNew: true, read: true, append: true, mode: 0o600 }));
  let bytes = 0;
  let state: "open" | "kept" | "gone" = "open";
  return {
    get bytes() {
      return bytes;
    },
    async write(chunk) {
      await space.take(chunk.length);
      bytes += chunk.length;
      for (let at = 0; at < chunk.length;) at += await told(file.write(chunk.subarray(at)));
    },
    async *read(start = 0, end = bytes) {
      const buffer = new Uint8Array(Math.min(PIECE_BYTES, end - start));
      for (let at = start; at < end;) {
        await file.seek(at, Deno.SeekMode.Start);
        const count = await file.read(buffer.subarray(0, Math.min(buffer.length, end - at)));
        if (count === null) {
          throw new OperationError("cannot_run", "Cannot read a file of the run: it was cut off");
        }
        at += count;
        yield buffer.subarray(0, count);
      }
    },
    async keepAs(target) {
      if (state !== "open") throw new TypeError("Cannot keep the file: it is kept or removed already");
      file.close();
      state = "gone";
      try {
        await told(Deno.rename(path, target));
        state = "kept";
      } finally {
        if (state === "gone") await remove(path, bytes, space);
      }
    },
    async [Symbol.asyncDispose]() {
      if (state !== "open") return;
      state = "gone";
      file.close();
      await remove(path, bytes, space);
    },
  };
}

async function remove(path: string, bytes: number, space: Space): Promise<void> {
  await Deno.remove(path).catch(() => {}); // The run's folder may be gone already; else its end takes the file along.
  space.free(bytes);
}

async function told<T>(work: Promise<T>): Promise<T> {
  try {
    return await work;
  } catch (cause) {
    throw new OperationError("cannot_run", `Cannot keep the part: ${explainSystemError(cause)}`, {
      cause,
      remedy: "Drop runs that are no longer needed, or free space on that machine",
    });
  }
}
