/**
 * What sandboxes must cover so that a path stays covered: real paths, the outermost of them, and the folders above. Pure but
 * for the look at the disk that is handed in.
 */
import { dirname } from "node:path";

/** What is at a path. */
export interface FoundPath {
  /** Absolute, without symbolic links. */
  readonly path: string;
  readonly isFolder: boolean;
}

/** Looks what is at an absolute path; undefined if nothing is, or if it cannot be reached. */
export type Look = (path: string) => FoundPath | undefined;

/** Looks at paths, and returns those that exist without those inside another one, in the order of their names. */
export function outermostOf(paths: readonly string[], look: Look): FoundPath[] {
  const found = new Map<string, FoundPath>();
  for (const path of paths) {
    const there = look(path);
    if (there !== undefined) found.set(there.path, there);
  }
  return [...found.values()]
    .filter(({ path }) => !foldersAbove(path).some((folder) => found.has(folder)))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
}

/**
 * Returns the folders above `paths` but the root, outer ones first. Whoever may rename one of them puts another in its place,
 * with whatever he likes at the path that is covered.
 */
export function ancestorsOf(paths: readonly string[]): string[] {
  return [...new Set(paths.flatMap(foldersAbove))].filter((folder) => folder !== "/").sort();
}

/** The folders above a path, the root among them, innermost first. */
function foldersAbove(path: string): string[] {
  const folders: string[] = [];
  for (let at = path; dirname(at) !== at;) {
    at = dirname(at);
    folders.push(at);
  }
  return folders;
}

/** The look at this machine's disk. */
export function lookAtDisk(path: string): FoundPath | undefined {
  try {
    const real = Deno.realPathSync(path);
    return { path: real, isFolder: Deno.statSync(real).isDirectory };
  } catch {
    // Nothing is there, or it vanished; or we may not go there, and then no command that we start may.
    return undefined;
  }
}
