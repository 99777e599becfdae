/**
 * Foreign text as a piece of one line: names of files, branches and people can hold anything, and none of it may look like
 * a line of ours or steer a terminal.
 */

/**
 * Shows control, formatting and broken characters as their codes.
 *
 * @example
 * ```ts
 * plainLine("main\n2 files"); // "main\\u{a}2 files"
 * ```
 */
export function plainLine(text: string): string {
  return escape(text, UNSAFE);
}

/** The same for a line of a file: tabs stay. */
export function plainLineWithTabs(text: string): string {
  return escape(text, UNSAFE_BUT_TABS);
}

/** The same for a text of several lines: line feeds and tabs stay. */
export function plainLines(text: string): string {
  return escape(text, UNSAFE_BUT_LINES);
}

const UNSAFE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSAFE_BUT_TABS = /(?!\t)[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;
const UNSAFE_BUT_LINES = /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

function escape(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
