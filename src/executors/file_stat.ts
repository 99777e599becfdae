/**
 * The executor of `file_stat`: describes what is at a path.
 */
import { createHash } from "node:crypto";
import { OperationError } from "../errors.ts";
import { ownerNames } from "../host/account_names.ts";
import { FileReader } from "../host/file_reader.ts";
import { kindOf } from "../host/open_file.ts";
import { MAX_HASHED_BYTES } from "../protocol/operations/file_stat.ts";
import { cancelled } from "./admission.ts";
import type { CallContext } from "./executor.ts";
import type { HostPathGuard } from "./path_guard.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";

/** What a call asks. */
export type StatParams = ParamsOf<"file_stat">;
/** What it answers. */
export type StatResult = ResultOf<"file_stat">;

/** What {@link createFileStat} needs. */
export interface FileStatOptions {
  readonly guard: HostPathGuard;
}

/** Makes the executor. */
export function createFileStat(
  { guard }: FileStatOptions,
): (params: StatParams, context: CallContext) => Promise<StatResult> {
  return async ({ path: asked, sha256 = false }, { signal, permit: { mode } }) => {
    const view = await guard.lookAtLink(asked, mode);
    const isLink = view.target !== undefined;
    const followed = isLink ? await guard.lookAt(asked, mode).catch(nothingThere) : view;
    const { path, info } = followed ?? view;
    const notes: string[] = [];
    const hash = sha256 ? await hashOf(path, info) : undefined;
    return {
      path,
      kind: kindOf(info),
      size: info.size,
      permissions: info.mode === null ? null : (info.mode & 0o7777).toString(8).padStart(4, "0"),
      userId: info.uid,
      groupId: info.gid,
      ...await ownerNames(info),
      hardLinks: info.nlink,
      modified: timeOf(info.mtime),
      changed: timeOf(info.ctime),
      accessed: timeOf(info.atime),
      created: timeOf(info.birthtime),
      ...(view.target === undefined
        ? {}
        : { link: { path: view.path, target: view.target, isBroken: followed === undefined } }),
      mayRead: guard.mayRead(path, mode),
      mayWrite: guard.mayWrite(path, mode),
      ...(hash === undefined ? {} : { sha256: hash }),
      notes,
    };

    async function hashOf(path: string, { isFile, size }: Deno.FileInfo): Promise<string | undefined> {
      if (!isFile || size > MAX_HASHED_BYTES) {
        notes.push(
          isFile ? `Not hashed: it is over ${MAX_HASHED_BYTES} bytes` : "Not hashed: it is no regular file",
        );
        return undefined;
      }
      try {
        using opened = await guard.openFile(path, mode);
        using reader = new FileReader(opened.file, signal);
        const hash = createHash("sha256");
        let hashed = 0;
        const hasEnded = await reader.readFrom(0, (piece) => {
          hash.update(piece);
          hashed += piece.length;
          return hashed <= MAX_HASHED_BYTES;
        });
        if (hasEnded) return hash.digest("hex");
        notes.push(`Not hashed: it grew over ${MAX_HASHED_BYTES} bytes`);
      } catch (error) {
        if (signal.aborted) throw cancelled(signal);
        if (!(error instanceof OperationError)) throw error;
        notes.push(`Not hashed: ${error.message}`);
      }
      return undefined;
    }
  };
}

/** A link that leads to nothing is described itself; what is refused stays refused. */
function nothingThere(error: unknown): undefined {
  if (error instanceof OperationError && error.code === "cannot_run") return undefined;
  throw error;
}

function timeOf(time: Date | null): string | null {
  return time === null || Number.isNaN(time.getTime()) ? null : time.toISOString();
}
