/**
 * The part of `read_file` that reads by position: bytes as they are, or the text that they are.
 */
import { createHash } from "node:crypto";
import { characterStart, decodeText, type TextEncoding } from "../host/text_encoding.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { Content, Reading, TextReading } from "./read_file.ts";
import { lineEndingsOf } from "./read_file_lines.ts";

/** Bytes of the longest character. */
const MAX_CHARACTER_BYTES = 4;

/** Returns bytes as base64, of which `max_bytes` bounds the text. */
export async function readBytes(reading: Reading, mimeType: string | undefined): Promise<Content> {
  const { reader, params, maxBytes, opened } = reading;
  const offset = params.offset ?? 0;
  const most = Math.max(1, Math.floor(maxBytes / 4) * 3);
  const length = Math.min(params.length ?? most, most);
  // One byte more tells whether there is more.
  const read = await reader.readAt(offset, length + 1);
  const bytes = read.subarray(0, length);
  const isWhole = offset === 0 && read.length <= length;
  return {
    kind: "binary",
    mimeType: mimeType ?? "application/octet-stream",
    encoding: "base64",
    base64: bytes.toBase64(),
    offset,
    length: bytes.length,
    ...(isWhole ? { sha256: createHash("sha256").update(bytes).digest("hex") } : {}),
    ...(read.length > length ? { next: { offset: offset + length } } : {}),
    notes: beyondEnd(offset, bytes, opened.info.size),
  };
}

/** Returns the text at a position, with whole characters at both ends. */
export async function readSlice(reading: TextReading): Promise<Content> {
  const { reader, params, maxBytes, encoding, bomBytes, opened } = reading;
  const asked = Math.max(bomBytes, params.offset ?? 0);
  // A character that is begun before the position belongs to the answer.
  const from = Math.max(bomBytes, asked - asked % 2 - MAX_CHARACTER_BYTES);
  const most = Math.min(params.length ?? maxBytes, maxBytes);
  const read = await reader.readAt(from, asked - from + most + MAX_CHARACTER_BYTES);
  const start = read.length <= asked - from ? read.length : characterStart(read, asked - from, encoding);
  const rest = read.subarray(start);
  const { text, length, isBroken } = fit(rest, { most, maxBytes, encoding });
  const offset = from + start;
  const isWhole = offset === bomBytes && rest.length === length;
  return {
    kind: "text",
    encoding,
    text,
    lineEndings: lineEndingsOf(text),
    offset: rest.length === 0 ? asked : offset,
    length,
    ...(isWhole
      ? { sha256: createHash("sha256").update(await reader.readAt(0, bomBytes + length)).digest("hex") }
      : {}),
    ...(rest.length > length ? { next: { offset: offset + length } } : {}),
    notes: [
      ...beyondEnd(asked, rest, opened.info.size),
      ...(isBroken ? [`Bytes that are no ${encoding} are shown as \uFFFD`] : []),
    ],
  };
}

/** Takes as many whole characters as fit, and at least one. */
function fit(
  bytes: Bytes,
  { most, maxBytes, encoding }: {
    readonly most: number;
    readonly maxBytes: number;
    readonly encoding: TextEncoding;
  },
): { readonly text: string; readonly length: number; readonly isBroken: boolean } {
  let limit = Math.min(most, bytes.length);
  for (;;) {
    let length = limit < bytes.length ? characterStart(bytes, limit, encoding) : limit;
    for (let end = limit; length === 0 && end < bytes.length;) {
      end++;
      length = end === bytes.length ? end : characterStart(bytes, end, encoding);
    }
    const { text, isBroken } = decodeText(bytes.subarray(0, length), encoding);
    const size = new TextEncoder().encode(text).length;
    if (size <= maxBytes || length <= MAX_CHARACTER_BYTES) return { text, length, isBroken };
    limit = Math.min(length - 1, Math.max(1, Math.floor(length * maxBytes / size)));
  }
}

function beyondEnd(offset: number, bytes: Bytes, size: number): string[] {
  return bytes.length > 0 || offset === 0
    ? []
    : [`There is nothing at byte ${offset}: the file has ${size} bytes`];
}
