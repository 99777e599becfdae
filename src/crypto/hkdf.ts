/**
 * HKDF-SHA-256 (RFC 5869), on the suite's HMAC.
 */
import { type Bytes, concatBytes, EMPTY } from "../protocol/bytes.ts";
import { type CipherSuite, KEY_BYTES } from "./cipher_suite.ts";

/**
 * RFC 5869: extracts from `ikm` and expands to `length` bytes, in one call of the suite if it can.
 *
 * @param output.length - at most 255 * 32 bytes
 */
export async function hkdf(
  suite: CipherSuite,
  [salt, ikm]: readonly [Bytes, Bytes],
  output: { info: Bytes; length: number },
): Promise<Bytes> {
  if (suite.hkdfSha256 !== undefined) return await suite.hkdfSha256(salt, ikm, output);
  return await hkdfExpand(suite, await hkdfExtract(suite, salt, ikm), output);
}

/** RFC 5869, section 2.2: concentrates `ikm` into a 32-byte pseudorandom key. */
export async function hkdfExtract(suite: CipherSuite, salt: Bytes, ikm: Bytes): Promise<Bytes> {
  return await suite.hmacSha256(salt, ikm);
}

/**
 * RFC 5869, section 2.3: expands a pseudorandom key to `length` bytes for one purpose.
 *
 * @param options.length - at most 255 * 32 bytes
 */
export async function hkdfExpand(
  suite: CipherSuite,
  prk: Bytes,
  { info, length }: { info: Bytes; length: number },
): Promise<Bytes> {
  if (length > 255 * KEY_BYTES) {
    throw new RangeError(`Cannot expand key: ${length} bytes are over the limit of RFC 5869`);
  }
  let block: Bytes = EMPTY;
  const blocks: Bytes[] = [];
  for (let i = 1; blocks.length * KEY_BYTES < length; i++) {
    block = await suite.hmacSha256(prk, concatBytes(block, info, Uint8Array.of(i)));
    blocks.push(block);
  }
  return concatBytes(...blocks).slice(0, length);
}
