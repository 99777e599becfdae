/**
 * How many requests a host works on: a number at once, a queue for as many more as is sensible, then a refusal.
 */
import { OperationError } from "../errors.ts";

/** The two bounds. */
export interface AdmissionLimits {
  /** Requests that run at once. @default {64} */
  readonly maxRunning?: number | undefined;
  /** Requests that wait for a place. @default {1024} */
  readonly maxQueued?: number | undefined;
}

interface Waiter {
  admit(): void;
}

/**
 * Gives out places, first come first served.
 *
 * @example
 * ```ts
 * using _place = await admission.acquire(signal);
 * ```
 */
export class Admission {
  readonly #maxRunning: number;
  readonly #maxQueued: number;
  /** In the order of arrival; a Set, so that one that gives up leaves without a search. */
  readonly #waiters = new Set<Waiter>();
  #running = 0;

  constructor(limits: AdmissionLimits = {}) {
    this.#maxRunning = limits.maxRunning ?? 64;
    this.#maxQueued = limits.maxQueued ?? 1024;
  }

  /** Places that are taken. */
  get running(): number {
    return this.#running;
  }

  /** Requests that wait. */
  get queued(): number {
    return this.#waiters.size;
  }

  /**
   * Waits for a place; disposing of it, once or more often, gives it to the next.
   *
   * @param signal - takes the request out of the queue
   * @throws {OperationError} `busy` if the queue is full, `cancelled` if `signal` aborts before there is a place.
   */
  acquire(signal: AbortSignal): Promise<Disposable> {
    if (signal.aborted) return Promise.reject(cancelled(signal));
    if (this.#running < this.#maxRunning) {
      this.#running++;
      return Promise.resolve(this.#place());
    }
    if (this.#waiters.size >= this.#maxQueued) {
      return Promise.reject(
        new OperationError(
          "busy",
          `Cannot take the request: the host runs ${this.#running} and ${this.#waiters.size} more are waiting, its limits`,
          { remedy: "Try again when some of them have ended" },
        ),
      );
    }
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        admit: () => {
          signal.removeEventListener("abort", leave);
          resolve(this.#place());
        },
      };
      const leave = () => {
        this.#waiters.delete(waiter);
        reject(cancelled(signal));
      };
      signal.addEventListener("abort", leave, { once: true });
      this.#waiters.add(waiter);
    });
  }

  #place(): Disposable {
    let isHeld = true;
    return {
      [Symbol.dispose]: () => {
        if (!isHeld) return;
        isHeld = false;
        const [next] = this.#waiters;
        if (next === undefined) {
          this.#running--;
          return;
        }
        // The place goes from one to the other, so the count stays.
        this.#waiters.delete(next);
        next.admit();
      },
    };
  }
}

/** Returns the error for a request that was given up: what the signal says, if it is one of ours. */
export function cancelled(signal: AbortSignal): OperationError {
  // `reason` is typed any; it is whatever the aborter gave.
  const reason: unknown = signal.reason;
  if (reason instanceof OperationError) return reason;
  return new OperationError("cancelled", "Cannot complete the request: it was cancelled", { cause: reason });
}
