/**
 * What a binary file seems to be, by its first bytes.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** Bytes from which a guess is made. */
export const MAGIC_BYTES = 512;

/** Images that models can look at. */
export type ImageType = "image/png" | "image/jpeg" | "image/gif" | "image/webp";

/** First bytes as Latin-1 text; "?" stands for any byte. The first that fits wins. */
const MAGIC: readonly (readonly [mimeType: string, pattern: string, offset?: number])[] = [
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff"],
  ["image/gif", "GIF87a"],
  ["image/gif", "GIF89a"],
  ["image/webp", "RIFF????WEBP"],
  ["audio/wav", "RIFF????WAVE"],
  ["video/x-msvideo", "RIFF????AVI "],
  ["application/pdf", "%PDF-"],
  ["application/x-sqlite3", "SQLite format 3\0"],
  ["application/zip", "PK\x03\x04"],
  ["application/zip", "PK\x05\x06"],
  ["application/gzip", "\x1f\x8b"],
  ["application/zstd", "\x28\xb5\x2f\xfd"],
  ["application/x-xz", "\xfd7zXZ\0"],
  ["application/x-bzip2", "BZh?1AY&SY"],
  ["application/x-7z-compressed", "7z\xbc\xaf\x27\x1c"],
  ["application/vnd.rar", "Rar!\x1a\x07"],
  ["application/x-elf", "\x7fELF"],
  ["application/wasm", "\0asm"],
  ["application/java-vm", "\xca\xfe\xba\xbe\0\0"],
  ["application/x-mach-binary", "\xcf\xfa\xed\xfe"],
  ["application/x-mach-binary", "\xca\xfe\xba\xbe"],
  ["application/vnd.microsoft.portable-executable", "MZ?\0"],
  ["application/ogg", "OggS\0"],
  ["audio/flac", "fLaC\0"],
  ["audio/mpeg", "ID3?\0"],
  ["video/mp4", "ftyp", 4],
  ["video/webm", "\x1a\x45\xdf\xa3"],
  ["font/woff2", "wOF2\0"],
  ["font/ttf", "\0\x01\0\0\0"],
  ["image/x-icon", "\0\0\x01\0"],
  ["image/bmp", "BM????\0\0\0\0"],
  ["image/tiff", "II*\0"],
  ["image/tiff", "MM\0*"],
  ["application/x-tar", "ustar", 257],
];

/**
 * Guesses a type.
 *
 * @param head - the first bytes of the file, {@link MAGIC_BYTES} if it has so many
 * @returns a media type, or undefined if the bytes fit none
 */
export function guessMimeType(head: Bytes): string | undefined {
  return MAGIC.find(([, pattern, offset = 0]) =>
    head.length >= offset + pattern.length &&
    [...pattern].every((character, index) =>
      character === "?" || head[offset + index] === character.charCodeAt(0)
    )
  )?.[0];
}

/** Tells whether models can look at files of a type. */
export function isImageType(mimeType: string | undefined): mimeType is ImageType {
  return mimeType !== undefined && /^image\/(?:png|jpeg|gif|webp)$/.test(mimeType);
}
