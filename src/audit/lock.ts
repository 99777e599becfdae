/**
 * The lock between the processes of one machine that append to the same log: an advisory lock of the system, which ends with the
 * process that has it, whatever becomes of that process.
 */

const MAX_DELAY_MS = 10;

/**
 * Waits for the lock on a file. It is released when the file is closed.
 *
 * @param options.timeoutMs - how long to wait; holders keep it for less than a millisecond, unless one is stopped in between
 * @param options.isShared - whether others may have it as well that ask for the same
 * @returns whether the lock is there
 */
export async function lockFile(
  file: Deno.FsFile,
  { timeoutMs, isShared = false }: { readonly timeoutMs: number; readonly isShared?: boolean },
): Promise<boolean> {
  const deadline = performance.now() + timeoutMs;
  for (let attempt = 1; !tryLock(file, isShared); attempt++) {
    if (performance.now() >= deadline) return false;
    // Different waits, so that two that wait do not keep in step.
    const delayMs = Math.min(MAX_DELAY_MS, attempt) * Math.random();
    await new Promise((resolve) => setTimeout(resolve, delayMs));
  }
  return true;
}

function tryLock(file: Deno.FsFile, isShared: boolean): boolean {
  return file.tryLockSync(!isShared);
}
