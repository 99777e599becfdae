/**
 * A wait that ends early when its owner gives up.
 */
import { OperationError } from "../errors.ts";

/**
 * Waits.
 *
 * @param ms - at most 24 days
 * @throws {OperationError} What the signal aborts with, as soon as it does.
 */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) throw OperationError.from(signal.reason);
  const over = Promise.withResolvers<void>();
  const onAbort = () => over.reject(OperationError.from(signal.reason));
  signal.addEventListener("abort", onAbort, { once: true });
  const timer = setTimeout(over.resolve, ms);
  try {
    await over.promise;
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
}
