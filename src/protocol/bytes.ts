/**
 * Byte arrays: the one type for them, and the few operations that the platform lacks.
 * Used by everything that touches the wire.
 */

/** Bytes that own a plain `ArrayBuffer`, as Web Crypto and WebSocket want them. */
export type Bytes = Uint8Array<ArrayBuffer>;

const encoder = new TextEncoder();
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** No bytes. */
export const EMPTY: Bytes = new Uint8Array(0);

/** From this size up, memory is worth giving back by hand. */
const RELEASED_FROM_BYTES = 16 * 1024;

/**
 * Gives the memory of a large buffer back at once; a small one is left to the collector, which otherwise lets tens of
 * MiB pile up during a long output. Only for the owner of the whole buffer: its views may be empty afterwards.
 */
export function releaseBytes({ buffer }: Bytes): void {
  if (buffer.byteLength >= RELEASED_FROM_BYTES) buffer.transfer(0);
}

/** Returns one array that holds `parts` one after the other. */
export function concatBytes(...parts: readonly Uint8Array[]): Bytes {
  let length = 0;
  for (const part of parts) length += part.length;
  const out = new Uint8Array(length);
  let at = 0;
  for (const part of parts) {
    out.set(part, at);
    at += part.length;
  }
  return out;
}

/**
 * Tells whether two byte strings are equal, in a time that depends on their lengths alone.
 */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a.length !== b.length) return false;
  let difference = 0;
  for (let i = 0; i < a.length; i++) difference |= (a[i] ?? 0) ^ (b[i] ?? 0);
  return difference === 0;
}

/** Encodes text as UTF-8. */
export function utf8(text: string): Bytes {
  return encoder.encode(text);
}

/**
 * Decodes UTF-8 strictly.
 *
 * @throws {TypeError} If `bytes` are not valid UTF-8.
 */
export function fromUtf8(bytes: Uint8Array): string {
  return strictDecoder.decode(bytes);
}

/**
 * Encodes a list of byte strings so that no two lists have the same encoding: each part is preceded
 * by its length as a big-endian u32. Everything that is signed or authenticated goes through here.
 *
 * @example
 * ```ts
 * encodeTuple(utf8("label"), key); // 00 00 00 05 "label" 00 00 00 20 <key>
 * ```
 */
export function encodeTuple(...parts: readonly Uint8Array[]): Bytes {
  const prefixed: Uint8Array[] = [];
  for (const part of parts) {
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, part.length);
    prefixed.push(length, part);
  }
  return concatBytes(...prefixed);
}
