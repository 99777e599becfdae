/**
 * Paths as texts for people and models: a file's name can hold anything, so nothing of it may look like something else.
 */
import { plainLine } from "../protocol/plain_line.ts";

/** Characters of a path that a message shows; the end tells more than the middle. */
const MAX_SHOWN = 400;

/**
 * Puts a path in double quotes. Control, formatting and broken characters are shown as their codes, and the middle of a
 * very long path is left out, which is said.
 *
 * @example
 * ```ts
 * showPath("a\nb"); // '"a\\u{a}b"'
 * ```
 */
export function showPath(path: string): string {
  const left = path.length - MAX_SHOWN;
  const text = left <= 0
    ? path
    : `${path.slice(0, MAX_SHOWN / 2)}[${left} characters left out]${path.slice(-MAX_SHOWN / 2)}`;
  return `"${plainLine(text)}"`;
}
