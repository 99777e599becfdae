/**
 * Takes the result of a distributed run into a file of the coordinator, and stops before the disk is full: how much there is of it is
 * what hosts say. Used by `distributed_run.ts`.
 */
import { open } from "node:fs/promises";
import { dirname } from "node:path";
import { OperationError } from "../../errors.ts";
import { writeAll } from "../../host/write_all.ts";
import { type DiskSpace, PART_LIMITS, spareBytes } from "../../parts/rules.ts";
import { diskSpaceOf } from "../../parts/space.ts";
import type { Bytes } from "../../protocol/bytes.ts";

/** Bytes that are written before the disk is asked again: others write to it too. */
const ASK_AFTER_BYTES = 64 * 1024 * 1024;

/** What {@link keepResult} needs. */
export interface KeepResultOptions {
  /** Hands the bytes over; each chunk is valid until the promise resolves. */
  readonly read: (onBytes: (bytes: Bytes) => Promise<void>) => Promise<unknown>;
  /** @default asks the system */
  readonly askDisk?: ((folder: string) => Promise<DiskSpace | undefined>) | undefined;
}

/**
 * Writes a result, readable by the owner alone. What cannot be taken whole leaves nothing behind.
 *
 * @param path - absolute; a file that is there is replaced
 * @returns its bytes
 * @throws {OperationError} `cannot_run` if the disk would be too full, and whatever `read` throws.
 */
export async function keepResult(
  path: string,
  { read, askDisk = diskSpaceOf }: KeepResultOptions,
): Promise<number> {
  let bytes = 0;
  let granted = 0;
  const take = async (length: number) => {
    granted -= length;
    if (granted >= 0) return;
    const spare = spareBytes(await askDisk(dirname(path)), PART_LIMITS);
    if (spare < length) throw tooFull(bytes);
    granted = Math.min(ASK_AFTER_BYTES, spare - length);
  };
  try {
    await using file = await open(path, "w", 0o600);
    await read(async (chunk) => {
      await take(chunk.length);
      await writeAll(file, chunk);
      bytes += chunk.length;
    });
    return bytes;
  } catch (error) {
    await Deno.remove(path).catch(() => {}); // Whatever is left of it is removed with the old runs.
    throw error;
  }
}

function tooFull(bytes: number): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot take the result: the disk of this machine would be too full after ${bytes} bytes of it`,
    { remedy: "Free space on this machine, and resume the run" },
  );
}
