/**
 * Where the file operations may read and write: paths are made real before the path policy is asked, and what was opened is
 * checked again, since a path can be swapped in between.
 */
import type { Mode } from "../protocol/mode.ts";

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
}
