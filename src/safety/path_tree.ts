/**
 * Path globs compiled into a tree of folder names, so that one walk along a path asks all of them at once. The path policy asks it
 * about single paths; the search for files to hide walks the disk along it.
 */
import { Minimatch, minimatch } from "minimatch";

/** What globs mean on one system. */
export interface PathSystem {
  readonly os: "linux" | "macos" | "windows";
  /** Home folders, absolute: the agent's own first, then others that are known. */
  readonly homes: readonly string[];
  /** Whether names that differ only in case are the same file. */
  readonly isCaseInsensitive: boolean;
}

/** One glob, with its braces spelled out, and its place in the list: a later one overrides an earlier one. */
export interface PathRule {
  /** Without the "!". */
  readonly glob: string;
  readonly index: number;
  /** True if it takes paths out again ("!~/.npmrc"). */
  readonly isException: boolean;
}

/** A place in the tree; names are as {@link foldPath} leaves them. */
export interface PathNode {
  readonly names: ReadonlyMap<string, PathNode>;
  readonly globs: readonly { readonly matches: (name: string) => boolean; readonly node: PathNode }[];
  /** What follows a `**`, before which any number of folders may come. */
  readonly deep: PathNode | undefined;
  /** True if this is such a place: every name leads back to it. */
  readonly isDeep: boolean;
  /** Globs that end here; they also mean everything below. */
  readonly rules: readonly PathRule[];
}

/** What a tree says of a path. */
export interface PathMatch {
  /** The last rule that is about the path, if any. */
  readonly rule: PathRule | undefined;
  /** True if the rule is about a folder that the path lies in, false if it is about the path itself. */
  readonly isInside: boolean;
  /** True if the path is a folder on the way to something that a rule could be about. */
  readonly isOnTheWay: boolean;
}

/** Globs of paths, compiled. */
export interface PathTree {
  readonly root: PathNode;
  readonly system: PathSystem;
  /** Asks about an absolute path. */
  match(path: string): PathMatch;
}

/** A glob, or a path that stands for itself whatever characters it has. */
export type PathPattern = string | { readonly path: string };

/** How a list of globs is read. */
export interface PathTreeOptions {
  /** Whether `~` stands for every user's home, also of those that are not known, or only for the agent's own. */
  readonly everyHome: boolean;
}

interface Growing extends PathNode {
  readonly names: Map<string, Growing>;
  readonly globs: {
    readonly matches: (name: string) => boolean;
    readonly node: Growing;
    readonly text: string;
  }[];
  deep: Growing | undefined;
  readonly rules: PathRule[];
}

/** Names are compared as they are: dots are no secret, `!` and `#` are names. */
const GLOB_OPTIONS = { dot: true, nonegate: true, nocomment: true, platform: "linux" } as const;
const USERS = {
  linux: ["/root", "/home/*"],
  macos: ["/Users/*", "/private/var/root"],
  windows: ["[a-z]:/Users/*"],
};

/**
 * Compiles globs. Each is absolute, or begins with `~` (a home) or `**`; a plain folder means everything below it; one that
 * begins with `!` is an exception to those before it.
 *
 * @throws {SyntaxError} If one cannot mean an absolute path.
 */
export function createPathTree(
  patterns: readonly PathPattern[],
  system: PathSystem,
  { everyHome }: PathTreeOptions,
): PathTree {
  const root = grow(false);
  patterns.forEach((pattern, index) => {
    if (typeof pattern !== "string") {
      plant(root, literals(pattern.path, system), { glob: pattern.path, index, isException: false });
      return;
    }
    const isException = pattern.startsWith("!");
    for (const glob of minimatch.braceExpand(isException ? pattern.slice(1) : pattern, GLOB_OPTIONS)) {
      for (const segments of readGlob(glob, system, everyHome)) {
        plant(root, segments, { glob, index, isException });
      }
    }
  });
  return { root, system, match: (path) => match(root, segmentsOf(foldPath(path, system))) };
}

/**
 * Writes a path, or a glob, in the one form in which names are compared: slashes, and on systems that ignore case or the way in
 * which accents are written, without either.
 */
export function foldPath(path: string, { os, isCaseInsensitive }: PathSystem): string {
  let folded = path;
  if (os === "windows") folded = folded.replace(/^[\\/]{2}\?[\\/](?=[a-z]:)/i, "").replaceAll("\\", "/");
  if (os === "macos") folded = folded.replace(/^\/System\/Volumes\/Data(?=\/|$)/i, "").normalize("NFC");
  // Upper case first: it also folds letters such as the long s, which some systems take for an s.
  return isCaseInsensitive ? folded.toUpperCase().toLowerCase().normalize("NFC") : folded;
}

/** The names along a folded path. */
export function segmentsOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

/** A name along a pattern: a glob, or a name that stands for itself. */
type Segment = string | { readonly name: string };

function literals(path: string, system: PathSystem): Segment[] {
  return segmentsOf(foldPath(path, system)).map((name) => ({ name }));
}

/** Reads a glob without braces; `~` makes one for each home. */
function readGlob(glob: string, system: PathSystem, everyHome: boolean): Segment[][] {
  const names = segmentsOf(foldPath(glob, system));
  if (names.includes("..")) {
    throw new SyntaxError(`Cannot read the path "${glob}": ".." is not allowed in it`);
  }
  if (names[0] === "~") {
    const homes: Segment[][] = everyHome
      ? [...system.homes.map((home) => literals(home, system)), ...usersOf(system)]
      : system.homes.slice(0, 1).map((home) => literals(home, system));
    return homes.map((home) => [...home, ...names.slice(1)]);
  }
  const isAbsolute = system.os === "windows"
    ? /^(?:[a-z]|\[[a-z-]+\]|\*):$/i.test(names[0] ?? "")
    : glob[0] === "/";
  if (isAbsolute || names[0] === "**") return [names];
  throw new SyntaxError(`Cannot read the path "${glob}": it must be absolute or begin with "~/" or "**/"`);
}

function usersOf(system: PathSystem): Segment[][] {
  return USERS[system.os].map((folder) => segmentsOf(foldPath(folder, system)));
}

function grow(isDeep: boolean): Growing {
  return { names: new Map(), globs: [], isDeep, deep: undefined, rules: [] };
}

function plant(root: Growing, segments: readonly Segment[], rule: PathRule): void {
  // What ends in ** means the folder before it, since every rule also means what is below.
  const last = segments.findLastIndex((segment) => segment !== "**");
  let node = root;
  for (const segment of segments.slice(0, last + 1)) node = child(node, segment);
  node.rules.push(rule);
}

function child(node: Growing, segment: Segment): Growing {
  if (typeof segment !== "string") return named(node, segment.name);
  if (segment === "**") {
    if (node.isDeep) return node;
    return node.deep ??= grow(true);
  }
  const glob = new Minimatch(segment, GLOB_OPTIONS);
  if (!glob.hasMagic()) return named(node, minimatch.unescape(segment));
  const known = node.globs.find(({ text }) => text === segment);
  if (known !== undefined) return known.node;
  const made = { matches: (name: string) => glob.match(name), node: grow(false), text: segment };
  node.globs.push(made);
  return made.node;
}

function named(node: Growing, name: string): Growing {
  const known = node.names.get(name) ?? grow(false);
  node.names.set(name, known);
  return known;
}

function match(root: PathNode, segments: readonly string[]): PathMatch {
  let rule: PathRule | undefined;
  let isInside = false;
  let nodes = withDeep(root);
  const take = (depth: number) => {
    for (const found of nodes.flatMap((node) => node.rules)) {
      if (rule !== undefined && found.index < rule.index) continue;
      isInside = depth < segments.length;
      rule = found;
    }
  };
  take(0);
  for (const [index, name] of segments.entries()) {
    nodes = stepAll(nodes, name);
    if (nodes.length === 0) break;
    take(index + 1);
  }
  return { rule, isInside, isOnTheWay: nodes.length > 0 };
}

/** The places that a name leads to from several places. */
export function stepAll(nodes: readonly PathNode[], name: string): PathNode[] {
  return [...new Set(nodes.flatMap((node) => step(node, name)))];
}

/** A place, and the one that a `**` which may stand for no folder at all leads to. */
export function withDeep(node: PathNode): PathNode[] {
  return node.deep === undefined ? [node] : [node, node.deep];
}

function step(node: PathNode, name: string): PathNode[] {
  const named = node.names.get(name);
  const next = [
    ...(named === undefined ? [] : [named]),
    ...node.globs.filter(({ matches }) => matches(name)).map((glob) => glob.node),
    ...(node.isDeep ? [node] : []),
  ];
  return next.flatMap(withDeep);
}
