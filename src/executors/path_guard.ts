/**
 * Where the file operations may read and write: paths are made real before the path policy is asked, and what was opened is
 * checked again, since a path can be swapped in between.
 */
import { OperationError } from "../errors.ts";
import { identityOf } from "../host/file_identity.ts";
import type { Mode } from "../protocol/mode.ts";
import type { PathAccess, PathDecision } from "../safety/path_policy.ts";
import { showPath } from "../safety/show_path.ts";
import { createClosedFiles } from "./closed_files.ts";
import {
  absolutePath,
  explain,
  GUARD_FILES,
  type GuardFiles,
  joinLink,
  nearestReal,
  regularOnly,
} from "./real_path.ts";
import { type GuardRules, realRules } from "./real_rules.ts";

/** A file that was opened after its path was allowed. */
export interface OpenedFile extends Disposable {
  readonly file: Deno.FsFile;
  /** The real path, absolute. */
  readonly path: string;
  readonly info: Deno.FileInfo;
}

/** Where a file is to be written. */
export interface WriteTarget {
  /** The real path, absolute: its folder exists, or is to be made, and it is no symbolic link. */
  readonly path: string;
  /** What is there now; undefined if nothing is. */
  readonly info: Deno.FileInfo | undefined;
}

/** What is to be removed. */
export interface RemoveTarget extends WriteTarget {
  /** What the link says, as it was written, if a symbolic link is there; it is then the link that goes. */
  readonly link: string | undefined;
}

/** Guards the paths of one host. Every method throws an `OperationError`: `refused` with the rule, or `cannot_run`. */
export interface PathGuard {
  /** What a caller's path means: `~` is the home folder, a relative path starts there. Lexical; touches nothing. */
  absolute(path: string): string;
  /** Opens a regular file for reading. Never blocks on a FIFO, a device or a socket: those are refused. */
  openFile(path: string, mode: Mode): Promise<OpenedFile>;
  /** Allows a look at what is at a path (list, stat, walk): its real path and what is there. */
  lookAt(path: string, mode: Mode): Promise<{ readonly path: string; readonly info: Deno.FileInfo }>;
  /** Whether a real path that a walk came upon may be read; lists and searches leave out or mark what may not. */
  mayRead(realPath: string, mode: Mode): boolean;
  /** Allows a regular file to be made or replaced at a path; a symbolic link at its end is followed. */
  writeTarget(path: string, mode: Mode): Promise<WriteTarget>;
  /** Allows a regular file, or a symbolic link itself, to be removed at a path. */
  removeTarget(path: string, mode: Mode): Promise<RemoveTarget>;
}

/** What is at a path, without following a link at its end. */
export interface LinkView {
  /** The path with all folders real; its last name may be a link. */
  readonly path: string;
  readonly info: Deno.FileInfo;
  /** What the link says, as it was written; undefined if it is none. */
  readonly target: string | undefined;
}

/** The guard with what only `file_stat` needs. */
export interface HostPathGuard extends PathGuard {
  /** Looks at a path without following a link at its end. */
  lookAtLink(path: string, mode: Mode): Promise<LinkView>;
  /** Whether the rules let a regular file be made or replaced at a real path; the system may still refuse it. */
  mayWrite(realPath: string, mode: Mode): boolean;
}

/** What {@link createPathGuard} needs. */
export interface PathGuardOptions extends GuardRules {
  /** @default the disk */
  readonly files?: GuardFiles;
  /** Milliseconds, for how old the knowledge of closed files may be. @default the system's clock */
  readonly now?: () => number;
}

/** Links that are followed at the end of one path, as Linux does. */
const MAX_LINKS = 40;
/** How often a file is opened again that another program replaces meanwhile. */
const MAX_OPENS = 3;

/**
 * Makes the guard of a host.
 *
 * @throws {SyntaxError} If a glob of the rules cannot be read.
 *
 * @example
 * ```ts
 * const system = { os: "linux", homes: ["/home/ada"], isCaseInsensitive: false } as const;
 * const guard = createPathGuard({ rules: { allow: [], deny: DENIED_PATHS.linux, own: [], ownSecrets: [] }, system });
 * using opened = await guard.openFile("~/notes.txt", "plan");
 * ```
 */
export function createPathGuard(options: PathGuardOptions): HostPathGuard {
  const { files = GUARD_FILES, now = () => performance.now() } = options;
  const { policy, deny, system } = realRules(options);
  const closed = createClosedFiles({ deny, now });
  const { os } = system;

  const decide = (path: string, access: PathAccess, { mode, isFolder = false }: Asking) => {
    const decision = policy({ path, access, mode, isFolder });
    if (decision.decision === "refuse" || mode === "bypass") return decision;
    return closed.decide(path, access, isFolder);
  };
  const judge = (path: string, access: PathAccess, asking: Asking) => {
    const decision = decide(path, access, asking);
    if (decision.decision === "allow") return;
    throw refusal(decision);
  };
  /** A closed file has other names by hard links, mounts and letters of another case. */
  const judgeIdentity = (
    path: string,
    access: PathAccess,
    { info, mode }: { info: Deno.FileInfo; mode: Mode },
  ) => {
    if (mode === "bypass") return;
    const decision = closed.decideIdentity(path, access, identityOf(info));
    if (decision.decision === "refuse") {
      throw refusal(decision);
    }
  };
  const absolute = (path: string) => absolutePath(path, system);
  /** The real path of what exists. What is in a closed folder is refused whether it exists or not. */
  const resolve = async (path: string, verb: string, mode: Mode) => {
    const asked = absolute(path);
    try {
      return await files.realPath(asked);
    } catch (error) {
      const { path: near } = await nearestReal(asked, { files, os }).catch(() => ({ path: undefined }));
      if (near !== undefined) judge(near, "look", { mode });
      throw explain(error, `Cannot ${verb} ${showPath(asked)}`);
    }
  };

  const openOnce = async (path: string, mode: Mode): Promise<OpenedFile | undefined> => {
    const real = await resolve(path, "read", mode);
    judge(real, "read", { mode });
    const file = await files.open(real).catch((error: unknown) => {
      throw explain(error, `Cannot read ${showPath(real)}`);
    });
    try {
      const info = await file.stat();
      regularOnly(info, `Cannot read ${showPath(real)}`);
      const again = await files.realPath(real);
      judge(again, "read", { mode });
      const there = await files.lstat(again);
      judgeIdentity(real, "read", { info, mode });
      if (identityOf(there) === identityOf(info)) {
        return { file, path: again, info, [Symbol.dispose]: () => closeQuietly(file) };
      }
      file.close();
      return undefined;
    } catch (error) {
      closeQuietly(file);
      if (error instanceof OperationError) throw error;
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw explain(error, `Cannot read ${showPath(real)}`);
    }
  };

  const writeTarget = async (path: string, mode: Mode): Promise<WriteTarget> => {
    let asked = absolute(path);
    for (let links = 0; links < MAX_LINKS; links++) {
      const action = `Cannot write ${showPath(asked)}`;
      const { path: target, rest } = await nearestReal(asked, { files, os }).catch((error: unknown) => {
        throw explain(error, action);
      });
      judge(target, "write", { mode });
      if (rest > 1) return { path: target, info: undefined };
      const info = await files.lstat(target).catch((error: unknown) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw explain(error, action);
      });
      if (info === undefined) return { path: target, info };
      if (!info.isSymlink) {
        regularOnly(info, action);
        judgeIdentity(target, "write", { info, mode });
        return { path: target, info };
      }
      asked = joinLink(target, await files.readLink(target), os);
    }
    throw new OperationError(
      "cannot_run",
      `Cannot write ${showPath(path)}: too many links follow one another`,
    );
  };

  const removeTarget = async (path: string, mode: Mode): Promise<RemoveTarget> => {
    const asked = absolute(path);
    const action = `Cannot remove ${showPath(asked)}`;
    try {
      const { path: target, rest } = await nearestReal(asked, { files, os });
      // By its own place: where a link leads is not touched.
      judge(target, "write", { mode });
      const info = rest > 1 ? undefined : await files.lstat(target).catch((error: unknown) => {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      });
      if (info?.isSymlink === true) return { path: target, info, link: await files.readLink(target) };
      if (info !== undefined) {
        regularOnly(info, action, "Only files are removed here; a command can remove a folder");
        judgeIdentity(target, "write", { info, mode });
      }
      return { path: target, info, link: undefined };
    } catch (error) {
      throw explain(error, action);
    }
  };

  return {
    absolute,
    openFile: async (path, mode) => {
      for (let opens = 0; opens < MAX_OPENS; opens++) {
        const opened = await openOnce(path, mode);
        if (opened !== undefined) return opened;
      }
      throw new OperationError(
        "refused",
        `Cannot read ${showPath(absolute(path))}: it is replaced while it is opened`,
        {
          rule: "unsteady-path",
          remedy: "Try again when no other program changes it",
        },
      );
    },
    lookAt: async (path, mode) => {
      const real = await resolve(path, "look at", mode);
      judge(real, "look", { mode });
      const info = await files.lstat(real).catch((error: unknown) => {
        throw explain(error, `Cannot look at ${showPath(real)}`);
      });
      judge(real, "look", { mode, isFolder: info.isDirectory });
      return { path: real, info };
    },
    lookAtLink: async (path, mode) => {
      const asked = absolute(path);
      const action = `Cannot look at ${showPath(asked)}`;
      try {
        const { path: real } = await nearestReal(asked, { files, os });
        judge(real, "look", { mode });
        const info = await files.lstat(real);
        judge(real, "look", { mode, isFolder: info.isDirectory });
        return { path: real, info, target: info.isSymlink ? await files.readLink(real) : undefined };
      } catch (error) {
        throw explain(error, action);
      }
    },
    mayRead: (realPath, mode) => decide(realPath, "read", { mode }).decision === "allow",
    mayWrite: (realPath, mode) => decide(realPath, "write", { mode }).decision === "allow",
    writeTarget,
    removeTarget,
  };
}

function refusal({ rule, reason, remedy }: Exclude<PathDecision, { decision: "allow" }>): OperationError {
  return new OperationError("refused", reason, { rule, ...(remedy === undefined ? {} : { remedy }) });
}

interface Asking {
  readonly mode: Mode;
  readonly isFolder?: boolean;
}

function closeQuietly(file: Deno.FsFile): void {
  try {
    file.close();
  } catch {
    // Whoever read it may have closed it, as its stream does at the end.
  }
}
