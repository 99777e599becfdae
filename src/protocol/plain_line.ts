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
  return escape(text, /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu);
}

/** The same for a text of several lines: line feeds and tabs stay. */
export function plainLines(text: string): string {
  return escape(text, /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu);
}

function escape(text: string, pattern: RegExp): string {
  return text.replaceAll(pattern, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`);
}
