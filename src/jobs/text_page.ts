/**
 * Turns a stretch of a stream of bytes into text: cut between characters, and saying what was not UTF-8. Pure; output of
 * jobs is shown through it.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { incompleteEnd } from "../host/output_ends.ts";

// Byte order marks are part of what the command wrote, so they stay.
const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** A stretch as text. */
export interface TextPage {
  readonly text: string;
  /** How many of the bytes the text is: all, or up to 3 fewer if they end within a character. */
  readonly bytes: number;
  readonly invalidUtf8: boolean;
}

/**
 * Reads bytes as UTF-8.
 *
 * @param isLast - whether nothing comes after them, so that a character that is cut off will never be whole
 */
export function textPage(bytes: Bytes, { isLast }: { readonly isLast: boolean }): TextPage {
  const whole = isLast ? bytes : bytes.subarray(0, bytes.length - incompleteEnd(bytes));
  try {
    return { text: strictDecoder.decode(whole), bytes: whole.length, invalidUtf8: false };
  } catch {
    // Not UTF-8: shown with replacement characters, and said so.
    return { text: lenientDecoder.decode(whole), bytes: whole.length, invalidUtf8: true };
  }
}

/**
 * Shares the room of an answer between two outputs: each gets half, and what one does not need goes to the other.
 *
 * @param available - bytes that could be shown of each
 */
export function shareRoom(
  maxBytes: number,
  available: { readonly stdout: number; readonly stderr: number },
): { readonly stdout: number; readonly stderr: number } {
  const half = Math.floor(maxBytes / 2);
  const stderr = Math.min(available.stderr, Math.max(half, maxBytes - available.stdout));
  return { stdout: Math.min(available.stdout, maxBytes - stderr), stderr };
}
