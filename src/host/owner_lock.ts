/**
 * Tells which processes that own jobs or runs are still there. Each holds a lock on a file of its own for as long as it lives;
 * the system gives the lock free at its end, however it ends. So neither a recycled pid nor a container nor a reboot
 * can make a dead owner look alive.
 */
import { join } from "node:path";

const SUFFIX = ".lock";

/** This process's own place among the owners; disposing of it, or the end of the process, gives it up. */
export interface OwnerLock extends AsyncDisposable {
  /** Unguessable name of this owner. */
  readonly id: string;
  /** Tells whether another owner, by its id, is still there. */
  isAlive(ownerId: string): Promise<boolean>;
  /** Removes the files of owners that are gone. */
  sweep(): Promise<void>;
}

/**
 * Becomes an owner.
 *
 * @param folder - of the locks; it is made, with its parents, if it is missing
 * @param id - of this owner, in characters of file names; no other owner ever has the same
 */
export async function lockOwner(folder: string, id: string): Promise<OwnerLock> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const path = join(folder, id + SUFFIX);
  const draft = join(folder, id);
  const file = await Deno.open(draft, { createNew: true, read: true, write: true, mode: 0o600 });
  try {
    await file.lock(true);
    // Under its name a file is locked from the first moment, so nobody takes a new owner for a dead one.
    await Deno.rename(draft, path);
  } catch (error) {
    file.close();
    throw error;
  }
  return {
    id,
    isAlive: async (ownerId) => ownerId === id || !(await isFree(join(folder, ownerId + SUFFIX))),
    sweep: async () => {
      for await (const { name } of Deno.readDir(folder)) {
        if (!name.endsWith(SUFFIX) || name === id + SUFFIX) continue;
        if (await isFree(join(folder, name))) await Deno.remove(join(folder, name)).catch(() => {}); // Another was first.
      }
    },
    [Symbol.asyncDispose]: async () => {
      file.close();
      await Deno.remove(path).catch(() => {}); // The next one's sweep does it.
    },
  };
}

/** Tells whether nobody holds the lock: the file is gone, or can be locked. */
async function isFree(path: string): Promise<boolean> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(path, { read: true, write: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return true;
    throw error;
  }
  try {
    return await file.tryLock(false); // Shared: those who only look do not hinder each other.
  } finally {
    file.close();
  }
}
