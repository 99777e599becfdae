/**
 * Addresses as keys of maps: the 16 bytes as a string of 16 characters, which sorts as the bytes do.
 * Private to the room's rule; what people read is `formatAddress`.
 */
import { ADDRESS_BYTES } from "../../src/protocol/limits.ts";

/** Returns the key of the address that starts at `at`; fewer than 16 bytes there give a shorter key. */
export function addressKey(bytes: Uint8Array, at = 0): string {
  return String.fromCharCode(...bytes.subarray(at, at + ADDRESS_BYTES));
}

/** Orders keys as the bytes of their addresses. */
export function compareKeys(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
