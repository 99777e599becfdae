/**
 * Counts the bytes that distributed runs take on the disk of this host, and stops them before the disk is full.
 */
import { statfs } from "node:fs/promises";
import { OperationError } from "../errors.ts";
import { type DiskSpace, type PartLimits, spareBytes } from "./rules.ts";

/** Bytes that are written before the disk is asked again: others write to it too. */
const ASK_AFTER_BYTES = 64 * 1024 * 1024;

/** What is taken, and given back. */
export interface Space {
  /** Bytes that are taken now. */
  readonly taken: number;
  /**
   * Takes bytes that are about to be written.
   *
   * @throws {OperationError} `cannot_run` if they are over the limit, or the disk would be too full.
   */
  take(bytes: number): Promise<void>;
  /** Gives bytes back that were removed. */
  free(bytes: number): void;
}

/** Asks the system. Undefined if it does not tell. */
export async function diskSpaceOf(folder: string): Promise<DiskSpace | undefined> {
  try {
    const { bsize, blocks, bavail } = await statfs(folder);
    return { totalBytes: bsize * blocks, availableBytes: bsize * bavail };
  } catch {
    return undefined; // The limit of the run's own bytes holds, and a full disk is told by the write.
  }
}

/** Makes the count of one process. */
export function createSpace(
  limits: PartLimits,
  askDisk: () => Promise<DiskSpace | undefined>,
): Space {
  let taken = 0;
  /** Bytes that the disk was last known to have room for. */
  let granted = 0;
  let asking: Promise<number> | undefined;

  const ask = () => {
    asking ??= askDisk().then((disk) => spareBytes(disk, limits)).finally(() => asking = undefined);
    return asking;
  };
  return {
    get taken() {
      return taken;
    },
    async take(bytes) {
      if (taken + bytes > limits.totalBytes) {
        throw noSpace(`parts take ${taken} bytes of this host, and their limit is ${limits.totalBytes}`);
      }
      taken += bytes;
      granted -= bytes;
      if (granted >= 0) return;
      const spare = await ask();
      if (spare < bytes) {
        taken -= bytes;
        throw noSpace("the disk of this host would be too full");
      }
      granted = Math.min(ASK_AFTER_BYTES, spare - bytes);
    },
    free(bytes) {
      taken = Math.max(0, taken - bytes);
    },
  };
}

function noSpace(why: string): OperationError {
  return new OperationError("cannot_run", `Cannot keep the part: ${why}`, {
    remedy: "Drop runs that are no longer needed, use more hosts, or free space on that machine",
  });
}
