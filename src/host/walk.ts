/**
 * Walks a folder: what is in it and below, folder by folder and in a fixed order, without following symbolic links, and with
 * ignore files respected where that is asked for. Used by listing and searching.
 */
import { join } from "node:path";
import { type IgnoreRules, parseIgnoreRules, type Verdict } from "./ignore_rules.ts";
import { readQuietly } from "./read_quietly.ts";
import type { WorkBudget } from "./work_budget.ts";

/** Entries that a walk looks at. */
export const MAX_WALK_ENTRIES = 200_000;
/** Deepest folder below the first one. */
export const MAX_WALK_DEPTH = 128;
/** Paths that a report names. */
const MAX_NAMED = 5;
const MAX_IGNORE_FILE_BYTES = 256 * 1024;
/** Folders above the first one in which ignore files are looked for. */
const MAX_FOLDERS_ABOVE = 64;

/** What an entry is by its folder; `other` is a FIFO, a socket or a device. */
export type WalkKind = "file" | "directory" | "symlink" | "other";

/** One entry of a folder. */
export interface WalkEntry {
  /** Relative to the walk's root, with slashes. */
  readonly path: string;
  readonly kind: WalkKind;
}

/** How many there were of something, and the first of them. */
export interface Tally {
  count: number;
  readonly first: string[];
}

/** What a walk did not deliver, and why. It is complete when the walk has ended. */
export interface WalkReport {
  /** Entries that were looked at, also those that were left out. */
  entries: number;
  hidden: number;
  ignored: number;
  /** What the path rules forbid; folders count once. */
  readonly denied: Tally;
  /** Folders that could not be read, and ignore files of which not all could be respected. */
  readonly unreadable: Tally;
  readonly ignoreFiles: Tally;
  /** Which bound ended it early: what is missing is unknown. */
  stopped: "entries" | "time" | undefined;
  /** Folders that were not entered as they are too deep. */
  tooDeep: number;
}

/** Where and how to walk. */
export interface WalkOptions {
  /** Absolute real path of a folder. */
  readonly root: string;
  /** How many levels of folders are looked into; 1 is the root alone. @default {MAX_WALK_DEPTH} */
  readonly depth?: number;
  /** Whether names that begin with a dot are delivered and entered. */
  readonly hidden: boolean;
  /** Whether .gitignore, .ignore and .git/info/exclude leave entries out. `.git` itself is then left out, too. */
  readonly respectIgnore: boolean;
  /** Whether a real path may be looked at; folders that may not are not entered. */
  readonly mayRead: (realPath: string) => boolean;
  /** Leaves an entry, and what is below it, out at the caller's wish. */
  readonly skips?: (path: string) => boolean;
  readonly budget: WorkBudget;
  /** @default {MAX_WALK_ENTRIES} */
  readonly maxEntries?: number;
}

/** Makes an empty report. */
export function emptyReport(): WalkReport {
  return {
    entries: 0,
    hidden: 0,
    ignored: 0,
    denied: { count: 0, first: [] },
    unreadable: { count: 0, first: [] },
    ignoreFiles: { count: 0, first: [] },
    stopped: undefined,
    tooDeep: 0,
  };
}

/** Counts one more. */
export function tally(into: Tally, path: string): void {
  into.count++;
  if (into.first.length < MAX_NAMED) into.first.push(path);
}

/** One folder's ignore files, and those of the folders above it. */
interface Level {
  /** What to put before a path relative to the root, to make it relative to this level's folder. */
  readonly prefix: string;
  /** Length of what to take away from it instead. */
  readonly cut: number;
  readonly ignore: IgnoreRules | undefined;
  readonly gitignore: IgnoreRules | undefined;
  readonly exclude: IgnoreRules | undefined;
  /** Whether a repository begins here: the git rules of levels above do not hold. */
  readonly isRepository: boolean;
  readonly above: Level | undefined;
}

interface Open {
  readonly path: string;
  readonly depth: number;
  readonly level: Level | undefined;
}

/**
 * Walks, and yields the entries of one folder after the other, sorted by name; a folder comes before the folders in it.
 *
 * @param report - filled in on the way
 * @throws the signal's reason if it aborts.
 */
export async function* walk(options: WalkOptions, report: WalkReport): AsyncGenerator<WalkEntry[]> {
  const { root, respectIgnore, budget, depth = MAX_WALK_DEPTH, maxEntries = MAX_WALK_ENTRIES } = options;
  const above = respectIgnore ? await readLevelsAbove(options, report) : undefined;
  const open: Open[] = [{ path: "", depth: 1, level: above }];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    await budget.breathe();
    if (budget.isOver()) {
      report.stopped = "time";
      return;
    }
    const listed = await readFolder(join(root, folder.path));
    if (listed === undefined) {
      tally(report.unreadable, folder.path === "" ? "." : folder.path);
      continue;
    }
    const level = respectIgnore ? await readLevel(folder, listed, options, report) : undefined;
    const found: WalkEntry[] = [];
    const below: Open[] = [];
    for (const { name, kind } of listed) {
      if (report.entries >= maxEntries) report.stopped = "entries";
      else if (report.entries % 512 === 511) {
        await budget.breathe();
        if (budget.isOver()) report.stopped = "time";
      }
      if (report.stopped !== undefined) break;
      report.entries++;
      const path = folder.path === "" ? name : `${folder.path}/${name}`;
      if (!isWanted({ path, name, kind }, level, options, report)) continue;
      found.push({ path, kind });
      if (kind !== "directory") continue;
      if (folder.depth < depth) below.push({ path, depth: folder.depth + 1, level });
      else if (depth === MAX_WALK_DEPTH) report.tooDeep++;
    }
    if (found.length > 0) yield found;
    if (report.stopped !== undefined) return;
    open.push(...below.reverse());
  }
}

function isWanted(
  { path, name, kind }: WalkEntry & { readonly name: string },
  level: Level | undefined,
  { root, hidden, respectIgnore, mayRead, skips }: WalkOptions,
  report: WalkReport,
): boolean {
  if (!hidden && name.startsWith(".")) report.hidden++;
  else if (respectIgnore && (name === ".git" || isIgnored(level, path, kind === "directory"))) {
    report.ignored++;
  } else if (skips?.(path)) return false;
  else if (!mayRead(join(root, path))) tally(report.denied, path);
  else return true;
  return false;
}

/** The entries of a folder by name, or undefined if it cannot be read. */
async function readFolder(
  path: string,
): Promise<{ readonly name: string; readonly kind: WalkKind }[] | undefined> {
  try {
    const entries: { name: string; kind: WalkKind }[] = [];
    for await (const { name, isFile, isDirectory, isSymlink } of Deno.readDir(path)) {
      const kind = isSymlink ? "symlink" : isDirectory ? "directory" : isFile ? "file" : "other";
      entries.push({ name, kind });
    }
    return entries.sort((a, b) => a.name < b.name ? -1 : a.name > b.name ? 1 : 0);
  } catch {
    // Not for us, gone since it was seen, or not what it was: it is counted.
    return undefined;
  }
}

/** As ripgrep does it: what .ignore says comes before what .gitignore says, and lower folders before higher ones. */
function isIgnored(level: Level | undefined, path: string, isFolder: boolean): boolean {
  let [ignore, gitignore, exclude]: Verdict[] = [];
  let isGitOver = false;
  for (let at = level; at !== undefined; at = at.above) {
    const local = at.prefix + path.slice(at.cut);
    ignore ??= at.ignore?.verdict(local, isFolder);
    if (!isGitOver) {
      gitignore ??= at.gitignore?.verdict(local, isFolder);
      exclude ??= at.exclude?.verdict(local, isFolder);
    }
    isGitOver ||= at.isRepository;
  }
  return (ignore ?? gitignore ?? exclude) === "ignore";
}

/** Adds a folder's own ignore files to those above it. */
async function readLevel(
  { path, level: above }: Open,
  listed: readonly { readonly name: string; readonly kind: WalkKind }[],
  options: WalkOptions,
  report: WalkReport,
): Promise<Level | undefined> {
  const folder = join(options.root, path);
  const kindOf = (name: string) => listed.find((entry) => entry.name === name)?.kind;
  const read = (name: string, isThere: boolean) =>
    isThere ? readRules(join(folder, name), { ...options, report }) : undefined;
  const git = kindOf(".git");
  const ignore = await read(".ignore", kindOf(".ignore") === "file");
  const gitignore = await read(".gitignore", kindOf(".gitignore") === "file");
  const exclude = await read(".git/info/exclude", git === "directory");
  const isRepository = git === "directory" || git === "file";
  if (ignore === undefined && gitignore === undefined && exclude === undefined && !isRepository) return above;
  return {
    prefix: "",
    cut: path === "" ? 0 : path.length + 1,
    ignore,
    gitignore,
    exclude,
    isRepository,
    above,
  };
}

/** Reads the ignore files between the root and the top of the repository that it is in; none if it is in none. */
async function readLevelsAbove(options: WalkOptions, report: WalkReport): Promise<Level | undefined> {
  const folders: { readonly folder: string; readonly prefix: string }[] = [];
  let folder = options.root;
  let prefix = "";
  while (!await exists(join(folder, ".git"))) {
    const parent = join(folder, "..");
    if (parent === folder || folders.length >= MAX_FOLDERS_ABOVE) return undefined;
    prefix = `${folder.slice(parent.length).replace(/^[\\/]/, "")}/${prefix}`;
    folder = parent;
    folders.push({ folder, prefix });
  }
  let above: Level | undefined;
  for (const one of folders.reverse()) {
    const read = (name: string) => readRules(join(one.folder, name), { ...options, report });
    above = {
      prefix: one.prefix,
      cut: 0,
      ignore: await read(".ignore"),
      gitignore: await read(".gitignore"),
      exclude: above === undefined ? await read(".git/info/exclude") : undefined,
      isRepository: above === undefined,
      above,
    };
  }
  return above;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    // Not there, or not for us to see.
    return false;
  }
}

async function readRules(
  path: string,
  { mayRead, report }: { readonly mayRead: (path: string) => boolean; readonly report: WalkReport },
): Promise<IgnoreRules | undefined> {
  if (!mayRead(path)) return undefined;
  try {
    const bytes = await readQuietly(path, { maxBytes: MAX_IGNORE_FILE_BYTES + 1 });
    const rules = parseIgnoreRules(new TextDecoder().decode(bytes.subarray(0, MAX_IGNORE_FILE_BYTES)));
    if (rules.isCut || bytes.length > MAX_IGNORE_FILE_BYTES) tally(report.ignoreFiles, path);
    return rules;
  } catch {
    // There is none, or it is no regular file, which git does not read either.
    return undefined;
  }
}
