/**
 * The executor of `remove_file`: removes one file after it was backed up, under the same lock and checks with which files
 * are replaced. A symbolic link goes itself.
 */
import { OperationError } from "../errors.ts";
import { FileChangedError } from "../host/atomic_write.ts";
import { FolderMovedError } from "../host/pinned_folder.ts";
import { removeUnchanged } from "../host/remove_unchanged.ts";
import { stampAt } from "../host/stamped_file.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";
import { showPath } from "../safety/show_path.ts";
import { cancelled } from "./admission.ts";
import type { CallContext, Executor } from "./executor.ts";
import type { FileReplacerOptions } from "./file_replacer.ts";
import { assertExpected, explainChange, openOld, saveOld } from "./old_file.ts";
import type { RemoveTarget } from "./path_guard.ts";

type Params = ParamsOf<"remove_file">;
type Result = ResultOf<"remove_file">;

/** The bits of a mode that tell what a file is, and those of a symbolic link (stat(2)). */
const KIND_BITS = 0o170000n;
const LINK_KIND = 0o120000n;

/** Makes the executor. */
export function createRemoveFile({ guard, backups }: FileReplacerOptions): Executor<"remove_file"> {
  return async (params, context) => {
    const { signal, permit: { mode } } = context;
    const asked = await guard.removeTarget(params.path, mode);
    try {
      using _lock = await backups.locks.acquire(asked.path, signal);
      // What is there may have changed while the lock was waited for.
      const target = await guard.removeTarget(params.path, mode);
      if (target.path !== asked.path) throw new FolderMovedError("its path leads elsewhere by now");
      return await removeLocked({ params, context, target, backups });
    } catch (error) {
      if (signal.aborted && !(error instanceof OperationError)) throw cancelled(signal);
      throw explainChange(error, `Cannot remove ${showPath(asked.path)}`);
    }
  };
}

async function removeLocked({ params, context, target: { path, info, link }, backups }: {
  readonly params: Params;
  readonly context: CallContext;
  readonly target: RemoveTarget;
  readonly backups: FileReplacerOptions["backups"];
}): Promise<Result> {
  const expected = { path, expectedSha256: params.expected_sha256, verb: "remove" } as const;
  const result = { path, removed: true, bytes: 0, previousSha256: null, backupId: null, linkTarget: null };
  if (info === undefined) {
    if (params.expected_sha256 === undefined) throw notThere(path);
    assertExpected(undefined, expected);
    return { ...result, removed: false };
  }
  if (link !== undefined) {
    if (params.expected_sha256 !== undefined) throw linkExpected(path, link);
    await removeLink(path, info, context.signal);
    return { ...result, linkTarget: link };
  }
  await using old = await openOld({ path, info }, { verb: "remove", maxBytes: backups.limits.fileBytes });
  assertExpected(old, expected);
  const backupId = await saveOld(old, {
    verb: "remove",
    operation: "remove_file",
    caller: context.caller,
    backups,
  });
  context.signal.throwIfAborted();
  await removeUnchanged(path, old.stamp);
  return { ...result, bytes: old.size, previousSha256: old.sha256, backupId };
}

async function removeLink(path: string, seen: Deno.FileInfo, signal: AbortSignal): Promise<void> {
  const stamp = await stampAt(path);
  const isSame = seen.ino === null || Number(stamp?.ino) === seen.ino;
  // A file that took the link's place would go without a backup.
  if (stamp === undefined || (stamp.mode & KIND_BITS) !== LINK_KIND || !isSame) {
    throw new FileChangedError("another program replaced the link meanwhile");
  }
  signal.throwIfAborted();
  await removeUnchanged(path, stamp);
}

function notThere(path: string): OperationError {
  return new OperationError("cannot_run", `Cannot remove ${showPath(path)}: there is no such file`, {
    remedy: "Look at its folder with list_dir",
  });
}

function linkExpected(path: string, link: string): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot remove ${showPath(path)}: it is a symbolic link to ${
      showPath(link)
    }, which has no sha256 of its own`,
    { remedy: "Give the path of the file that it leads to, or leave expected_sha256 out to remove the link" },
  );
}
