/**
 * Text files as bytes and back, without a change to what is not edited: what cannot come back byte for byte is refused.
 */
import { type Bytes, concatBytes, EMPTY, utf8 } from "../protocol/bytes.ts";

/** How a file's text is stored. UTF-16 is only known by its byte order mark. */
export type TextEncoding = "utf-8" | "utf-8-bom" | "utf-16le" | "utf-16be";

/** A text, and how it was stored. */
export interface DecodedText {
  readonly text: string;
  readonly encoding: TextEncoding;
}

const MARKS: readonly (readonly [TextEncoding, Bytes])[] = [
  ["utf-8-bom", Uint8Array.of(0xef, 0xbb, 0xbf)],
  ["utf-16le", Uint8Array.of(0xff, 0xfe)],
  ["utf-16be", Uint8Array.of(0xfe, 0xff)],
];

/**
 * Decodes a file's text; the byte order mark is not part of it.
 *
 * @throws {TypeError} If the bytes are not text in an encoding that is known for certain.
 */
export function decodeText(bytes: Uint8Array): DecodedText {
  const [encoding, mark]: readonly [TextEncoding, Bytes] =
    MARKS.find(([, mark]) => mark.every((byte, at) => bytes[at] === byte)) ?? ["utf-8", EMPTY];
  const isUtf32 = encoding === "utf-16le" && bytes.length >= 4 && bytes[2] === 0 && bytes[3] === 0;
  if (isUtf32) throw new TypeError("it is UTF-32, or binary");
  const label = encoding === "utf-8-bom" ? "utf-8" : encoding;
  let text: string;
  try {
    text = new TextDecoder(label, { fatal: true, ignoreBOM: true }).decode(bytes.subarray(mark.length));
  } catch (cause) {
    throw new TypeError(
      mark.length === 0
        ? "it is not valid UTF-8 and has no byte order mark, so it is binary or in an encoding that cannot be told for certain"
        : `it begins like ${label.toUpperCase()} and holds bytes that are not`,
      { cause },
    );
  }
  // As UTF-8 such a file may be valid; a text in it would be put back in the wrong encoding.
  if (text.includes("\0")) {
    throw new TypeError("it holds null characters, so it is binary or UTF-16 without a mark");
  }
  return { text, encoding };
}

/**
 * Encodes a text as it was stored.
 *
 * @throws {TypeError} If half a surrogate pair is in it, which no encoding can hold.
 */
export function encodeText({ text, encoding }: DecodedText): Bytes {
  if (!text.isWellFormed()) {
    throw new TypeError("half a surrogate pair is in the text, which no file can hold");
  }
  const mark = MARKS.find(([name]) => name === encoding)?.[1] ?? EMPTY;
  const body = encoding === "utf-16le" || encoding === "utf-16be" ? utf16(text, encoding) : utf8(text);
  return concatBytes(mark, body);
}

function utf16(text: string, encoding: "utf-16le" | "utf-16be"): Bytes {
  const bytes = new Uint8Array(text.length * 2);
  const view = new DataView(bytes.buffer);
  for (let at = 0; at < text.length; at++) {
    view.setUint16(at * 2, text.charCodeAt(at), encoding === "utf-16le");
  }
  return bytes;
}
