/**
 * Puts a file in place of another, or where none was: whoever looks sees the old content or the new, never half, also
 * when the process or the machine dies in the middle. Permission bits and owner are kept; extended attributes, access
 * control lists and further hard links to the old file are not, since the file is a new one.
 */
import { type FileHandle, link, lstat, open, rename, rm } from "node:fs/promises";
import { basename, dirname, join } from "node:path";
import { pinFolder } from "./pinned_folder.ts";
import { codeOf, type FileStamp, isSameStamp, stampAt } from "./stamped_file.ts";

/** Permission bits of a new file, before the process's umask. */
const NEW_FILE_MODE = 0o644;
/** Bits that are kept: set-user-id and set-group-id are not, as the kernel drops them when content changes. */
const PERMISSION_BITS = 0o777;
const DRAFT = /^\.remote-agents-[0-9a-f]{32}\.draft$/;

/** Remembers drafts, so that those of a process that was killed can be removed. */
export interface DraftLog {
  /** Called before the file at this path is made. */
  begin(path: string): void;
  /** Called when it is gone. */
  end(path: string): void;
}

/** How a file is written. */
export interface AtomicWriteOptions {
  /** What is there and to be replaced; undefined if nothing is there. It must still be so when the new file is complete. */
  readonly replaces: FileStamp | undefined;
  /** Permission bits. @default 0644 without the bits of the umask */
  readonly mode?: number | undefined;
  /** Who is to own it. @default whoever the agent runs as */
  readonly owner?: { readonly uid: number; readonly gid: number } | undefined;
  readonly drafts?: DraftLog | undefined;
  /** Asked last before the file is put in its place. */
  readonly signal?: AbortSignal | undefined;
}

/** What was to be replaced is not what was looked at. */
export class FileChangedError extends Error {
  override readonly name = "FileChangedError";
}

/** The new file would belong to somebody else than the old one. */
export class OwnerError extends Error {
  override readonly name = "OwnerError";
}

/** Tells whether a file's name is one that {@link atomicWrite} gives to drafts. */
export function isDraftName(name: string): boolean {
  return DRAFT.test(name);
}

/**
 * Writes a file through a draft in the same folder, which is gone afterwards whatever happens.
 *
 * @param path - the real path, absolute; its folder exists
 * @param write - writes the content; what it throws leaves the old file untouched
 * @throws {FileChangedError} If the old file changed, or one came to be there, meanwhile.
 * @throws {OwnerError} If the owner cannot be kept.
 * @throws {FolderMovedError} If the folder's path leads elsewhere by now.
 */
export async function atomicWrite(
  path: string,
  write: (file: FileHandle) => Promise<void>,
  options: AtomicWriteOptions,
): Promise<void> {
  await using folder = await pinFolder(dirname(path));
  const name = `.remote-agents-${crypto.randomUUID().replaceAll("-", "")}.draft`;
  const draft = folder.pathOf(name);
  const target = folder.pathOf(basename(path));
  const loggedAs = join(dirname(path), name);
  options.drafts?.begin(loggedAs);
  try {
    await writeDraft(draft, write, options);
    options.signal?.throwIfAborted();
    if (options.replaces === undefined) await putNew(draft, target);
    else await replace(draft, target, options.replaces);
    await folder.sync();
  } finally {
    // After a rename nothing is there; what cannot be removed stays in the log.
    const isGone = await rm(draft, { force: true }).then(() => true, () => false);
    if (isGone) options.drafts?.end(loggedAs);
  }
}

async function writeDraft(
  draft: string,
  write: (file: FileHandle) => Promise<void>,
  { mode, owner }: AtomicWriteOptions,
): Promise<void> {
  // A new file has from the first moment what it will have at the end: the kernel applies the umask, which cannot be
  // asked for without changing it. All others are closed to anybody else until they are complete.
  const file = await open(draft, "wx", mode === undefined ? NEW_FILE_MODE : 0o600);
  try {
    await write(file);
    if (Deno.build.os !== "windows") {
      if (owner !== undefined) await keepOwner(file, owner);
      // After chown, which may take bits away.
      if (mode !== undefined) await file.chmod(mode & PERMISSION_BITS);
    }
    await file.sync();
  } finally {
    await file.close();
  }
}

async function keepOwner(file: FileHandle, { uid, gid }: { uid: number; gid: number }): Promise<void> {
  const own = await file.stat();
  if (own.uid === uid && own.gid === gid) return;
  try {
    await file.chown(uid, gid);
  } catch (cause) {
    throw new OwnerError(`it belongs to user ${uid} and group ${gid}, which the agent's user cannot keep`, {
      cause,
    });
  }
}

/** Puts the draft where nothing is. A link, unlike a rename, fails if something came to be there. */
async function putNew(draft: string, target: string): Promise<void> {
  try {
    await link(draft, target);
  } catch (error) {
    if (codeOf(error) === "EEXIST") throw new FileChangedError("a file came to be there meanwhile");
    if (!/^(EPERM|EOPNOTSUPP|ENOTSUP|ENOSYS|EMLINK|EXDEV|EINVAL)$/.test(codeOf(error) ?? "")) throw error;
    // A file system without hard links: there is a moment between looking and renaming.
    if (await isThere(target)) throw new FileChangedError("a file came to be there meanwhile");
    await rename(draft, target);
  }
}

async function replace(draft: string, target: string, expected: FileStamp): Promise<void> {
  const present = await stampAt(target);
  if (present === undefined) throw new FileChangedError("it was removed meanwhile");
  if (!isSameStamp(present, expected)) throw new FileChangedError("another program changed it meanwhile");
  await rename(draft, target);
}

async function isThere(path: string): Promise<boolean> {
  try {
    await lstat(path);
    return true;
  } catch (error) {
    if (codeOf(error) === "ENOENT") return false;
    throw error;
  }
}
