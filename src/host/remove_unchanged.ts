/**
 * Removes a name from a folder if what it stands for is still what was looked at. Used to remove files after their backup.
 */
import { unlink } from "node:fs/promises";
import { basename, dirname } from "node:path";
import { FileChangedError } from "./atomic_write.ts";
import { pinFolder } from "./pinned_folder.ts";
import { type FileStamp, isSameStamp, stampAt } from "./stamped_file.ts";

/**
 * Removes a file, or a symbolic link itself; never a folder. No system can compare and remove in one step, so what another
 * program changes in the moment between the two is lost, as where a file is replaced.
 *
 * @param path - absolute, with all folders real
 * @param expected - what was looked at
 * @throws {FileChangedError} If it is gone or changed; it is then left as it is.
 * @throws {FolderMovedError} If the folder's path leads elsewhere by now.
 */
export async function removeUnchanged(path: string, expected: FileStamp): Promise<void> {
  await using folder = await pinFolder(dirname(path));
  const target = folder.pathOf(basename(path));
  const present = await stampAt(target);
  if (present === undefined) throw new FileChangedError("another program removed it meanwhile");
  if (!isSameStamp(present, expected)) throw new FileChangedError("another program changed it meanwhile");
  await unlink(target);
  await folder.sync();
}
