/**
 * Hands on values in the order in which they were pushed, although some are promises: the records of a session are
 * encrypted in parallel, yet sent and delivered in order.
 */
import type { MaybePromise } from "../crypto/cipher_suite.ts";
import type { Tasks } from "./tasks.ts";

/** An ordered hand-over. */
export interface Ordered<T> {
  /** Queues a value; what is not a promise is handed on at once if nothing is before it. */
  push(value: MaybePromise<T>): void;
}

/**
 * Makes an ordered hand-over. Its length is bounded by whoever pushes.
 *
 * @param sink - takes each value, in order
 * @param onError - takes the error of a rejected promise, in its place in the order
 * @param tasks - holds the promises
 */
export function createOrdered<T>(
  sink: (value: T) => void,
  onError: (error: unknown) => void,
  tasks: Tasks,
): Ordered<T> {
  type Slot = { finish: (() => void) | undefined };
  const waiting: Slot[] = [];

  const drain = () => {
    while (waiting[0]?.finish !== undefined) waiting.shift()?.finish?.();
  };
  return {
    push(value) {
      if (!(value instanceof Promise)) {
        if (waiting.length === 0) sink(value);
        else waiting.push({ finish: () => sink(value) });
        return;
      }
      const slot: Slot = { finish: undefined };
      waiting.push(slot);
      tasks.add(value).then(
        (settled) => {
          slot.finish = () => sink(settled);
          drain();
        },
        (error: unknown) => {
          slot.finish = () => onError(error);
          drain();
        },
      );
    },
  };
}
