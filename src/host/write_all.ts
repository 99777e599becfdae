/**
 * Writes to files by their descriptors.
 */
import type { FileHandle } from "node:fs/promises";

/** Writes all of a chunk at the present position, in as many calls as the system needs. */
export async function writeAll(file: FileHandle, chunk: Uint8Array): Promise<void> {
  for (let at = 0; at < chunk.length;) {
    const { bytesWritten } = await file.write(chunk, at, chunk.length - at, null);
    at += bytesWritten;
  }
}
