/**
 * Waiting for a peer to be ready: who asks right after the start waits for the first connection, who asks during an outage
 * is told the reason at once.
 */
import type { OperationError } from "../errors.ts";

/** Milliseconds for which a call waits for the first connection and roster. */
export const READY_TIMEOUT_MS = 5_000;

/** What is known of the peer. */
export interface ReadinessOptions {
  readonly isReady: () => boolean;
  /** Whether the last attempt has failed, so that there is a reason to tell. */
  readonly hasFailed: () => boolean;
  /** Makes the error that tells why not. */
  readonly explain: () => OperationError;
}

/** Those who wait. */
export interface Readiness {
  /**
   * Resolves when the peer is ready.
   *
   * @throws {OperationError} With the reason, if that does not happen within 5 s.
   */
  wait(): Promise<void>;
  /** The peer may have become ready. */
  settle(): void;
  /** They need not wait longer: there is a reason to tell. */
  fail(error: OperationError): void;
}

/** Makes the waiting room of a peer. */
export function createReadiness({ isReady, hasFailed, explain }: ReadinessOptions): Readiness {
  const waiters = new Set<PromiseWithResolvers<void>>();
  return {
    async wait() {
      if (isReady()) return;
      // After a failed attempt there is a reason to tell at once; before the first one ended there is not.
      if (hasFailed()) throw explain();
      const waiter = Promise.withResolvers<void>();
      const giveUp = setTimeout(() => waiter.reject(explain()), READY_TIMEOUT_MS);
      waiters.add(waiter);
      try {
        await waiter.promise;
      } finally {
        clearTimeout(giveUp);
        waiters.delete(waiter);
      }
    },
    settle() {
      if (!isReady()) return;
      for (const waiter of waiters) waiter.resolve();
    },
    fail(error) {
      for (const waiter of waiters) waiter.reject(error);
    },
  };
}
