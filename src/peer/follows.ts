/**
 * The callers whose leaving a host wants to hear of, so that their commands end with them. Whoever watches the room
 * hears of everybody; a host asks for its callers one by one, within the relay's rate.
 */
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";

/** Follows that are sent at once, and then each second; relays take about 100 control messages a second. */
export const FOLLOWS_PER_TICK = 25;
/** Callers that are followed; the relay keeps as many, and forgets the oldest for one more. */
export const MAX_FOLLOWS = 4_096;

/** The callers that one connection follows. */
export interface Follows {
  /** Follows a caller unless it is followed already. */
  add(address: Bytes): void;
  /** A caller has left. */
  remove(address: Bytes): void;
  /** Forgets all: a new connection knows nothing of the last one's. */
  clear(): void;
  /** Sends what was held back; called about once a second. */
  tick(): void;
}

/**
 * Makes the follows of a peer.
 *
 * @param send - asks the relay to tell when an address leaves
 */
export function createFollows(send: (address: Bytes) => void): Follows {
  /** In the order of asking. */
  const followed = new Set<string>();
  const waiting = new Map<string, Bytes>();
  let budget = FOLLOWS_PER_TICK;

  const flush = () => {
    for (const [key, address] of waiting) {
      if (budget === 0) return;
      budget--;
      waiting.delete(key);
      send(address);
    }
  };
  const remove = (key: string) => {
    followed.delete(key);
    waiting.delete(key);
  };

  return {
    add(address) {
      const key = formatAddress(address);
      if (followed.has(key)) return;
      const [oldest] = followed;
      if (followed.size >= MAX_FOLLOWS && oldest !== undefined) remove(oldest);
      followed.add(key);
      waiting.set(key, address.slice());
      flush();
    },
    remove: (address) => remove(formatAddress(address)),
    clear() {
      followed.clear();
      waiting.clear();
      budget = FOLLOWS_PER_TICK;
    },
    tick() {
      budget = FOLLOWS_PER_TICK;
      flush();
    },
  };
}
