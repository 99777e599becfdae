/**
 * The cards that are asked for: a peer that does not watch the room knows only the members that shook hands with it, and
 * must ask the relay for the card of any other that it is to send a request to.
 */
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";

/** Bounds, in milliseconds where not said otherwise. */
export const LOOKUP_LIMITS = {
  /** Addresses that are looked up at once; more are refused. */
  addresses: 1_024,
  /** For the relay's answer, from the sending of the question. */
  answerMs: 10_000,
  /** For the sending: questions keep to the relay's rate. */
  sendMs: 60_000,
} as const;

/** How one caller waits. */
export interface LookupOptions {
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that this caller waits. @default until the relay answered, or should have */
  readonly timeoutMs?: number | undefined;
}

/** The lookups of a peer. */
export interface Lookups {
  /**
   * Waits until the card of an address is known. Callers that wait for the same one share a question.
   *
   * @throws {OperationError} If the member is not there, the relay does not answer, or the caller gives up.
   */
  find(address: Bytes, options?: LookupOptions): Promise<void>;
  /** The question about an address was sent. */
  sent(address: Bytes): void;
  /** The card of an address is known now. */
  found(address: Bytes): void;
  /** Ends the lookup of an address, or all, with an error. */
  fail(error: OperationError, address?: Bytes): void;
  /** Ends what is overdue; called about once a second. */
  tick(): void;
}

interface Lookup {
  deadlineAt: number;
  isSent: boolean;
  readonly waiting: Set<PromiseWithResolvers<void>>;
}

/**
 * Makes the lookups of a peer.
 *
 * @param options.ask - queues the question to the relay; `sent()` follows, perhaps at once
 * @param options.now - milliseconds since any fixed moment
 */
export function createLookups(
  options: { readonly ask: (address: Bytes) => void; readonly now: () => number },
): Lookups {
  const { ask, now } = options;
  const lookups = new Map<string, Lookup>();

  const end = (key: string, error?: OperationError) => {
    const lookup = lookups.get(key);
    if (lookup === undefined) return;
    lookups.delete(key);
    for (const waiter of lookup.waiting) {
      if (error === undefined) waiter.resolve();
      else waiter.reject(error);
    }
  };

  const begin = (key: string, address: Bytes): Lookup => {
    const lookup = { deadlineAt: now() + LOOKUP_LIMITS.sendMs, isSent: false, waiting: new Set<never>() };
    lookups.set(key, lookup);
    ask(address);
    return lookup;
  };

  return {
    async find(address, { signal, timeoutMs } = {}) {
      if (signal?.aborted) throw cancelled();
      const key = formatAddress(address);
      if (!lookups.has(key) && lookups.size >= LOOKUP_LIMITS.addresses) {
        throw new OperationError(
          "busy",
          "Cannot ask for the host's card: too many cards are being asked for",
        );
      }
      const lookup = lookups.get(key) ?? begin(key, address);
      const waiter = Promise.withResolvers<void>();
      const giveUp = () => waiter.reject(cancelled());
      const timer = timeoutMs === undefined
        ? undefined
        : setTimeout(() => waiter.reject(tooLate()), timeoutMs);
      signal?.addEventListener("abort", giveUp, { once: true });
      lookup.waiting.add(waiter);
      try {
        await waiter.promise;
      } finally {
        clearTimeout(timer);
        signal?.removeEventListener("abort", giveUp);
        lookup.waiting.delete(waiter);
      }
    },

    sent(address) {
      const lookup = lookups.get(formatAddress(address));
      if (lookup === undefined) return;
      lookup.isSent = true;
      lookup.deadlineAt = now() + LOOKUP_LIMITS.answerMs;
    },

    found: (address) => end(formatAddress(address)),

    fail(error, address) {
      if (address !== undefined) end(formatAddress(address), error);
      else for (const key of [...lookups.keys()]) end(key, error);
    },

    tick() {
      const time = now();
      for (const [key, { deadlineAt, isSent }] of [...lookups]) {
        if (time >= deadlineAt) end(key, isSent ? unanswered() : notSent());
      }
    },
  };
}

function cancelled(): OperationError {
  return new OperationError("cancelled", "The request was cancelled");
}

function tooLate(): OperationError {
  return new OperationError("timed_out", "Cannot ask the host: its card did not come before the deadline");
}

function unanswered(): OperationError {
  const seconds = LOOKUP_LIMITS.answerMs / 1000;
  return new OperationError(
    "timed_out",
    `Cannot ask the host: the relay did not give its card in ${seconds} s`,
    { remedy: "An older relay does not answer this question: update remote-agents-relay" },
  );
}

function notSent(): OperationError {
  return new OperationError("busy", "Cannot ask the host: too many cards were asked for before its own");
}
