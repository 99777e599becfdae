/**
 * Opens regular files for reading, and nothing else: a FIFO, a device or a socket that takes the place of a file is seen before
 * anything waits for it.
 */
import { constants, promises } from "node:fs";

/** What is at a path, in a word. */
export type FileKind =
  | "file"
  | "folder"
  | "link"
  | "fifo"
  | "socket"
  | "character device"
  | "block device"
  | "unknown";

/** What tells kinds apart; `Deno.FileInfo` has it. */
export type KindInfo = Pick<
  Deno.FileInfo,
  "isFile" | "isDirectory" | "isSymlink" | "isFifo" | "isSocket" | "isCharDevice" | "isBlockDevice"
>;

/** Thrown where no regular file is. */
export class NotRegularError extends Error {
  override readonly name = "NotRegularError";

  constructor(readonly kind: FileKind) {
    super(`it is no regular file but a ${kind}`);
  }
}

/** Names what `info` is about. */
export function kindOf(info: KindInfo): FileKind {
  if (info.isFile) return "file";
  if (info.isDirectory) return "folder";
  if (info.isSymlink) return "link";
  if (info.isFifo) return "fifo";
  if (info.isSocket) return "socket";
  if (info.isCharDevice) return "character device";
  if (info.isBlockDevice) return "block device";
  return "unknown";
}

/**
 * Opens a regular file for reading. On Unix it is first opened so that nothing blocks and no link at the end is followed; what was
 * opened is looked at, and opened again by its descriptor.
 *
 * @param path - real and absolute
 * @throws {NotRegularError} If something else is there.
 * @throws {Deno.errors.NotFound | Deno.errors.PermissionDenied | Error} As the system says.
 */
export async function openRegularFile(path: string): Promise<Deno.FsFile> {
  const before = await Deno.lstat(path);
  if (!before.isFile) throw new NotRegularError(kindOf(before));
  if (Deno.build.os === "windows") return await Deno.open(path, { read: true });
  const handle = await promises.open(path, constants.O_RDONLY | constants.O_NONBLOCK | constants.O_NOFOLLOW);
  try {
    const info = await handle.stat();
    if (!info.isFile()) throw new NotRegularError("unknown");
    const descriptor = `/dev/fd/${handle.fd}`;
    const again = await Deno.stat(descriptor).catch(() => undefined);
    // Older runtimes number their descriptors themselves, and a chroot may have no /dev/fd.
    const isSame = again !== undefined && again.ino === info.ino && again.dev === info.dev;
    return await Deno.open(isSame ? descriptor : path, { read: true });
  } finally {
    await handle.close();
  }
}
