/**
 * Which reducer a key belongs to. All hosts of a run must agree, whatever their version, so this never changes.
 */

/** State of the hash before the first byte: the offset basis of 32-bit FNV-1a. */
export const HASH_SEED = 0x811c9dc5;

/** Takes one byte of a key into the state: FNV-1a. */
export function hashByte(state: number, byte: number): number {
  return Math.imul(state ^ byte, 0x01000193);
}

/**
 * Returns the reducer of the key whose bytes were taken: the finalizer of MurmurHash3, as the low bits of FNV-1a alone are
 * spread badly, and then the remainder.
 *
 * @param reducers - how many there are, from 1
 */
export function partitionOfState(state: number, reducers: number): number {
  let hash = state ^ (state >>> 16);
  hash = Math.imul(hash, 0x85ebca6b);
  hash ^= hash >>> 13;
  hash = Math.imul(hash, 0xc2b2ae35);
  hash ^= hash >>> 16;
  return (hash >>> 0) % reducers;
}

/**
 * Returns the reducer of a key.
 *
 * @example
 * ```ts
 * partitionOf(utf8("hello"), 4); // 0, 1, 2 or 3, everywhere the same
 * ```
 */
export function partitionOf(key: Uint8Array, reducers: number): number {
  let state = HASH_SEED;
  for (const byte of key) state = hashByte(state, byte);
  return partitionOfState(state, reducers);
}
