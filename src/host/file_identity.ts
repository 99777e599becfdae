/**
 * Which file something is, whatever it is called: device and inode.
 */
import { join } from "node:path";

/** Files that are looked at inside folders; past it the rest is left out. */
const MAX_FILES = 2048;

/** Device and inode as one text; undefined where the system does not tell. */
export function identityOf({ dev, ino }: Pick<Deno.FileInfo, "dev" | "ino">): string | undefined {
  return ino === null || ino === 0 ? undefined : `${dev}:${ino}`;
}

/**
 * Collects the identities of files, and of those inside folders. Synchronous, since a look takes microseconds; what vanishes
 * meanwhile is left out.
 *
 * @param paths - absolute
 * @param includes - tells which of the paths inside folders count
 */
export function identitiesIn(
  paths: readonly string[],
  includes: (path: string) => boolean,
): { readonly identities: ReadonlySet<string>; readonly isComplete: boolean } {
  const identities = new Set<string>();
  const queue = [...paths];
  let looks = 0;
  for (let path = queue.shift(); path !== undefined; path = queue.shift()) {
    if (++looks > MAX_FILES) return { identities, isComplete: false };
    try {
      const info = Deno.lstatSync(path);
      if (info.isDirectory) {
        for (const { name } of Deno.readDirSync(path)) {
          if (queue.length > MAX_FILES) break;
          queue.push(join(path, name));
        }
      } else if (info.isFile && includes(path)) {
        const identity = identityOf(info);
        if (identity !== undefined) identities.add(identity);
      }
    } catch {
      // It vanished, or we may not look at it and so neither read it.
    }
  }
  return { identities, isComplete: true };
}
