/**
 * The state of a room: its members by address, by connection and in order, who watches, and who follows whom.
 * These are the only functions that keep the indexes in step; `room.ts` decides.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";
import { addressKey, compareKeys } from "./address_key.ts";

/** A connection in a room. */
export interface Member<C> {
  readonly connection: C;
  readonly address: Bytes;
  /** The address as a key of maps. */
  readonly key: string;
  /** The address as four big-endian words, to compare and to write without a loop. */
  readonly words: readonly [number, number, number, number];
  /** The newest sealed card; the relay cannot read it. */
  card: Bytes;
  /** False once it left or was replaced, for those who still hold the object. */
  present: boolean;
  /** Where its last frame went: most frames go where the one before went. */
  lastPeer: Member<C> | undefined;
  /** Keys of the addresses it follows, oldest first. */
  readonly follows: Set<string>;
}

/** The members of one room. Changed in place by `room()`, and by nobody else. */
export interface RoomState<C> {
  readonly maxMembers: number;
  readonly members: Map<string, Member<C>>;
  readonly byConnection: Map<C, Member<C>>;
  /** Members sorted by address. */
  readonly order: Member<C>[];
  readonly watchers: Set<Member<C>>;
  /** Who is told when the address of that key leaves. */
  readonly followers: Map<string, Set<Member<C>>>;
}

/** Makes an empty room that takes `maxMembers` connections. */
export function createRoom<C>({ maxMembers }: { readonly maxMembers: number }): RoomState<C> {
  return {
    maxMembers,
    members: new Map(),
    byConnection: new Map(),
    order: [],
    watchers: new Set(),
    followers: new Map(),
  };
}

/** Makes a member of a connection; the caller adds it. */
export function createMember<C>(
  connection: C,
  { address, card }: { readonly address: Bytes; readonly card: Bytes },
): Member<C> {
  const view = new DataView(address.buffer, address.byteOffset, address.byteLength);
  return {
    connection,
    address,
    key: addressKey(address),
    words: [view.getInt32(0), view.getInt32(4), view.getInt32(8), view.getInt32(12)],
    card,
    present: true,
    lastPeer: undefined,
    follows: new Set(),
  };
}

/** Adds a member whose address is not in the room. */
export function addMember<C>(state: RoomState<C>, member: Member<C>): void {
  state.members.set(member.key, member);
  state.byConnection.set(member.connection, member);
  state.order.splice(orderIndex(state, member.key), 0, member);
}

/** Takes a member out, and with it what it watches and follows; those who follow it keep doing so. */
export function removeMember<C>(state: RoomState<C>, member: Member<C>): void {
  member.present = false;
  member.lastPeer = undefined;
  state.members.delete(member.key);
  state.byConnection.delete(member.connection);
  state.order.splice(orderIndex(state, member.key), 1);
  state.watchers.delete(member);
  for (const key of member.follows) {
    const followers = state.followers.get(key);
    followers?.delete(member);
    if (followers?.size === 0) state.followers.delete(key);
  }
  member.follows.clear();
}

/** Returns the first index whose key is not below `key`. */
export function orderIndex<C>(state: RoomState<C>, key: string): number {
  let low = 0;
  let high = state.order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const found = state.order[middle];
    if (found !== undefined && compareKeys(found.key, key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
