/**
 * Pieces of texts that are as large as one message to a client may be. Used by the resources.
 */

/**
 * What one read of a resource holds at most, counted as it is sent: in JSON, where a control character is six bytes. Clients of the
 * official SDK break the connection at a message of 10 MiB.
 */
export const MAX_READ_BYTES = 8 * 1024 * 1024;

/** Bytes of JSON for one byte of a text, at most. */
export const MAX_ESCAPED_BYTES = 6;

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A piece of a text. */
export interface TextSlice {
  readonly text: string;
  /** The first byte after it; undefined if nothing follows. */
  readonly next: number | undefined;
  /** Of the whole text. */
  readonly totalBytes: number;
}

/**
 * Cuts a piece out of a text, between characters.
 *
 * @param from - the first byte, in UTF-8. Within a character: the next one is the first
 * @param maxBytes - bytes of JSON. @default MAX_READ_BYTES
 */
export function sliceText(text: string, from: number, maxBytes = MAX_READ_BYTES): TextSlice {
  const bytes = encoder.encode(text);
  const start = nextCharacter(bytes, Math.min(from, bytes.length));
  let length = Math.min(bytes.length - start, maxBytes);
  for (;;) {
    const end = lastCharacter(bytes, start, start + length);
    const piece = decoder.decode(bytes.subarray(start, end));
    const size = jsonBytes(piece);
    // A piece that is not cut further has no smaller one: one character, or none.
    if (size <= maxBytes || length <= 4) {
      return { text: piece, next: end < bytes.length ? end : undefined, totalBytes: bytes.length };
    }
    length = Math.max(4, Math.floor(length * maxBytes / size));
  }
}

/** Bytes that a text is as a string in a message. */
export function jsonBytes(text: string): number {
  return encoder.encode(JSON.stringify(text)).length;
}

function nextCharacter(bytes: Uint8Array, at: number): number {
  while (at < bytes.length && isContinuation(bytes, at)) at++;
  return at;
}

function lastCharacter(bytes: Uint8Array, start: number, end: number): number {
  if (end >= bytes.length) return bytes.length;
  let at = end;
  while (at > start && isContinuation(bytes, at)) at--;
  return at > start ? at : nextCharacter(bytes, end);
}

function isContinuation(bytes: Uint8Array, at: number): boolean {
  return ((bytes[at] ?? 0) & 0xc0) === 0x80;
}
