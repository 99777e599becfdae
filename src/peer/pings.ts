/**
 * Round trips to other peers, through relay and encryption.
 */
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { Header } from "../protocol/message.ts";

/** Pings that wait for their pong at most. */
const MAX_WAITING = 4_096;

/** The pings of a process. */
export interface Pings {
  /**
   * Measures the round trip to a peer in its session, in milliseconds.
   *
   * @throws {OperationError} If it does not answer in time, or leaves.
   */
  ping(address: Bytes, timeoutMs: number): Promise<number>;
  /** Takes a pong. */
  receive(address: Bytes, id: number): void;
  /** Ends the pings of an address, or all, with an error. */
  fail(error: OperationError, address?: Bytes): void;
  /** Ends what is overdue; called about once a second. */
  tick(): void;
}

interface Waiting {
  readonly address: string;
  readonly sentAt: number;
  readonly deadlineAt: number;
  readonly resolve: (ms: number) => void;
  readonly reject: (error: OperationError) => void;
}

/**
 * Makes the pings of a process.
 *
 * @param options.now - milliseconds since any fixed moment
 */
export function createPings(
  options: { readonly send: (address: Bytes, header: Header) => void; readonly now: () => number },
): Pings {
  const { send, now } = options;
  const waiting = new Map<number, Waiting>();
  let lastId = 0;

  const settle = (id: number, outcome: { ms: number } | { error: OperationError }) => {
    const ping = waiting.get(id);
    waiting.delete(id);
    if ("error" in outcome) ping?.reject(outcome.error);
    else ping?.resolve(outcome.ms);
  };

  return {
    ping(address, timeoutMs) {
      if (waiting.size >= MAX_WAITING) {
        return Promise.reject(
          new OperationError("busy", "Cannot measure the round trip: too many are being measured"),
        );
      }
      const id = ++lastId;
      const { promise, resolve, reject } = Promise.withResolvers<number>();
      const sentAt = now();
      waiting.set(id, {
        address: formatAddress(address),
        sentAt,
        deadlineAt: sentAt + timeoutMs,
        resolve,
        reject,
      });
      try {
        send(address, { t: "ping", id });
      } catch (error) {
        settle(id, { error: OperationError.from(error) });
      }
      return promise;
    },
    receive(address, id) {
      const ping = waiting.get(id);
      // A pong that nobody waits for is late; one of another peer is ignored, as the right one may still come.
      if (ping?.address === formatAddress(address)) settle(id, { ms: now() - ping.sentAt });
    },
    fail(error, address) {
      const key = address === undefined ? undefined : formatAddress(address);
      for (const [id, ping] of waiting) if (key === undefined || ping.address === key) settle(id, { error });
    },
    tick() {
      const time = now();
      for (const [id, ping] of waiting) {
        if (time < ping.deadlineAt) continue;
        settle(id, {
          error: new OperationError(
            "timed_out",
            "Cannot measure the round trip: the host did not answer in time",
          ),
        });
      }
    },
  };
}
