/**
 * Reads regular files that a walk came upon: never through a symbolic link, never waiting for a FIFO or a device, and never
 * more than expected.
 */
import { constants, promises } from "node:fs";
import type { Bytes } from "../protocol/bytes.ts";

// Windows has neither flag, and no files that they guard against.
const FLAGS = constants.O_RDONLY | (constants.O_NOFOLLOW ?? 0) | (constants.O_NONBLOCK ?? 0);

/**
 * Reads a file from its beginning.
 *
 * @param options.maxBytes - most that is read; what comes after is left out
 * @param options.size - bytes of the file as it was just seen, of which it is known that it is a regular one. Should it have
 * been replaced since, what is read is of no meaning, yet reading neither waits nor reads more than `maxBytes`
 * @throws {Error} If it cannot be opened or read, or is no regular file.
 */
export async function readQuietly(
  path: string,
  { maxBytes, size }: { readonly maxBytes: number; readonly size?: number },
): Promise<Bytes> {
  const file = await promises.open(path, FLAGS);
  try {
    const known = size ?? await sizeOf(file, path);
    // What the system makes up, as below /proc, has no size.
    const expected = known > 0 ? known + 1 : 64 * 1024;
    let bytes: Bytes = new Uint8Array(Math.min(expected, maxBytes));
    let length = 0;
    for (;;) {
      const { bytesRead } = await file.read(bytes, length, bytes.length - length, length);
      length += bytesRead;
      const isEnd = bytesRead === 0 || length >= maxBytes || (known > 0 && length === known);
      if (isEnd) return bytes.subarray(0, length);
      if (length === bytes.length) {
        const larger = new Uint8Array(Math.min(2 * length, maxBytes));
        larger.set(bytes);
        bytes = larger;
      }
    }
  } finally {
    await file.close();
  }
}

async function sizeOf(file: promises.FileHandle, path: string): Promise<number> {
  const info = await file.stat();
  if (!info.isFile()) throw new Error(`Cannot read "${path}": it is no regular file`);
  return info.size;
}
