/**
 * Makes paths absolute and real for the path guard, and says in words what the system answered.
 */
import { posix, win32 } from "node:path";
import { OperationError } from "../errors.ts";
import { type KindInfo, kindOf, NotRegularError, openRegularFile } from "../host/open_file.ts";
import type { PathSystem } from "../safety/path_tree.ts";
import { showPath } from "../safety/show_path.ts";

/** No system opens a longer path. */
const MAX_PATH_CHARACTERS = 32_767;

/** What a guard does on the disk; a test swaps files in between. */
export interface GuardFiles {
  realPath(path: string): Promise<string>;
  lstat(path: string): Promise<Deno.FileInfo>;
  readLink(path: string): Promise<string>;
  /** Opens a regular file and never blocks. */
  open(path: string): Promise<Deno.FsFile>;
}

/** The disk. */
export const GUARD_FILES: GuardFiles = {
  realPath: (path) => Deno.realPath(path),
  lstat: (path) => Deno.lstat(path),
  readLink: (path) => Deno.readLink(path),
  open: openRegularFile,
};

/**
 * Makes a caller's path absolute: `~` is the home folder, and a relative path starts there. `..` stays, since what it means depends on
 * links.
 *
 * @throws {OperationError} `bad_request` if it can mean no path.
 */
export function absolutePath(path: string, { os, homes }: PathSystem): string {
  const [home = "/"] = homes;
  const separator = os === "windows" ? "\\" : "/";
  const isSeparator = (character: string | undefined) =>
    character === "/" || (os === "windows" && character === "\\");
  const wrong = (reason: string, remedy?: string) =>
    new OperationError(
      "bad_request",
      `Cannot use the path ${showPath(path)}: ${reason}`,
      remedy === undefined ? {} : { remedy },
    );
  if (path === "") throw wrong("it is empty");
  if (path.includes("\0")) throw wrong("it has a NUL character");
  if (path.length > MAX_PATH_CHARACTERS) throw wrong(`it is over ${MAX_PATH_CHARACTERS} characters`);
  if (!path.isWellFormed()) throw wrong("it has half a character, which no name of a file holds");
  if (path === "~") return home;
  if (path.startsWith("~") && isSeparator(path[1])) return home + separator + path.slice(2);
  if (path.startsWith("~")) {
    throw wrong(
      "only ~ and paths below it stand for a home",
      'Give the absolute path, or "./" before a name that begins with ~',
    );
  }
  if (os === "windows") return win32.isAbsolute(path) ? win32.resolve(path) : win32.join(home, path);
  return path.startsWith("/") ? path : `${home}/${path}`;
}

/**
 * Resolves the folders of a path, as far as they exist, and leaves its last name as it is.
 *
 * @returns `rest`: how many names follow the real folder, at least one, and more if folders are missing
 * @throws {OperationError | Error} If what exists is no folder, or the rest has "..".
 */
export async function nearestReal(
  path: string,
  { files, os }: { readonly files: GuardFiles; readonly os: PathSystem["os"] },
): Promise<{ readonly path: string; readonly rest: number }> {
  const api = os === "windows" ? win32 : posix;
  const { root } = api.parse(path);
  const names = path.slice(root.length).split(os === "windows" ? /[\\/]/ : "/").filter((name) =>
    name !== "" && name !== "."
  );
  const last = names.at(-1);
  // A path that ends in a slash, "." or ".." is a folder, and has no last name of its own.
  if (
    last === undefined || last === ".." ||
    /[\\/]\.?$/.test(os === "windows" ? path : path.replaceAll("\\", "x"))
  ) {
    return { path: await files.realPath(path), rest: 1 };
  }
  for (let missing = 1; missing <= names.length; missing++) {
    const folder = root + names.slice(0, -missing).join(api.sep);
    const rest = names.slice(-missing);
    try {
      const real = await files.realPath(folder);
      if (missing > 1 && rest.includes("..")) {
        throw new OperationError(
          "cannot_run",
          `Cannot use the path ${showPath(path)}: it goes back from a folder that is missing`,
        );
      }
      const info = await files.lstat(real);
      if (!info.isDirectory) throw new Deno.errors.NotADirectory(`${showPath(real)} is not a folder`);
      return { path: api.join(real, ...rest), rest: missing };
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      const link = await files.lstat(folder).catch(() => undefined);
      if (link?.isSymlink) throw new Deno.errors.NotFound(`the link ${showPath(folder)} leads to nothing`);
    }
  }
  throw new Deno.errors.NotFound("its drive does not exist");
}

/** Where a link at `path` leads, as the system reads it. */
export function joinLink(path: string, target: string, os: PathSystem["os"]): string {
  if (os === "windows") return win32.resolve(win32.dirname(path), target);
  // Not normalised: what ".." means depends on links.
  return target.startsWith("/") ? target : `${posix.dirname(path)}/${target}`;
}

/**
 * Passes regular files only.
 *
 * @param remedy - what to do about a folder
 * @throws {OperationError} `cannot_run` for a folder, `refused` for what could block or is a whole disk.
 */
export function regularOnly(info: KindInfo, action: string, remedy = "List it with list_dir"): void {
  if (info.isFile) return;
  const kind = kindOf(info);
  if (kind === "folder") {
    throw new OperationError("cannot_run", `${action}: it is a folder`, { remedy });
  }
  throw new OperationError("refused", `${action}: it is no regular file but a ${kind}`, {
    rule: "no-regular-file",
  });
}

/** Says what the system answered; an OperationError stays as it is. */
export function explain(error: unknown, action: string): OperationError {
  if (error instanceof OperationError) return error;
  const because = (reason: string, remedy?: string) =>
    new OperationError("cannot_run", `${action}: ${reason}`, {
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  if (error instanceof NotRegularError) {
    return error.kind === "folder"
      ? because("it is a folder", "List it with list_dir")
      : new OperationError("refused", `${action}: ${error.message}`, {
        rule: "no-regular-file",
        cause: error,
      });
  }
  const text = error instanceof Error ? error.message : String(error);
  if (error instanceof Deno.errors.NotFound) {
    return because(text.startsWith("the link ") ? text : "there is no such file or folder");
  }
  if (error instanceof Deno.errors.NotADirectory || /ENOTDIR|Not a directory/i.test(text)) {
    return because("one of its folders is a file");
  }
  if (error instanceof Deno.errors.PermissionDenied || /EACCES|EPERM/.test(text)) {
    return because(
      "the system does not let the agent's user do it",
      "The agent runs as an ordinary user; its owner can change the file's permissions",
    );
  }
  if (error instanceof Deno.errors.FilesystemLoop || /ELOOP|too many.*links/i.test(text)) {
    return because("links lead in a circle, or took the file's place");
  }
  if (/ENAMETOOLONG|name too long/i.test(text)) return because("a name in it is too long");
  if (/ENXIO|ENODEV|No such device/i.test(text)) return because("it is no regular file");
  return because(text.replace(/: \w+ '.*$/s, "").replace(/[\p{Cc}]/gu, " "));
}
