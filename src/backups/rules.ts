/**
 * How many backups are kept, and which go when there are too many: those of the same path by their number, and all of a
 * machine by the bytes that they take. The oldest go first; pure, applied by `store.ts`.
 */

/** How much is kept. */
export interface BackupLimits {
  /** Versions of one path. */
  readonly perPath: number;
  /** Bytes of all contents together; equal contents count once. */
  readonly totalBytes: number;
  /** Bytes of one file. A larger one cannot be backed up, and so is not replaced. */
  readonly fileBytes: number;
}

/** What is kept unless the owner says otherwise. */
export const DEFAULT_BACKUP_LIMITS: BackupLimits = {
  perPath: 50,
  totalBytes: 2 * 1024 ** 3,
  fileBytes: 512 * 1024 ** 2,
};

/** A version, as far as the rules look at it. */
export interface KeptVersion {
  readonly id: number;
  /** Hash of the content. */
  readonly sha256: string;
  /** Bytes of the content. */
  readonly size: number;
  /** How many versions have this content. */
  readonly uses: number;
}

/**
 * Tells which versions of one path are over the number that is kept.
 *
 * @param newestFirst - ids of all versions of the path; the first is the one that was just made
 */
export function overNumber(newestFirst: readonly number[], { perPath }: BackupLimits): number[] {
  return newestFirst.slice(Math.max(1, perPath));
}

/**
 * Tells which versions must go so that what is left fits. A content is only freed with the last version that has it.
 *
 * @param oldestFirst - all versions; no more of them are taken than needed
 * @param total.bytes - what all contents take now
 * @param total.keep - id of the version that was just made, which stays even if it does not fit
 */
export function overSize(
  oldestFirst: Iterable<KeptVersion>,
  total: { readonly bytes: number; readonly keep: number },
  { totalBytes }: BackupLimits,
): number[] {
  let bytes = total.bytes;
  if (bytes <= totalBytes) return [];
  const gone: number[] = [];
  const usesLeft = new Map<string, number>();
  for (const { id, sha256, size, uses } of oldestFirst) {
    if (id === total.keep) continue;
    const left = (usesLeft.get(sha256) ?? uses) - 1;
    usesLeft.set(sha256, left);
    gone.push(id);
    if (left === 0) bytes -= size;
    if (bytes <= totalBytes) break;
  }
  return gone;
}
