/**
 * The executor of `backup_restore`: puts a kept version of a file back, in the same way in which files are written.
 */
import type { Backup } from "../backups/backup_index.ts";
import { writeAll } from "../host/write_all.ts";
import type { Backups, OpenBackup } from "../backups/store.ts";
import { OperationError } from "../errors.ts";
import { codeOf } from "../host/stamped_file.ts";
import { type Bytes, EMPTY } from "../protocol/bytes.ts";
import { MAX_EDITED_BYTES } from "../protocol/operations/edit_file.ts";
import type { CallContext, Executor } from "./executor.ts";
import type { ReplaceFile } from "./file_replacer.ts";
import type { OldFile } from "./old_file.ts";
import type { PathGuard } from "./path_guard.ts";
import { decodeText } from "./text_codec.ts";
import { type UnifiedDiff, unifiedDiff } from "./unified_diff.ts";

/** What the executor needs. */
export interface BackupRestoreOptions {
  readonly replaceFile: ReplaceFile;
  readonly guard: PathGuard;
  readonly backups: Backups;
}

/** Makes the executor. */
export function createBackupRestore(
  { replaceFile, guard, backups }: BackupRestoreOptions,
): Executor<"backup_restore"> {
  return async (params, context) => {
    const dryRun = params.dry_run ?? false;
    const backup = findReadable(params.id, { backups, guard, context });
    // Open before anything is replaced: the backup of the present file may push this one out.
    await using kept = await openKept(backup, backups);
    let diff: UnifiedDiff | undefined;
    const replaced = await replaceFile(
      {
        path: params.to ?? backup.path,
        operation: "backup_restore",
        createParents: params.create_parents ?? false,
        expectedSha256: params.expected_sha256,
        isDryRun: dryRun,
      },
      context,
      async (old, path) => {
        diff = await compare({ old, kept, path, mayShow: guard.mayRead(path, context.permit.mode) });
        return {
          sha256: backup.sha256,
          size: backup.size,
          write: (file) => kept.read((chunk) => writeAll(file, chunk)),
          mode: backup.mode,
          owner: path === backup.path ? backup : undefined,
        };
      },
    );
    if (diff === undefined) throw new Error("Cannot tell what was restored");
    return { ...replaced, ...diff, dryRun, restoredId: backup.id };
  };
}

function findReadable(
  id: number,
  { backups, guard, context }: {
    readonly backups: Backups;
    readonly guard: PathGuard;
    readonly context: CallContext;
  },
): Backup {
  const backup = backups.get(id);
  if (backup === undefined) {
    throw new OperationError("cannot_run", `Cannot restore backup ${id}: there is none with that number`, {
      remedy: "See backup_list; old backups go when there are too many",
    });
  }
  // Put elsewhere, its content could be read.
  if (!guard.mayRead(backup.path, context.permit.mode)) {
    throw new OperationError(
      "refused",
      `Cannot restore backup ${id}: its file may not be read on this host`,
      {
        rule: "closed-backup",
      },
    );
  }
  return backup;
}

async function openKept(backup: Backup, backups: Backups): Promise<OpenBackup> {
  try {
    return await backups.open(backup);
  } catch (error) {
    if (codeOf(error) !== "ENOENT") throw error;
    throw new OperationError("cannot_run", `Cannot restore backup ${backup.id}: its stored content is gone`, {
      cause: error,
      remedy: "Choose another backup of the file",
    });
  }
}

async function compare(
  { old, kept, path, mayShow }: {
    readonly old: OldFile | undefined;
    readonly kept: OpenBackup;
    readonly path: string;
    readonly mayShow: boolean;
  },
): Promise<UnifiedDiff> {
  const none = (reason: string): UnifiedDiff => ({ diff: "", diffNote: `No diff: ${reason}` });
  if (!mayShow) return none("the present file may not be read");
  if (kept.backup.size > MAX_EDITED_BYTES || (old?.size ?? 0) > MAX_EDITED_BYTES) {
    // What is damaged is found in a dry run too.
    await kept.read(() => {});
    return none("the files are too large to compare");
  }
  const after = await collect(kept.backup.size, (take) => kept.read(take));
  const before = old === undefined ? EMPTY : await collect(old.size, (take) => old.read(old.size, take));
  try {
    return unifiedDiff(decodeText(before).text, decodeText(after).text, {
      before: old === undefined ? "/dev/null" : path,
      after: `${path} (backup ${kept.backup.id})`,
    });
  } catch (error) {
    if (error instanceof TypeError) return none(`a file is not text, ${error.message}`);
    throw error;
  }
}

async function collect(size: number, read: (take: (chunk: Bytes) => void) => Promise<void>): Promise<Bytes> {
  const bytes = new Uint8Array(size);
  let at = 0;
  await read((chunk) => {
    bytes.set(chunk, at);
    at += chunk.length;
  });
  return bytes.subarray(0, at);
}
