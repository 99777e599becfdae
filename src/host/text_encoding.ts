/**
 * How the bytes of a text are read: which encoding they seem to be in, and where in them characters begin.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** Encodings that text can be read in. */
export type TextEncoding = "utf-8" | "utf-16le" | "utf-16be" | "windows-1252" | "latin1";

/** What is thought of the beginning of a file. */
export interface Detected {
  /** Undefined for bytes that are no text. */
  readonly encoding: TextEncoding | undefined;
  /** Bytes of the byte order mark. */
  readonly bomBytes: number;
  /** What to say of a guess. */
  readonly note?: string;
}

/** Bytes from which an encoding is guessed. */
export const SAMPLE_BYTES = 64 * 1024;

/**
 * Guesses the encoding: a byte order mark, else UTF-8 if it is valid, UTF-16 by the zeros of its Western characters, else
 * windows-1252; bytes with other zeros or many control characters are no text.
 *
 * @param sample - the beginning of the file
 * @param isWhole - whether it is all of it; else a character may be cut at the end
 */
export function detectEncoding(sample: Bytes, isWhole: boolean): Detected {
  const [a, b, c, d] = sample;
  if (a === 0xef && b === 0xbb && c === 0xbf) return { encoding: "utf-8", bomBytes: 3 };
  if (a === 0xff && b === 0xfe && !(c === 0 && d === 0 && sample.length >= 4)) {
    return { encoding: "utf-16le", bomBytes: 2 };
  }
  if (a === 0xfe && b === 0xff) return { encoding: "utf-16be", bomBytes: 2 };
  if (sample.includes(0)) {
    const encoding = guessUtf16(sample);
    return {
      encoding,
      bomBytes: 0,
      ...(encoding === undefined
        ? {}
        : { note: `The encoding is a guess: ${encoding} without a byte order mark` }),
    };
  }
  if (controlShare(sample) > 0.1) return { encoding: undefined, bomBytes: 0 };
  const { characters, broken } = countUtf8(sample, isWhole);
  if (broken === 0) return { encoding: "utf-8", bomBytes: 0 };
  if (characters > broken) return { encoding: "utf-8", bomBytes: 0 };
  return {
    encoding: "windows-1252",
    bomBytes: 0,
    note: "The encoding is a guess: the bytes are not UTF-8 and were read as windows-1252",
  };
}

/** Bytes that a line feed takes. */
export function unitBytes(encoding: TextEncoding): 1 | 2 {
  return encoding === "utf-16le" || encoding === "utf-16be" ? 2 : 1;
}

/** Decodes whole characters; what is broken becomes U+FFFD. */
export function decodeText(
  bytes: Bytes,
  encoding: TextEncoding,
): { readonly text: string; readonly isBroken: boolean } {
  if (encoding === "latin1") {
    let text = "";
    for (let at = 0; at < bytes.length; at += 8192) {
      text += String.fromCharCode(...bytes.subarray(at, at + 8192));
    }
    return { text, isBroken: false };
  }
  try {
    return {
      text: new TextDecoder(encoding, { fatal: true, ignoreBOM: true }).decode(bytes),
      isBroken: false,
    };
  } catch {
    // Something in it is broken; the rest is still worth to be read.
    return { text: new TextDecoder(encoding, { ignoreBOM: true }).decode(bytes), isBroken: true };
  }
}

/**
 * Finds the last place at or before `end` where a character begins, so that none is cut in half.
 *
 * @param bytes - their first byte begins a character
 * @param end - at most their length
 */
export function characterStart(bytes: Bytes, end: number, encoding: TextEncoding): number {
  switch (encoding) {
    case "utf-8": {
      for (let at = end; at >= 0 && at > end - 4; at--) {
        const byte = bytes[at] ?? 0;
        // Bytes that follow no lead are on their own.
        if ((byte & 0xc0) !== 0x80) return at + sequenceBytes(byte) > end ? at : end;
      }
      return end; // Not UTF-8: there is no character to keep whole.
    }
    case "utf-16le":
    case "utf-16be": {
      const even = end - end % 2;
      const high = bytes[even + (encoding === "utf-16le" ? 1 : 0)] ?? 0;
      return even >= 2 && (high & 0xfc) === 0xdc ? even - 2 : even;
    }
    case "windows-1252":
    case "latin1":
      return end;
  }
}

/** Bytes of an unfinished character at the end. */
export function unfinishedBytes(bytes: Bytes, encoding: TextEncoding): number {
  if (encoding === "utf-8") {
    for (let back = 1; back <= Math.min(3, bytes.length); back++) {
      const byte = bytes[bytes.length - back] ?? 0;
      if ((byte & 0xc0) === 0x80) continue;
      return sequenceBytes(byte) > back ? back : 0;
    }
    return 0;
  }
  if (unitBytes(encoding) === 1) return 0;
  const odd = bytes.length % 2;
  const high = bytes[bytes.length - odd - (encoding === "utf-16le" ? 1 : 2)] ?? 0;
  return (high & 0xfc) === 0xd8 ? odd + 2 : odd;
}

/** Bytes of the character that a byte of UTF-8 begins; 1 if it begins none of several. */
function sequenceBytes(lead: number): number {
  return lead >= 0xf8 || lead < 0xc0 ? 1 : lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
}

/** Zeros in every other place are what UTF-16 makes of Western text. */
function guessUtf16(sample: Bytes): "utf-16le" | "utf-16be" | undefined {
  const pairs = Math.floor(sample.length / 2);
  if (pairs === 0) return undefined;
  const zeros = [0, 0];
  let controls = 0;
  for (let at = 0; at < pairs * 2; at++) {
    if (sample[at] === 0) zeros[at % 2] = (zeros[at % 2] ?? 0) + 1;
    else if (isControl(sample[at] ?? 0)) controls++;
  }
  const [even = 0, odd = 0] = zeros;
  if (controls > pairs * 0.1) return undefined;
  if (odd > pairs * 0.4 && even < pairs * 0.02) return "utf-16le";
  if (even > pairs * 0.4 && odd < pairs * 0.02) return "utf-16be";
  return undefined;
}

function isControl(byte: number): boolean {
  // Backspace, tab, line feed, form feed, carriage return and escape are in ordinary texts and logs.
  return (byte < 0x20 && !(byte >= 0x08 && byte <= 0x0d) && byte !== 0x1b) || byte === 0x7f;
}

function controlShare(sample: Bytes): number {
  if (sample.length === 0) return 0;
  let controls = 0;
  for (const byte of sample) if (isControl(byte)) controls++;
  return controls / sample.length;
}

/** Counts characters of several bytes and bytes that belong to none (RFC 3629, section 4). */
function countUtf8(
  sample: Bytes,
  isWhole: boolean,
): { readonly characters: number; readonly broken: number } {
  const end = isWhole ? sample.length : sample.length - unfinishedBytes(sample, "utf-8");
  let characters = 0;
  let broken = 0;
  for (let at = 0; at < end;) {
    const byte = sample[at] ?? 0;
    if (byte < 0x80) {
      at++;
      continue;
    }
    const length = byte >= 0xc2 && byte < 0xe0
      ? 2
      : byte >= 0xe0 && byte < 0xf0
      ? 3
      : byte >= 0xf0 && byte < 0xf5
      ? 4
      : 0;
    const isValid = length > 0 && at + length <= end && isSequence(sample, at, length);
    if (isValid) characters++;
    else broken++;
    at += isValid ? length : 1;
  }
  return { characters, broken };
}

function isSequence(sample: Bytes, at: number, length: number): boolean {
  for (let next = at + 1; next < at + length; next++) if (((sample[next] ?? 0) & 0xc0) !== 0x80) return false;
  const [first = 0, second = 0] = [sample[at], sample[at + 1]];
  // Neither longer than needed, nor half of a pair, nor past the last character.
  return !((first === 0xe0 && second < 0xa0) || (first === 0xed && second > 0x9f) ||
    (first === 0xf0 && second < 0x90) || (first === 0xf4 && second > 0x8f));
}
