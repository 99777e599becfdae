/**
 * The members that a host wants to hear of: its callers, whose commands end when they leave, and those that it is told to
 * ask, whose cards it needs first. Whoever watches the room hears of everybody; a host asks for each, within the relay's rate.
 */
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";

/** Follows that are sent at once, and then each second; relays take about 100 control messages a second. */
export const FOLLOWS_PER_TICK = 25;
/** Members that are followed; the relay keeps as many, and forgets the oldest for one more. */
export const MAX_FOLLOWS = 4_096;

/** The members that one connection follows. */
export interface Follows {
  /** Follows a member unless it is followed already. */
  add(address: Bytes): void;
  /** Follows a member and asks for its card, which is asked for again if it was before. */
  ask(address: Bytes): void;
  /** A member has left. */
  remove(address: Bytes): void;
  /** Forgets all: a new connection knows nothing of the last one's. */
  clear(): void;
  /** Sends what was held back; called about once a second. */
  tick(): void;
}

/**
 * Makes the follows of a peer.
 *
 * @param send - asks the relay to tell when an address leaves, and with `card` for its card at once
 */
export function createFollows(send: (address: Bytes, options: { readonly card: boolean }) => void): Follows {
  /** In the order of asking. */
  const followed = new Set<string>();
  const waiting = new Map<string, { readonly address: Bytes; readonly card: boolean }>();
  let budget = FOLLOWS_PER_TICK;

  const flush = () => {
    for (const [key, { address, card }] of waiting) {
      if (budget === 0) return;
      budget--;
      waiting.delete(key);
      send(address, { card });
    }
  };
  const put = (key: string, address: Bytes, card: boolean) => {
    const [oldest] = followed;
    if (!followed.has(key) && followed.size >= MAX_FOLLOWS && oldest !== undefined) remove(oldest);
    followed.add(key);
    waiting.set(key, { address: address.slice(), card });
    flush();
  };
  const remove = (key: string) => {
    followed.delete(key);
    waiting.delete(key);
  };

  return {
    add(address) {
      const key = formatAddress(address);
      if (!followed.has(key)) put(key, address, false);
    },
    ask: (address) => put(formatAddress(address), address, true),
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
