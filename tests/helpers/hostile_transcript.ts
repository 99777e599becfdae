/**
 * Everything that a hostile relay saw, and a search of it for what it must not have seen, in every form in which a
 * text commonly travels.
 */
import { encodeBase32 } from "../../src/protocol/base32.ts";
import { type Bytes, concatBytes, utf8 } from "../../src/protocol/bytes.ts";

/** Fewest bytes that are not in random data of some megabytes by chance. */
const MIN_BYTES = 6;

/** The record of one relay. */
export interface Transcript {
  addText(text: string): void;
  addBytes(bytes: Bytes): void;
  /** Bytes recorded so far. */
  readonly size: number;
  /**
   * Returns the forms in which `secret` occurs; none if it was never seen.
   *
   * @throws {RangeError} If it is so short that random bytes could contain it.
   */
  search(secret: string | Bytes): string[];
}

/** Starts a record. */
export function createTranscript(): Transcript {
  const pieces: Bytes[] = [];
  let size = 0;
  let hays: { readonly exact: string; readonly lower: string } | undefined;
  const add = (bytes: Bytes) => {
    hays = undefined;
    pieces.push(bytes.slice());
    size += bytes.length;
  };
  return {
    addText: (text) => add(utf8(text)),
    addBytes: add,
    get size() {
      return size;
    },
    search(secret) {
      const needle = typeof secret === "string" ? utf8(secret) : secret;
      if (needle.length < MIN_BYTES) throw new RangeError(`Cannot search for less than ${MIN_BYTES} bytes`);
      // One character for each byte, so that the engine's own string search works on bytes.
      const exact = hays?.exact ?? latin1(concatBytes(...pieces));
      const { lower } = hays ??= { exact, lower: exact.toLowerCase() };
      return Object.entries(formsOf(needle)).filter(([form, texts]) =>
        texts.some((text) =>
          form.endsWith("any case") ? lower.includes(text.toLowerCase()) : exact.includes(text)
        )
      ).map(([form]) => form);
    },
  };
}

/** The forms of a byte string, each as the texts of which one occurs where the form does. */
function formsOf(needle: Bytes): Record<string, string[]> {
  const utf16 = (isLittle: boolean) => {
    const text = new TextDecoder().decode(needle);
    const out = new Uint8Array(text.length * 2);
    const view = new DataView(out.buffer);
    for (let i = 0; i < text.length; i++) view.setUint16(2 * i, text.charCodeAt(i), isLittle);
    return latin1(out);
  };
  return {
    "raw, any case": [latin1(needle)],
    "reversed": [latin1(needle.toReversed())],
    "hex, any case": [needle.toHex()],
    "base64": inner(needle, 3, 4, (bytes) => bytes.toBase64({ omitPadding: true })),
    "base64url": inner(needle, 3, 4, (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true })),
    "base32, any case": inner(needle, 5, 8, encodeBase32),
    "UTF-16, little endian": [utf16(true)],
    "UTF-16, big endian": [utf16(false)],
    "URI": [encodeURIComponent(new TextDecoder().decode(needle))],
    "JSON": [JSON.stringify(new TextDecoder().decode(needle)).slice(1, -1)],
  };
}

/**
 * How `needle` looks inside a longer encoded text: for each of the places in a group where it may begin, the
 * characters that depend on the needle alone.
 */
function inner(needle: Bytes, groupBytes: number, groupCharacters: number, encode: (bytes: Bytes) => string) {
  const texts: string[] = [];
  const bitsPerCharacter = (groupBytes * 8) / groupCharacters;
  for (let shift = 0; shift < groupBytes; shift++) {
    const encoded = encode(concatBytes(new Uint8Array(shift), needle));
    const first = Math.ceil((shift * 8) / bitsPerCharacter);
    const end = Math.floor(((shift + needle.length) * 8) / bitsPerCharacter);
    if (end > first) texts.push(encoded.slice(first, end));
  }
  return texts;
}

function latin1(bytes: Bytes): string {
  let text = "";
  for (let at = 0; at < bytes.length; at += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  }
  return text;
}
