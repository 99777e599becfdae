/**
 * The executor of `backup_list`: tells which versions of files were kept.
 */
import type { Backups, ListedBackup } from "../backups/store.ts";
import { type BackupEntry, BACKUPS_PER_PAGE } from "../protocol/operations/backup_list.ts";
import type { Executor } from "./executor.ts";
import type { PathGuard } from "./path_guard.ts";
import { nearestRealPath } from "./nearest_real_path.ts";

/** Makes the executor. */
export function createBackupList(
  { backups, guard }: { readonly backups: Backups; readonly guard: PathGuard },
): Executor<"backup_list"> {
  return async ({ path, limit = BACKUPS_PER_PAGE, cursor }, { permit: { mode } }) => {
    const found = await backups.list({
      path: path === undefined ? undefined : await nearestRealPath(guard.absolute(path)),
      before: cursor === undefined ? undefined : Number(cursor),
      // One more tells whether there is another page.
      limit: limit + 1,
    });
    const page = found.slice(0, limit);
    const shown = page.filter((backup) => guard.mayRead(backup.path, mode));
    return {
      backups: shown.map(entryOf),
      nextCursor: found.length > limit ? String(page.at(-1)?.seq) : null,
      hidden: page.length - shown.length,
    };
  };
}

function entryOf(backup: ListedBackup): BackupEntry {
  const { id, path, time, operation, callerId, callerName, size, sha256, mode, content } = backup;
  return {
    id,
    path,
    time: new Date(time).toISOString(),
    operation,
    caller: { id: callerId, name: callerName },
    size,
    sha256,
    mode: (mode & 0o7777).toString(8).padStart(3, "0"),
    content,
  };
}
