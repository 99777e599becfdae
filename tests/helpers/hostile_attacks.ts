/**
 * What a hostile relay can do to frames, as rules for `HostileRelay.onFrame`.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";
import {
  type Delivery,
  type FrameRule,
  type HostileRelay,
  type PacketKind,
  type PassingFrame,
  passOn,
  type Victim,
} from "./hostile_relay.ts";

/** How long frames are collected before they go on in another order. */
const SCRAMBLE_MS = 10;

/** Which frames a rule is about. */
export type Match = (frame: PassingFrame) => boolean;

/** Frames of some kinds, and if given, of one sender or to one receiver; at most `times` of them. */
export function only(
  kinds: PacketKind | readonly PacketKind[],
  limits: { readonly from?: Bytes; readonly to?: Bytes; readonly times?: number; readonly skip?: number } =
    {},
): Match {
  const { times = Infinity, skip = 0 } = limits;
  let count = 0;
  return ({ kind, from, to }) => {
    if (!(typeof kinds === "string" ? [kinds] : kinds).includes(kind)) return false;
    if (limits.from !== undefined && !isSame(from.address, limits.from)) return false;
    if (limits.to !== undefined && !(to !== undefined && isSame(to.address, limits.to))) return false;
    count++;
    return count > skip && count <= skip + times;
  };
}

/** Loses frames. */
export function drop(match: Match): FrameRule {
  return (frame) => match(frame) ? [] : undefined;
}

/** Delivers frames several times at once. */
export function repeat(match: Match, times: number): FrameRule {
  return (frame) => match(frame) ? Array.from({ length: times }, () => passOn(frame)).flat() : undefined;
}

/** Delivers to another peer than was meant. */
export function redirect(match: Match, to: () => Victim): FrameRule {
  return (frame) => match(frame) ? [{ to: to(), as: frame.from.address, payload: frame.payload }] : undefined;
}

/** Says that a frame came from somebody else. */
export function claim(match: Match, as: Bytes): FrameRule {
  return (frame) => match(frame) ? passOn(frame).map((delivery) => ({ ...delivery, as })) : undefined;
}

/** Changes payloads. */
export function tamper(match: Match, change: (payload: Bytes) => Bytes): FrameRule {
  return (frame) =>
    match(frame)
      ? passOn(frame).map((delivery) => ({ ...delivery, payload: change(delivery.payload.slice()) }))
      : undefined;
}

/** Returns a changer that flips one bit; a negative place counts from the end. */
export function flip(byte: number, bit = 0): (payload: Bytes) => Bytes {
  return (payload) => {
    const at = byte < 0 ? payload.length + byte : Math.min(byte, payload.length - 1);
    payload[at] = (payload[at] ?? 0) ^ (1 << bit);
    return payload;
  };
}

/** Keeps frames back, to be let go in any order, any number of times. */
export interface Held {
  readonly rule: FrameRule;
  readonly frames: PassingFrame[];
  /** Delivers what was kept, in an order, and forgets it. */
  release(
    deliver: (deliveries: readonly Delivery[]) => void,
    order?: (frames: PassingFrame[]) => PassingFrame[],
  ): void;
}

/** Makes a rule that keeps frames back. */
export function hold(match: Match): Held {
  const frames: PassingFrame[] = [];
  return {
    frames,
    rule(frame) {
      if (!match(frame)) return undefined;
      frames.push(frame);
      return [];
    },
    release(deliver, order = (kept) => kept) {
      const kept = frames.splice(0);
      for (const frame of order(kept)) deliver(passOn(frame));
    },
  };
}

/** Collects what comes within some milliseconds and delivers it in another order. */
export function scramble(match: Match, relay: HostileRelay, random: () => number): FrameRule {
  let kept: PassingFrame[] = [];
  const release = () => {
    const frames = kept;
    kept = [];
    while (frames.length > 0) {
      for (const frame of frames.splice(Math.floor(random() * frames.length), 1)) {
        relay.deliver(passOn(frame));
      }
    }
  };
  return (frame) => {
    if (!match(frame)) return undefined;
    if (kept.push(frame) === 1) relay.later(SCRAMBLE_MS, release);
    return [];
  };
}

/** Several rules as one; the first that does not pass decides. */
export function either(...rules: readonly FrameRule[]): FrameRule {
  return (frame) => {
    for (const rule of rules) {
      const decided = rule(frame);
      if (decided !== undefined) return decided;
    }
    return undefined;
  };
}

/** A small PRNG (mulberry32), so that a campaign can be repeated from its printed seed. */
export function seededRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

function isSame(a: Bytes, b: Bytes): boolean {
  return a.every((byte, i) => byte === b[i]);
}
