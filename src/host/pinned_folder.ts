/**
 * A folder that stays the same one while a file in it is replaced, even if somebody swaps a part of its path for a
 * symbolic link meanwhile. Where that cannot be had, the path is checked once.
 */
import { constants } from "node:fs";
import { type FileHandle, open, readlink, realpath } from "node:fs/promises";
import { join } from "node:path";
import { codeOf } from "./stamped_file.ts";

/** An open folder. */
export interface PinnedFolder extends AsyncDisposable {
  /** The path by which to act on a name in the folder. */
  pathOf(name: string): string;
  /** Brings what was renamed in the folder to the disk, where the file system can do that. */
  sync(): Promise<void>;
}

/** The folder is not at its path any more. */
export class FolderMovedError extends Error {
  override readonly name = "FolderMovedError";
}

/**
 * Opens a folder. On Linux names are then looked up in the folder itself, through /proc/self/fd, whatever becomes of
 * its path; elsewhere by the path, which was the real one at this moment.
 *
 * @param path - its real path, absolute
 * @throws {FolderMovedError} If the path leads elsewhere by now.
 */
export async function pinFolder(path: string): Promise<PinnedFolder> {
  if (Deno.build.os === "windows") {
    await assertReal(path);
    return byPath(path, undefined);
  }
  const handle = await open(path, constants.O_RDONLY | constants.O_DIRECTORY | constants.O_NOFOLLOW);
  try {
    const own = `/proc/self/fd/${handle.fd}`;
    const real = Deno.build.os === "linux" ? await linkTarget(own) : undefined;
    if (real === undefined) {
      await assertReal(path);
      return byPath(path, handle);
    }
    if (real !== path) throw moved();
    return { ...byPath(path, handle), pathOf: (name) => `${own}/${name}` };
  } catch (error) {
    await handle.close();
    throw error;
  }
}

function byPath(path: string, handle: FileHandle | undefined): PinnedFolder {
  return {
    pathOf: (name) => join(path, name),
    sync: async () => {
      try {
        await handle?.sync();
      } catch {
        // Some file systems cannot do this for folders; what was renamed is then on the disk a little later.
      }
    },
    [Symbol.asyncDispose]: async () => await handle?.close(),
  };
}

async function assertReal(path: string): Promise<void> {
  if (await realpath(path) !== path) throw moved();
}

/** Where /proc says that an open file is; undefined where there is no /proc. */
async function linkTarget(path: string): Promise<string | undefined> {
  try {
    return await readlink(path);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return undefined;
    throw error;
  }
}

function moved(): FolderMovedError {
  return new FolderMovedError("the folder was moved or replaced by a symbolic link meanwhile");
}
