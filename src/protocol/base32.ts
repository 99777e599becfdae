/**
 * Base32 (RFC 4648, section 6) in lower case without padding: how keys and ids are written where people read them.
 */
import type { Bytes } from "./bytes.ts";

const ALPHABET = "abcdefghijklmnopqrstuvwxyz234567";

/** Encodes bytes as lower-case base32 without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  let text = "";
  let buffer = 0;
  let bits = 0;
  for (const byte of bytes) {
    buffer = ((buffer << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text += ALPHABET[(buffer >>> bits) & 31];
    }
  }
  if (bits > 0) text += ALPHABET[(buffer << (5 - bits)) & 31];
  return text;
}

/**
 * Decodes lower-case base32 without padding. Only the canonical form is read: the spare bits of the
 * last character are zero, so one byte string has one text.
 *
 * @throws {SyntaxError} If a character is not of the alphabet or the text is not canonical.
 */
export function decodeBase32(text: string): Bytes {
  const out = new Uint8Array(Math.floor((text.length * 5) / 8));
  let buffer = 0;
  let bits = 0;
  let at = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) throw new SyntaxError(`Cannot decode base32: "${character}" is not in a-z, 2-7`);
    buffer = ((buffer << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      out[at++] = (buffer >>> bits) & 0xff;
    }
  }
  if (bits >= 5 || (buffer & ((1 << bits) - 1)) !== 0) {
    throw new SyntaxError("Cannot decode base32: the text is cut off or not canonical");
  }
  return out;
}
