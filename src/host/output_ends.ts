/**
 * Keeps the beginning and the end of a stream of bytes in constant memory, and renders them as text.
 * Results of commands are made from it.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { concatBytes } from "../protocol/bytes.ts";
import { type Output, OUTPUT_END_BYTES } from "../protocol/operations/exec.ts";

/** Longest UTF-8 sequence less one: how far a cut can be moved to reach a boundary. */
const MAX_CUT_BYTES = 3;

// Byte order marks are part of what the command wrote, so they stay.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The first and last bytes of a stream.
 *
 * @example
 * ```ts
 * const ends = new OutputEnds();
 * ends.push(utf8("hello\n"));
 * ends.render(); // { head: "hello\n", tail: "", bytes: 6, truncated: false, invalidUtf8: false }
 * ```
 */
export class OutputEnds {
  readonly #endBytes: number;
  readonly #head: Room;
  /** A ring once it is full; `#at` is where its oldest byte is. */
  readonly #tail: Room;
  #at = 0;
  #bytes = 0;

  /** @param endBytes - size of each end. @default {OUTPUT_END_BYTES} */
  constructor(endBytes: number = OUTPUT_END_BYTES) {
    this.#endBytes = endBytes;
    this.#head = new Room(endBytes);
    this.#tail = new Room(endBytes);
  }

  /** Bytes pushed so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Bytes that are kept of them. */
  get kept(): number {
    return this.#head.bytes().length + this.#tail.bytes().length;
  }

  /** Takes the next bytes of the stream, and copies what it keeps. */
  push(chunk: Uint8Array): void {
    this.#bytes += chunk.length;
    let rest = chunk.subarray(this.#head.append(chunk));
    if (rest.length > this.#endBytes) rest = rest.subarray(rest.length - this.#endBytes);
    // What does not fit overwrites the oldest bytes, in at most two pieces.
    rest = rest.subarray(this.#tail.append(rest));
    while (rest.length > 0) {
      const piece = rest.subarray(0, this.#endBytes - this.#at);
      this.#tail.write(piece, this.#at);
      this.#at = (this.#at + piece.length) % this.#endBytes;
      rest = rest.subarray(piece.length);
    }
  }

  /**
   * Renders what is kept. Cuts are moved to UTF-8 boundaries, so that U+FFFD stands only for what the command wrote.
   *
   * @param maxBytes - of both ends together; half of it for each if that is not all. @default what is kept
   * @returns if nothing was left out, `head` followed by `tail` is the whole text; the tail may then be up to 3
   * bytes over its size, those by which the head was cut back
   */
  render(maxBytes: number = 2 * this.#endBytes): Output {
    const { head, tail } = this.#ends(maxBytes);
    const truncated = this.#bytes > head.length + tail.length;
    const cut = this.#bytes > head.length ? incompleteEnd(head) : 0;
    const headText = decode(head.subarray(0, head.length - cut));
    const tailText = decode(
      truncated
        ? tail.subarray(continuationStart(tail))
        : concatBytes(head.subarray(head.length - cut), tail),
    );
    return {
      head: headText.text,
      tail: tailText.text,
      bytes: this.#bytes,
      truncated,
      invalidUtf8: headText.isInvalid || tailText.isInvalid,
    };
  }

  /** The first and the last bytes, as far as there is room for them. */
  #ends(maxBytes: number): { readonly head: Bytes; readonly tail: Bytes } {
    const head = this.#head.bytes();
    const ring = this.#tail.bytes();
    const tail = concatBytes(ring.subarray(this.#at), ring.subarray(0, this.#at));
    if (this.#bytes <= maxBytes || head.length + tail.length <= maxBytes) return { head, tail };
    const tailBytes = Math.floor(maxBytes / 2);
    // A short tail goes on in the head, as nothing is between them then.
    const last = tail.length < tailBytes ? concatBytes(head, tail) : tail;
    return { head: head.subarray(0, maxBytes - tailBytes), tail: last.subarray(last.length - tailBytes) };
  }
}

/** Bytes up to a limit, in a buffer that grows to it: most commands write little. */
class Room {
  readonly #limit: number;
  #buffer: Bytes = new Uint8Array(0);
  #length = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Appends as much of `chunk` as there is room for, and returns how much that was. */
  append(chunk: Uint8Array): number {
    const taken = Math.min(chunk.length, this.#limit - this.#length);
    if (taken === 0) return 0;
    const needed = this.#length + taken;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.min(this.#limit, Math.max(needed, 2 * this.#buffer.length)));
      grown.set(this.#buffer.subarray(0, this.#length));
      this.#buffer = grown;
    }
    this.#buffer.set(chunk.subarray(0, taken), this.#length);
    this.#length = needed;
    return taken;
  }

  write(piece: Uint8Array, at: number): void {
    this.#buffer.set(piece, at);
  }

  bytes(): Bytes {
    return this.#buffer.subarray(0, this.#length);
  }
}

function decode(bytes: Bytes): { text: string; isInvalid: boolean } {
  try {
    return { text: strictDecoder.decode(bytes), isInvalid: false };
  } catch {
    // Not UTF-8: shown with replacement characters, and said so.
    return { text: lenientDecoder.decode(bytes), isInvalid: true };
  }
}

/** Returns how many bytes at the end begin a valid sequence that is not complete. */
export function incompleteEnd(bytes: Bytes): number {
  for (let back = 1; back <= Math.min(MAX_CUT_BYTES, bytes.length); back++) {
    const lead = bytes[bytes.length - back] ?? 0;
    if (isContinuation(lead)) continue;
    const second = back > 1 ? bytes[bytes.length - back + 1] : undefined;
    return sequenceLength(lead, second) > back ? back : 0;
  }
  return 0;
}

/** Returns how many bytes at the start continue a sequence whose beginning was cut off. */
function continuationStart(bytes: Bytes): number {
  let count = 0;
  while (count < MAX_CUT_BYTES && isContinuation(bytes[count] ?? 0)) count++;
  return count;
}

function isContinuation(byte: number): boolean {
  return (byte & 0xc0) === 0x80;
}

/**
 * Returns how long the sequence that `lead` begins must be, or 0 if none can begin like this
 * (Unicode 16, table 3-7: some leads narrow the range of the second byte).
 */
function sequenceLength(lead: number, second: number | undefined): number {
  if (lead < 0x80) return 1;
  if (lead < 0xc2 || lead > 0xf4) return 0;
  if (lead < 0xe0) return 2;
  if (second !== undefined) {
    const low = lead === 0xe0 ? 0xa0 : lead === 0xf0 ? 0x90 : 0x80;
    const high = lead === 0xed ? 0x9f : lead === 0xf4 ? 0x8f : 0xbf;
    if (second < low || second > high) return 0;
  }
  return lead < 0xf0 ? 3 : 4;
}
