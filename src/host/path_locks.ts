/**
 * Locks by path: who holds one is alone in looking at a file and replacing it, among all processes of this machine and
 * user that use the same folder of lock files. Other programs know nothing of them.
 */
import { createHash } from "node:crypto";
import { join } from "node:path";
import { OperationError } from "../errors.ts";

/** How many lock files there are. Paths share them, which costs a wait now and then and keeps the folder small. */
const STRIPES = 256;
/** Milliseconds that a lock is waited for. */
const WAIT_MS = 30_000;
/** Milliseconds between two looks at a lock that another process holds. */
const POLL_MS = 10;

/** The locks of one folder. */
export interface PathLocks {
  /**
   * Waits until the lock of a path is free, and takes it. Whoever holds one must not ask for another.
   *
   * @returns what gives it back when it is disposed of; the end of the process gives it back too
   * @throws {OperationError} `cannot_run` if it is not free in time.
   * @throws The signal's reason, if it aborts.
   */
  acquire(path: string, signal: AbortSignal): Promise<Disposable>;
}

/**
 * Makes the locks.
 *
 * @param folder - where the lock files are; it must exist
 */
export function createPathLocks(
  folder: string,
  { waitMs = WAIT_MS }: { readonly waitMs?: number } = {},
): PathLocks {
  return {
    async acquire(path, signal) {
      const file = await Deno.open(join(folder, `${stripeOf(path)}.lock`), {
        write: true,
        create: true,
        mode: 0o600,
      });
      try {
        const deadline = performance.now() + waitMs;
        // Also between two calls of this process: each opened the file for itself.
        while (!await file.tryLock(true)) {
          if (performance.now() > deadline) throw tooLate(waitMs);
          await pause(POLL_MS, signal);
        }
        signal.throwIfAborted();
        return { [Symbol.dispose]: () => file.close() };
      } catch (error) {
        file.close();
        throw error;
      }
    },
  };
}

/** Spellings that may be one file on some file system share a lock. */
function stripeOf(path: string): string {
  const hash = createHash("sha256").update(path.normalize("NFC").toLowerCase()).digest();
  return ((hash[0] ?? 0) % STRIPES).toString(16).padStart(2, "0");
}

async function pause(ms: number, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
  signal.throwIfAborted();
}

function tooLate(waitMs: number): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot write the file: another request was writing it, or one with the same lock, for ${
      waitMs / 1000
    } s`,
    { remedy: "Try again; if it stays so, see whether the disk of that file answers" },
  );
}
