/**
 * Finds which files and folders of passwords, keys and tokens exist on this machine: for sandboxes, which cover them, and for the
 * path guard, which knows them by their inodes whatever other name they are reached by.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import {
  foldPath,
  type PathNode,
  type PathSystem,
  type PathTree,
  stepAll,
  withDeep,
} from "../safety/path_tree.ts";

/** Most paths that are found: a sandbox takes each as arguments. */
export const MAX_CREDENTIAL_PATHS = 1024;
/** Most places that the search goes through. */
const MAX_LOOKS = 20_000;
/**
 * Milliseconds that a search may take, as a folder may lie on a slow network. It usually takes about five, but a busy machine may give
 * the process a hundredth of its time, and to give up is to refuse the command.
 */
const MAX_SEARCH_MS = 5_000;
/** From here on reading a folder is faster than to look for each name. */
const MANY_NAMES = 6;
/** Folders below a `**` that are searched. */
const MAX_DEEP = 3;

/** What was found. */
export interface CredentialFiles {
  /** Real absolute paths of existing files and folders, without those inside another one of the list. */
  readonly paths: readonly string[];
  /** False if the search came to one of its bounds, so that there may be more. */
  readonly isComplete: boolean;
}

/** How to search. */
export interface CredentialSearch {
  /** @default {MAX_CREDENTIAL_PATHS} */
  readonly maxPaths?: number | undefined;
  /** @default {5000} */
  readonly maxMs?: number | undefined;
  /** Milliseconds, for the bound. @default the system's clock */
  readonly now?: (() => number) | undefined;
}

interface Place {
  readonly path: string;
  readonly nodes: readonly PathNode[];
  /** Folders since the `**` above it. */
  readonly deep: number;
}

/**
 * Searches the places that a tree of globs names. Synchronous, since it is asked before the start of a command and its single
 * looks take microseconds; bounded in paths, looks and time.
 *
 * @param tree - of what is denied, compiled once
 *
 * @example
 * ```ts
 * const system = { os: "linux", homes: ["/home/ada"], isCaseInsensitive: false } as const;
 * findCredentialFiles(createPathTree(DENIED_PATHS.linux, system, { everyHome: true })).paths;
 * ```
 */
export function findCredentialFiles(
  tree: PathTree,
  { maxPaths = MAX_CREDENTIAL_PATHS, maxMs = MAX_SEARCH_MS, now = () => performance.now() }:
    CredentialSearch = {},
): CredentialFiles {
  const { system } = tree;
  const found = new Set<string>();
  const until = now() + maxMs;
  let looks = 0;
  let isComplete = true;
  const isSpent = () => found.size >= maxPaths || looks >= MAX_LOOKS || now() > until;
  const queue: Place[] = startsOf(tree.root, system);
  for (let place = queue.shift(); place !== undefined; place = queue.shift()) {
    if (isSpent()) {
      isComplete = false;
      break;
    }
    const { path, nodes, deep } = place;
    const { rule } = tree.match(path);
    if (nodes.some((node) => node.rules.length > 0) && rule?.isException === false) {
      const real = realPath(path);
      if (real !== undefined) found.add(real);
      continue;
    }
    // The names of other programs' processes come and go, and sandboxes have a /proc of their own.
    if (system.os === "linux" && /^\/(?:proc|sys)$/.test(path)) continue;
    if (deep > MAX_DEEP) {
      isComplete = false;
      continue;
    }
    for (const name of namesIn(path, nodes)) {
      const next = stepAll(nodes, foldPath(name, system));
      if (next.length === 0) continue;
      looks++;
      queue.push({
        path: join(path, name),
        nodes: next,
        deep: next.some((node) => node.isDeep) ? deep + 1 : 0,
      });
    }
  }
  return { paths: withoutInner([...found]), isComplete };
}

/** The roots of the tree; of drives that a glob stands for, only C: is searched, and homes name theirs. */
function startsOf(root: PathNode, { os }: PathSystem): Place[] {
  if (os !== "windows") return [{ path: "/", nodes: withDeep(root), deep: 0 }];
  const drives = new Set([...root.names.keys(), "c:"]);
  return [...drives].map((drive) => ({ path: `${drive}\\`, nodes: stepAll(withDeep(root), drive), deep: 0 }));
}

/** What of a folder the tree goes on to: the names that it spells out if they are few, or all that are there. */
function namesIn(folder: string, nodes: readonly PathNode[]): string[] {
  const spelled = nodes.flatMap((node) => [...node.names.keys()]);
  const isOpen = nodes.some((node) => node.globs.length > 0 || node.isDeep);
  if (isOpen || spelled.length > MANY_NAMES) {
    try {
      return Array.from(Deno.readDirSync(folder), ({ name }) => name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return [];
      // A folder may let us in and not show its names.
    }
  }
  // Most are not there, and an exception for each costs ten times the look. A link to nothing counts as missing, as it does below.
  return spelled.filter((name) => existsSync(join(folder, name)));
}

/** A link to nothing has nothing to hide. */
function realPath(path: string): string | undefined {
  try {
    return Deno.realPathSync(path);
  } catch {
    return undefined;
  }
}

function withoutInner(paths: readonly string[]): string[] {
  const all = new Set(paths);
  return paths.filter((path) => {
    for (let at = path.search(/[\\/][^\\/]*$/); at > 0; at = path.slice(0, at).search(/[\\/][^\\/]*$/)) {
      if (all.has(path.slice(0, at))) return false;
    }
    return true;
  });
}
