/**
 * Bounds long work: a time limit after which it says what it has so far, an end by signal, and breaks in which the rest of the
 * agent gets on. Used by walks and searches.
 */

/** Milliseconds of work between two breaks. */
const SLICE_MS = 10;
/** Milliseconds that work which was told to stop has for it, unless a file system does not answer. */
const GRACE_MS = 1_000;

/** What work asks on its way. */
export interface WorkBudget {
  /** Aborts with the caller. */
  readonly signal: AbortSignal;
  /** Whether the time is over: the work ends now, with what it has. */
  isOver(): boolean;
  /** Lets others work now and then. To be awaited often. @throws the reason of the signal if it has aborted. */
  breathe(): Promise<void>;
}

/** Thrown if work did not even notice that its time was over. */
export class StuckError extends Error {
  override readonly name = "StuckError";
}

/**
 * Does work within a time limit.
 *
 * @param work - asks its budget often; ends by itself when the time is over
 * @throws {StuckError} If it does not, because the system does not answer.
 * @throws the reason of `signal` if that aborted.
 */
export async function withinBudget<T>(
  work: (budget: WorkBudget) => Promise<T>,
  { signal, limitMs, graceMs = GRACE_MS }: {
    readonly signal: AbortSignal;
    readonly limitMs: number;
    readonly graceMs?: number;
  },
): Promise<T> {
  signal.throwIfAborted();
  const endsAt = performance.now() + limitMs;
  let breakAt = performance.now() + SLICE_MS;
  const stuck = Promise.withResolvers<never>();
  const timers: ReturnType<typeof setTimeout>[] = [];
  const stopWithin = (ms: number, reason: () => unknown) => {
    timers.push(setTimeout(() => stuck.reject(reason()), ms));
  };
  const onAbort = () => stopWithin(graceMs, () => signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  stopWithin(limitMs + graceMs, () => new StuckError("Cannot go on: the file system does not answer"));
  try {
    const result = await Promise.race([
      work({
        signal,
        isOver: () => performance.now() >= endsAt,
        async breathe() {
          signal.throwIfAborted();
          if (performance.now() < breakAt) return;
          await new Promise((resolve) => setTimeout(resolve, 0));
          breakAt = performance.now() + SLICE_MS;
          signal.throwIfAborted();
        },
      }),
      stuck.promise,
    ]);
    signal.throwIfAborted();
    return result;
  } finally {
    for (const timer of timers) clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
