/**
 * Ways in which bytes are damaged on the way, for tests that must see every one of them refused.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";

/** Each byte in turn is changed, once in its highest and once in its lowest bit. */
export function* eachFlip(bytes: Uint8Array): Generator<{ readonly at: number; readonly bytes: Bytes }> {
  for (let at = 0; at < bytes.length; at++) {
    for (const mask of [0x80, 0x01]) {
      const copy = new Uint8Array(bytes);
      copy[at] = (copy[at] ?? 0) ^ mask;
      yield { at, bytes: copy };
    }
  }
}

/** Every beginning that is not the whole, the empty one first. */
export function* eachCut(bytes: Uint8Array): Generator<Bytes> {
  for (let length = 0; length < bytes.length; length++) yield new Uint8Array(bytes.subarray(0, length));
}
