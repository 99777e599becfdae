/**
 * The one way in which operations replace a file: its path is locked and guarded, the old file is read and backed up, and
 * the new one takes its place in one step. For `write_file`, `edit_file` and `backup_restore`.
 */
import type { FileHandle } from "node:fs/promises";
import { dirname } from "node:path";
import type { Backups } from "../backups/store.ts";
import { OperationError } from "../errors.ts";
import { atomicWrite } from "../host/atomic_write.ts";
import { FolderMovedError } from "../host/pinned_folder.ts";
import { showPath } from "../safety/show_path.ts";
import { cancelled } from "./admission.ts";
import type { CallContext } from "./executor.ts";
import { assertExpected, explainChange, type OldFile, openOld, saveOld } from "./old_file.ts";
import type { PathGuard, WriteTarget } from "./path_guard.ts";

/** What the operations need that replace files. */
export interface FileReplacerOptions {
  readonly guard: PathGuard;
  readonly backups: Backups;
}

/** What is to be replaced, and under which conditions. */
export interface ReplaceRequest {
  /** As the caller named it. */
  readonly path: string;
  /** Name of the operation, for the backup and for errors. */
  readonly operation: "write_file" | "edit_file" | "backup_restore" | "part_save";
  readonly createParents: boolean;
  /** Hash that the present file must have; "" or null if there must be none; undefined if it does not matter. */
  readonly expectedSha256?: string | null | undefined;
  /** Whether to stop before anything is changed. */
  readonly isDryRun?: boolean;
}

/** The file that is to be there. */
export interface NewFile {
  readonly sha256: string;
  readonly size: number;
  write(file: FileHandle): Promise<void>;
  /** Permission bits. @default those of the old file; of a file where none was, 0644 without the bits of the umask */
  readonly mode?: number | undefined;
  /** @default the owner of the old file */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
}

/** What was done, or in a dry run would be. */
export interface Replaced {
  /** The real path. */
  readonly path: string;
  /** Whether there was no file before. */
  readonly created: boolean;
  /** Whether anything is different now. */
  readonly changed: boolean;
  readonly bytes: number;
  readonly sha256: string;
  /** Hash of the old content; null if there was none. */
  readonly previousSha256: string | null;
  /** The backup of the old file; null if there was none, or nothing to change. */
  readonly backupId: number | null;
}

/**
 * Replaces one file.
 *
 * @param make - makes the new file from the old; `path` is the real one. Called while the path is locked
 * @throws {OperationError} If it cannot be done; the old file is then as it was.
 */
export type ReplaceFile = (
  request: ReplaceRequest,
  context: CallContext,
  make: (old: OldFile | undefined, path: string) => NewFile | Promise<NewFile>,
) => Promise<Replaced>;

/** Makes the function that replaces files. */
export function createFileReplacer({ guard, backups }: FileReplacerOptions): ReplaceFile {
  return async (request, context, make) => {
    const { signal, permit: { mode } } = context;
    const asked = await guard.writeTarget(request.path, mode);
    try {
      using _lock = await backups.locks.acquire(asked.path, signal);
      await ensureFolder(asked.path, request);
      // What is there may have changed while the lock was waited for, and a folder may have been made.
      const target = await guard.writeTarget(request.path, mode);
      if (target.path !== asked.path) throw new FolderMovedError("its path leads elsewhere by now");
      return await replaceLocked({ request, context, target, backups, make });
    } catch (error) {
      if (signal.aborted && !(error instanceof OperationError)) throw cancelled(signal);
      throw explainChange(error, `Cannot ${VERBS[request.operation]} ${showPath(asked.path)}`);
    }
  };
}

const VERBS = {
  write_file: "write",
  edit_file: "edit",
  backup_restore: "restore",
  part_save: "write",
} as const;

async function replaceLocked(
  { request, context, target, backups, make }: {
    readonly request: ReplaceRequest;
    readonly context: CallContext;
    readonly target: WriteTarget;
    readonly backups: Backups;
    readonly make: Parameters<ReplaceFile>[2];
  },
): Promise<Replaced> {
  const { path } = target;
  await using old = target.info === undefined
    ? undefined
    : await openOld({ path, info: target.info }, { verb: "replace", maxBytes: backups.limits.fileBytes });
  assertExpected(old, { ...request, verb: "replace" });
  const made = await make(old, path);
  const result = {
    path,
    created: old === undefined,
    changed: isDifferent(old, made),
    bytes: made.size,
    sha256: made.sha256,
    previousSha256: old?.sha256 ?? null,
    backupId: null,
  };
  if (request.isDryRun === true || !result.changed) return result;
  let backupId: number | null = null;
  if (old !== undefined) {
    const { operation } = request;
    backupId = await saveOld(old, { verb: "replace", operation, caller: context.caller, backups });
  }
  await atomicWrite(path, made.write, {
    replaces: old?.stamp,
    mode: made.mode ?? old?.mode,
    owner: made.owner ?? old,
    drafts: backups.drafts,
    signal: context.signal,
  });
  return { ...result, backupId };
}

/** Only what was asked for beside the content counts: without a mode or an owner the old ones stay anyway. */
function isDifferent(old: OldFile | undefined, { sha256, mode, owner }: NewFile): boolean {
  if (old === undefined || old.sha256 !== sha256) return true;
  if (mode !== undefined && (mode & 0o777) !== (old.mode & 0o777)) return true;
  return owner !== undefined && (owner.uid !== old.uid || owner.gid !== old.gid);
}

async function ensureFolder(path: string, { createParents, isDryRun }: ReplaceRequest): Promise<void> {
  const folder = dirname(path);
  try {
    await Deno.lstat(folder);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    if (!createParents) {
      throw new OperationError(
        "cannot_run",
        `Cannot write ${showPath(path)}: there is no folder ${showPath(folder)}`,
        {
          cause: error,
          remedy: "Set create_parents to make it, if the path is right",
        },
      );
    }
    if (isDryRun !== true) await Deno.mkdir(folder, { recursive: true });
  }
}
