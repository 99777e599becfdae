/**
 * The rule of one room: who is in it, where frames go, who is told of whom. No input or output, no clock:
 * `room(state, input)` returns what to do. Shared by the Deno relay and the Worker.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";
import { encodeRelayMessage, type RelayLimits } from "../../src/protocol/control.ts";
import { ROSTER_PAGE_SIZE } from "../../src/protocol/limits.ts";
import { addressKey } from "./address_key.ts";
import { type Effect, refuse } from "./effect.ts";
import { forwardFrames } from "./forward.ts";
import { addMember, createMember, type Member, orderIndex, removeMember, type RoomState } from "./member.ts";

export { createRoom, type RoomState } from "./member.ts";

/** Addresses that one connection may follow; the oldest is dropped for one more. */
export const MAX_FOLLOWS = 4096;

/** What happened in a room. `connection` is the owner's handle; an input of one that is not a member does nothing. */
export type RoomInput<C> =
  /** A connection proved its keys and is to become a member, or to take the place of its former self. */
  | {
    readonly kind: "joined";
    readonly connection: C;
    readonly address: Bytes;
    readonly card: Bytes;
    readonly watch: boolean;
    readonly observed: string;
    readonly limits: RelayLimits;
  }
  /** A binary message; `offsets` are `frameOffsets(message)`. The message is overwritten in place. */
  | {
    readonly kind: "frames";
    readonly connection: C;
    readonly message: Bytes;
    readonly offsets: readonly number[];
  }
  | { readonly kind: "card"; readonly connection: C; readonly card: Bytes }
  | { readonly kind: "watch"; readonly connection: C; readonly on: boolean }
  | { readonly kind: "list"; readonly connection: C; readonly after: Bytes | undefined }
  /** With `card`, the sender is told the card of the address, too. */
  | { readonly kind: "follow"; readonly connection: C; readonly address: Bytes; readonly card?: boolean }
  | { readonly kind: "left"; readonly connection: C };

/**
 * Decides what follows from one input. For speed `state` is changed in place, and so is a binary message:
 * each frame's destination becomes the sender's address, and what is forwarded are views into it.
 *
 * Watchers hear `joined` of new members, of new cards and of replacements (with no `left` in between),
 * never of themselves. Who follows with `card` hears it once, in answer. Followers hear `left` of a member that is replaced, too, and follow it no more. A member may write to itself.
 *
 * @returns what to do, in order
 *
 * @example
 * ```ts
 * const state = createRoom<WebSocket>({ maxMembers: 100 });
 * for (const effect of room(state, { kind: "left", connection: socket })) apply(effect);
 * ```
 */
export function room<C>(state: RoomState<C>, input: RoomInput<C>): Effect<C>[] {
  if (input.kind === "joined") return join(state, input);
  const member = state.byConnection.get(input.connection);
  if (member === undefined) return [];
  switch (input.kind) {
    case "frames":
      return forwardFrames(state, member, input);
    case "card":
      member.card = input.card;
      return announce(state, member);
    case "watch":
      return watch(state, member, input.on);
    case "list":
      return [
        rosterPage(state, member, input.after === undefined ? 0 : indexAfter(state, input.after)).effect,
      ];
    case "follow":
      return follow(state, member, input);
    case "left":
      return leave(state, member);
  }
}

/** Tells whether nobody is in the room, so that its owner can forget it. */
export function isEmptyRoom<C>(state: RoomState<C>): boolean {
  return state.members.size === 0;
}

/** Returns how many pages the whole roster has; what watching costs. */
export function countRosterPages<C>(state: RoomState<C>): number {
  return Math.max(1, Math.ceil(state.members.size / ROSTER_PAGE_SIZE));
}

function join<C>(state: RoomState<C>, input: Extract<RoomInput<C>, { kind: "joined" }>): Effect<C>[] {
  const former = state.members.get(addressKey(input.address));
  if (former === undefined && state.members.size >= state.maxMembers) {
    const refusal = refuse(
      "room_full",
      `Cannot join: the room has ${state.maxMembers} connections, the limit`,
    );
    return [{ kind: "close", to: input.connection, refusal }];
  }
  const effects: Effect<C>[] = [];
  const member = createMember(input.connection, input);
  if (former !== undefined) {
    removeMember(state, former);
    // What was asked on the old connection is lost with it: whoever follows, as the host of a caller does, must know.
    effects.push(...tellFollowers(state, former));
    effects.push({
      kind: "close",
      to: former.connection,
      refusal: refuse("replaced", "Cannot keep the connection: the same peer has connected again"),
    });
  }
  addMember(state, member);
  const { address, observed, limits } = input;
  effects.push(say(member, { type: "welcome", address, members: state.members.size, observed, limits }));
  if (input.watch) effects.push(...watch(state, member, true));
  effects.push(...announce(state, member));
  return effects;
}

function tellFollowers<C>(state: RoomState<C>, member: Member<C>): Effect<C>[] {
  const followers = state.followers.get(member.key) ?? new Set();
  state.followers.delete(member.key);
  for (const follower of followers) follower.follows.delete(member.key);
  // A watcher that follows goes by the new card.
  const told = [...followers].filter((follower) => !state.watchers.has(follower));
  if (told.length === 0) return [];
  const text = encodeRelayMessage({ type: "left", address: member.address });
  return told.map(({ connection }) => ({ kind: "text", to: connection, text }));
}

function leave<C>(state: RoomState<C>, member: Member<C>): Effect<C>[] {
  removeMember(state, member);
  const followers = state.followers.get(member.key) ?? new Set();
  state.followers.delete(member.key);
  for (const follower of followers) follower.follows.delete(member.key);
  const told = new Set([...state.watchers, ...followers]);
  if (told.size === 0) return [];
  const text = encodeRelayMessage({ type: "left", address: member.address });
  return [...told].map(({ connection }) => ({ kind: "text", to: connection, text }));
}

function announce<C>(state: RoomState<C>, member: Member<C>): Effect<C>[] {
  const others = [...state.watchers].filter((watcher) => watcher !== member);
  if (others.length === 0) return [];
  const text = encodeRelayMessage({ type: "joined", address: member.address, card: member.card });
  return others.map(({ connection }) => ({ kind: "text", to: connection, text }));
}

/** A member that watches already is not sent the roster again: `list` is for that. */
function watch<C>(state: RoomState<C>, member: Member<C>, on: boolean): Effect<C>[] {
  if (!on) {
    state.watchers.delete(member);
    return [];
  }
  if (state.watchers.has(member)) return [];
  state.watchers.add(member);
  const effects: Effect<C>[] = [];
  let from = 0;
  let more = true;
  while (more) {
    const page = rosterPage(state, member, from);
    effects.push(page.effect);
    from += ROSTER_PAGE_SIZE;
    more = page.more;
  }
  return effects;
}

function rosterPage<C>(
  state: RoomState<C>,
  reader: Member<C>,
  from: number,
): { effect: Effect<C>; more: boolean } {
  const page = state.order.slice(from, from + ROSTER_PAGE_SIZE);
  const more = from + page.length < state.order.length;
  const peers = page.map(({ address, card }) => ({ address, card }));
  return { effect: say(reader, { type: "roster", peers, more }), more };
}

function indexAfter<C>(state: RoomState<C>, address: Bytes): number {
  const key = addressKey(address);
  const index = orderIndex(state, key);
  return state.order[index]?.key === key ? index + 1 : index;
}

function follow<C>(
  state: RoomState<C>,
  member: Member<C>,
  { address, card = false }: { readonly address: Bytes; readonly card?: boolean },
): Effect<C>[] {
  const key = addressKey(address);
  const followed = state.members.get(key);
  if (followed === undefined) return [say(member, { type: "left", address })];
  if (member.follows.size >= MAX_FOLLOWS && !member.follows.has(key)) {
    const [oldest] = member.follows;
    if (oldest !== undefined) unfollow(state, member, oldest);
  }
  member.follows.add(key);
  const followers = state.followers.get(key) ?? new Set();
  followers.add(member);
  state.followers.set(key, followers);
  return card ? [say(member, { type: "joined", address, card: followed.card })] : [];
}

function unfollow<C>(state: RoomState<C>, member: Member<C>, key: string): void {
  member.follows.delete(key);
  const followers = state.followers.get(key);
  followers?.delete(member);
  if (followers?.size === 0) state.followers.delete(key);
}

function say<C>(member: Member<C>, message: Parameters<typeof encodeRelayMessage>[0]): Effect<C> {
  return { kind: "text", to: member.connection, text: encodeRelayMessage(message) };
}
