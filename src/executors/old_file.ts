/**
 * The file that is there before an operation replaces or removes it: it is opened as the one that was allowed, compared with
 * what the caller expects, and backed up. For `file_replacer.ts` and `remove_file.ts`.
 */
import { DamagedObjectError } from "../backups/objects.ts";
import type { Backups } from "../backups/store.ts";
import { OperationError } from "../errors.ts";
import { FileChangedError, OwnerError } from "../host/atomic_write.ts";
import { FolderMovedError } from "../host/pinned_folder.ts";
import {
  codeOf,
  hashFile,
  isSameStamp,
  openStampedFile,
  type StampedFile,
  UnusableFileError,
} from "../host/stamped_file.ts";
import { explainSystemError } from "../host/system_error.ts";
import { showPath } from "../safety/show_path.ts";
import type { Caller } from "./executor.ts";

/** What is to become of the file, for errors. */
export type ChangeVerb = "replace" | "remove";

const DONE = { replace: "replaced", remove: "removed" } as const;

/** The file that is there. */
export interface OldFile extends StampedFile {
  /** The real path. */
  readonly path: string;
  readonly sha256: string;
}

/**
 * Opens the file that is there, and hashes it.
 *
 * @param target - its real path, and what was there when it was allowed
 * @throws {OperationError} `too_large` if it has more than `maxBytes`.
 * @throws {FileChangedError} If another file took its place since.
 */
export async function openOld(
  { path, info }: { readonly path: string; readonly info: Deno.FileInfo },
  { verb, maxBytes }: { readonly verb: ChangeVerb; readonly maxBytes: number },
): Promise<OldFile> {
  const file = await openStampedFile(path);
  try {
    const { dev, ino, size } = file.stamp;
    // The one that was allowed, and not another that took its place since.
    const isSame = Number(dev) === info.dev && (info.ino === null || Number(ino) === info.ino);
    if (!isSame && Deno.build.os !== "windows") {
      throw new FileChangedError("another program replaced it meanwhile");
    }
    if (size > maxBytes) throw tooLarge({ path, size, verb, maxBytes });
    return { ...file, path, sha256: await hashFile(file, maxBytes) };
  } catch (error) {
    await file[Symbol.asyncDispose]();
    throw error;
  }
}

/**
 * Compares what is there with what the caller expects.
 *
 * @param wanted - `path` as the caller named it; `expectedSha256`: "" or null if there must be no file, undefined if it does not matter
 * @throws {OperationError} `cannot_run` if it is something else.
 */
export function assertExpected(
  old: Pick<OldFile, "path" | "sha256"> | undefined,
  { path, expectedSha256, verb }: {
    readonly path: string;
    readonly expectedSha256?: string | null | undefined;
    readonly verb: ChangeVerb;
  },
): void {
  if (expectedSha256 === undefined) return;
  const expected = (expectedSha256 ?? "").toLowerCase();
  if (expected === (old?.sha256 ?? "")) return;
  const is = old === undefined ? "there is no such file" : `its sha256 is "${old.sha256}" now`;
  const wants = expected === "" ? "there must be no file" : `"${expected}" was expected`;
  throw new OperationError("cannot_run", `Cannot ${verb} ${showPath(old?.path ?? path)}: ${is}, ${wants}`, {
    remedy: "Somebody changed it: read it again, and base the change on what is there now",
  });
}

/**
 * Backs the file up, before it is replaced or removed.
 *
 * @returns the number of the backup
 * @throws {OperationError} If no backup can be kept.
 * @throws {FileChangedError} If the file at the path is another by now.
 */
export async function saveOld(
  { path, stamp }: Pick<OldFile, "path" | "stamp">,
  { verb, operation, caller, backups }: {
    readonly verb: ChangeVerb;
    /** Its name, for the list of backups. */
    readonly operation: string;
    readonly caller: Caller;
    readonly backups: Pick<Backups, "save">;
  },
): Promise<number> {
  let saved: Awaited<ReturnType<Backups["save"]>>;
  try {
    saved = await backups.save(path, { operation, caller });
  } catch (error) {
    if (error instanceof OperationError || error instanceof FileChangedError) throw error;
    throw new OperationError(
      "cannot_run",
      `Cannot back ${showPath(path)} up, and so did not ${verb} it: ${explainSystemError(error)}`,
      { cause: error, remedy: "Make room in the agent's state folder" },
    );
  }
  if (!isSameStamp(saved.stamp, stamp)) throw new FileChangedError("another program changed it meanwhile");
  return saved.backup.id;
}

/**
 * Says what the system or another program did; a fault of ours stays what it is.
 *
 * @param action - what was not done, such as `Cannot write "/a"`
 */
export function explainChange(error: unknown, action: string): unknown {
  if (error instanceof OperationError) return error;
  const because = (reason: string, remedy: string) =>
    new OperationError("cannot_run", `${action}: ${reason}; it is as it was`, { cause: error, remedy });
  if (error instanceof FileChangedError || error instanceof FolderMovedError) {
    return because(error.message, "Read it again and repeat the change");
  }
  if (error instanceof OwnerError) {
    return because(error.message, "Let its owner do it, or write into another file");
  }
  if (error instanceof DamagedObjectError) {
    return because(error.message, "Choose another backup of the file");
  }
  if (!(error instanceof UnusableFileError) && codeOf(error) === undefined) return error;
  return because(explainSystemError(error), "Look at the file, its folder and the space on the disk");
}

function tooLarge(
  { path, size, verb, maxBytes }: { path: string; size: bigint | number; verb: ChangeVerb; maxBytes: number },
): OperationError {
  return new OperationError(
    "too_large",
    `Cannot ${verb} ${
      showPath(path)
    }: it has ${size} bytes, more than the ${maxBytes} that a backup may have`,
    { remedy: `With a command it can be ${DONE[verb]}; copy it first, as there will be no backup` },
  );
}
