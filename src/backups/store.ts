/**
 * Backups of files that operations replace: copies by content, and an index that tells which file had which content when.
 * Several processes of one machine and user use the same store at the same time.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import { type DraftLog, FileChangedError } from "../host/atomic_write.ts";
import { openDatabase } from "../host/database.ts";
import { createPathLocks, type PathLocks } from "../host/path_locks.ts";
import { type FileStamp, isSameStamp, openStampedFile } from "../host/stamped_file.ts";
import type { Bytes } from "../protocol/bytes.ts";
import {
  type Backup,
  type BackupFilter,
  type BackupIndex,
  type BackupReason,
  createIndex,
  MIGRATIONS,
} from "./backup_index.ts";
import { type Objects, type ObjectState, openObjects, readChecked } from "./objects.ts";
import { type BackupLimits, DEFAULT_BACKUP_LIMITS } from "./rules.ts";

/** Milliseconds between two searches for contents that no version names; only a crash at a bad moment leaves any. */
const SWEEP_MS = 24 * 3_600_000;
/** Bytes of contents that one page of a list reads to tell that they are intact. */
const CHECKED_BYTES = 64 * 1024 ** 2;

/** A version with what became of its content; `unchecked` if only its size was looked at. */
export interface ListedBackup extends Backup {
  readonly content: ObjectState | "unchecked";
}

/** A version whose content is open, so that it cannot go while it is read. */
export interface OpenBackup extends AsyncDisposable {
  readonly backup: Backup;
  /**
   * Reads the content; what was taken is only good if this does not throw.
   *
   * @throws {DamagedObjectError} If it is not what was stored.
   */
  read(take: (chunk: Bytes) => void | Promise<void>): Promise<void>;
}

/** The backups of this machine and user. */
export interface Backups extends Disposable {
  readonly limits: BackupLimits;
  /** To be held while a file is looked at and replaced. */
  readonly locks: PathLocks;
  /** Where drafts beside replaced files are remembered. */
  readonly drafts: DraftLog;
  /**
   * Copies a file, before it is replaced. Old versions that are over the limits go. If the newest version of the path is
   * the same already, that one is renewed instead, so that repeated attempts do not push others out.
   *
   * @param path - the real path of a regular file
   * @returns the version, and the stamp of the file that was copied
   * @throws {OperationError} `too_large` if the file is over the limit.
   * @throws {FileChangedError} If the file changes meanwhile.
   */
  save(path: string, reason: BackupReason): Promise<{ readonly backup: Backup; readonly stamp: FileStamp }>;
  /** Lists versions, newest first, and tells what became of their contents. */
  list(filter: BackupFilter): Promise<readonly ListedBackup[]>;
  /** Finds a version. */
  get(id: number): Backup | undefined;
  /** Opens the content of a version. */
  open(backup: Backup): Promise<OpenBackup>;
}

/** What {@link openBackups} may be told. */
export interface BackupsOptions {
  readonly limits?: BackupLimits | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: (() => number) | undefined;
}

/**
 * Opens the backups, and removes what killed processes left: drafts of more than an hour ago, and contents without a name.
 * Dispose of it only when all that uses it has ended.
 *
 * @param stateFolder - absolute; it must exist
 *
 * @example
 * ```ts
 * using backups = openBackups("/home/ada/.local/state/remote-agents");
 * await backups.save("/home/ada/notes.txt", { operation: "write_file", caller });
 * ```
 */
export function openBackups(stateFolder: string, options: BackupsOptions = {}): Backups {
  const { limits = DEFAULT_BACKUP_LIMITS, now = Date.now } = options;
  const folder = join(stateFolder, "backups");
  const lockFolder = join(folder, "locks");
  mkdirSync(lockFolder, { recursive: true, mode: 0o700 });
  const objects = openObjects(join(folder, "objects"));
  const database = openDatabase(join(stateFolder, "backups.db"), MIGRATIONS);
  try {
    const index = createIndex(database, now);
    objects.removeOldDrafts(now());
    index.removeOldDrafts();
    index.removeUnused(objects.remove);
    index.sweep(SWEEP_MS, objects);
    return {
      limits,
      locks: createPathLocks(lockFolder),
      drafts: index.drafts,
      save: (path, reason) => save({ path, reason, objects, index, limits }),
      list: (filter) => checkContents(index.list(filter), objects),
      get: index.get,
      open: (backup) => openBackup(backup, objects),
      [Symbol.dispose]: () => database[Symbol.dispose](),
    };
  } catch (error) {
    database[Symbol.dispose]();
    throw error;
  }
}

async function save(
  { path, reason, objects, index, limits }: {
    readonly path: string;
    readonly reason: BackupReason;
    readonly objects: Objects;
    readonly index: BackupIndex;
    readonly limits: BackupLimits;
  },
): Promise<{ readonly backup: Backup; readonly stamp: FileStamp }> {
  await using file = await openStampedFile(path);
  if (file.size > limits.fileBytes) {
    throw new OperationError(
      "too_large",
      `Cannot back the file up, and so not replace it: it has ${file.size} bytes, the limit is ${limits.fileBytes}`,
    );
  }
  const draft = await objects.draft(file, limits.fileBytes);
  try {
    if (!isSameStamp(await file.stampNow(), file.stamp)) {
      throw new FileChangedError("another program changed it while it was copied");
    }
    const { mode, uid, gid } = file;
    const version = { path, mode, uid, gid, sha256: draft.sha256, size: draft.size };
    const { backup, forgotten } = index.add(version, reason, { adopt: () => objects.adopt(draft), limits });
    index.removeUnused(objects.remove, forgotten);
    return { backup, stamp: file.stamp };
  } finally {
    await objects.discard(draft);
  }
}

async function openBackup(backup: Backup, objects: Objects): Promise<OpenBackup> {
  const file = await objects.open(backup.sha256);
  return {
    backup,
    read: (take) => readChecked(file, backup, take),
    [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
  };
}

async function checkContents(found: readonly Backup[], objects: Objects): Promise<ListedBackup[]> {
  const known = new Map<string, ListedBackup["content"]>();
  let bytesLeft = CHECKED_BYTES;
  const listed: ListedBackup[] = [];
  for (const backup of found) {
    const { sha256, size } = backup;
    let content = known.get(sha256);
    if (content === undefined) {
      const seen = objects.glance(sha256, size);
      content = seen === "intact" && size > bytesLeft ? "unchecked" : await objects.check(sha256, size);
      if (content !== "unchecked") bytesLeft -= size;
      known.set(sha256, content);
    }
    listed.push({ ...backup, content });
  }
  return listed;
}
