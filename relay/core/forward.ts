/**
 * Forwarding of frames, the relay's hot path: works in place on the message that came in and copies nothing.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";
import { encodeRelayMessage } from "../../src/protocol/control.ts";
import { ADDRESS_BYTES } from "../../src/protocol/limits.ts";
import { addressKey } from "./address_key.ts";
import type { Effect } from "./effect.ts";
import type { Member, RoomState } from "./member.ts";

/** A binary message and where its frames start, followed by its length, as `frameOffsets()` returns them. */
export interface FramesMessage {
  readonly message: Bytes;
  readonly offsets: readonly number[];
}

/**
 * Writes the sender's address over each frame's destination and forwards every longest run of neighbouring
 * frames to one destination as one view. Frames to an address that is not there are counted and reported
 * to the sender, once a destination.
 */
export function forwardFrames<C>(
  state: RoomState<C>,
  sender: Member<C>,
  { message, offsets }: FramesMessage,
): Effect<C>[] {
  const effects: Effect<C>[] = [];
  const lost = new Map<string, { readonly to: Bytes; count: number }>();
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const [own0, own1, own2, own3] = sender.words;
  const frames = offsets.length - 1;
  let first = 0;
  while (first < frames) {
    const start = offsets[first] ?? 0;
    const to0 = view.getInt32(start + 4);
    const to1 = view.getInt32(start + 8);
    const to2 = view.getInt32(start + 12);
    const to3 = view.getInt32(start + 16);
    const peer = findPeer(state, sender, { message, at: start + 4, to0, to1, to2, to3 });
    const to = peer === undefined ? message.slice(start + 4, start + 4 + ADDRESS_BYTES) : undefined;
    let next = first;
    let end = start;
    do {
      view.setInt32(end + 4, own0);
      view.setInt32(end + 8, own1);
      view.setInt32(end + 12, own2);
      view.setInt32(end + 16, own3);
      next++;
      end = offsets[next] ?? message.length;
    } while (
      next < frames && view.getInt32(end + 4) === to0 && view.getInt32(end + 8) === to1 &&
      view.getInt32(end + 12) === to2 && view.getInt32(end + 16) === to3
    );
    if (peer !== undefined) {
      effects.push({ kind: "forward", to: peer.connection, segment: message.subarray(start, end) });
    } else if (to !== undefined) {
      const key = addressKey(to);
      const entry = lost.get(key) ?? { to, count: 0 };
      entry.count += next - first;
      lost.set(key, entry);
    }
    first = next;
  }
  for (const { to, count } of lost.values()) {
    const text = encodeRelayMessage({ type: "undeliverable", to, count });
    effects.push({ kind: "text", to: sender.connection, text });
  }
  return effects;
}

interface Destination {
  readonly message: Bytes;
  readonly at: number;
  readonly to0: number;
  readonly to1: number;
  readonly to2: number;
  readonly to3: number;
}

function findPeer<C>(
  state: RoomState<C>,
  sender: Member<C>,
  { message, at, to0, to1, to2, to3 }: Destination,
): Member<C> | undefined {
  const last = sender.lastPeer;
  if (last !== undefined && last.present) {
    const words = last.words;
    if (words[0] === to0 && words[1] === to1 && words[2] === to2 && words[3] === to3) return last;
  }
  const peer = state.members.get(addressKey(message, at));
  sender.lastPeer = peer;
  return peer;
}
