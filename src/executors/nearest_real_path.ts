/**
 * The real path of a file that may be gone: links in what is left of its folders are followed. For looking up what the
 * index of backups, which knows real paths, has about it.
 */
import { basename, dirname, join, resolve } from "node:path";

/** Resolves as much of an absolute path as there is. */
export async function nearestRealPath(path: string): Promise<string> {
  const gone: string[] = [];
  for (let left = resolve(path);;) {
    try {
      return join(await Deno.realPath(left), ...gone);
    } catch {
      // Not there, or not to be looked into: the folder above decides.
      const above = dirname(left);
      if (above === left) return resolve(path);
      gone.unshift(basename(left));
      left = above;
    }
  }
}
