/**
 * Cuts the text of a target into operators and words, and words the error for one that cannot be read. Used by `target.ts`
 * alone.
 */
import { plainLine } from "./plain_line.ts";

/** A piece of a target. */
export interface TargetToken {
  readonly kind: "|" | "&" | "," | "!" | "(" | ")" | "word";
  /** As it is written. */
  readonly text: string;
  /** Where it begins, from 0. */
  readonly at: number;
}

/** Characters of a target's text. */
export const MAX_TARGET_CHARACTERS = 4096;
/** Characters of the text that an error shows. */
const MAX_EXCERPT_CHARACTERS = 80;

/**
 * Cuts a text into tokens. White space separates, and means nothing else; a `[` in a word begins a class of a glob, which goes
 * to its `]` whatever is in it.
 *
 * @throws {SyntaxError} If it is too long, a class is not closed, or an operator is written as programming languages do.
 */
export function tokenizeTarget(text: string): TargetToken[] {
  if (text.length > MAX_TARGET_CHARACTERS) {
    throw targetError(text, {
      at: MAX_TARGET_CHARACTERS,
      why: `it has ${text.length} characters, the limit is ${MAX_TARGET_CHARACTERS}`,
    });
  }
  const tokens: TargetToken[] = [];
  for (let at = 0; at < text.length;) {
    const character = text[at] ?? "";
    if (/\s/.test(character)) {
      at++;
      continue;
    }
    const kind = operatorOf(character);
    if (kind === undefined) {
      const end = endOfWord(text, at);
      tokens.push({ kind: "word", text: text.slice(at, end), at });
      at = end;
      continue;
    }
    refuseForeignOperator(text, at);
    tokens.push({ kind, text: character, at });
    at++;
  }
  return tokens;
}

/**
 * Words why a text is no target.
 *
 * @param where - `at` counts from 0, and is shown from 1; `why` quotes nothing of the text that is not made plain
 */
export function targetError(
  text: string,
  { at, why, hint }: { readonly at: number; readonly why: string; readonly hint?: string },
): SyntaxError {
  const rest = hint === undefined ? "" : `; ${hint}`;
  return new SyntaxError(`Cannot read target "${excerpt(text, at)}": ${why} at character ${at + 1}${rest}`);
}

/** Quotes a word of a target for an error. */
export function quoteWord(word: string): string {
  const shown = word.length > 40 ? `${word.slice(0, 40).toWellFormed()}...` : word;
  return `"${plainLine(shown)}"`;
}

function operatorOf(character: string): TargetToken["kind"] | undefined {
  switch (character) {
    case "|":
    case "&":
    case ",":
    case "!":
    case "(":
    case ")":
      return character;
    default:
      return undefined;
  }
}

function endOfWord(text: string, start: number): number {
  let end = start;
  while (end < text.length) {
    const character = text[end] ?? "";
    if (/\s/.test(character) || operatorOf(character) !== undefined) break;
    if (character === "[") {
      const close = text.indexOf("]", end);
      if (close < 0) throw targetError(text, { at: end, why: 'the "[" is not closed' });
      end = close;
    }
    end++;
  }
  return end;
}

function refuseForeignOperator(text: string, at: number): void {
  const pair = text.slice(at, at + 2);
  if (pair === "&&" || pair === "||") {
    const [operator = ""] = pair;
    throw targetError(text, { at, why: `"${pair}" is no operator`, hint: `write "${operator}" once` });
  }
  if (pair === "!=") {
    throw targetError(text, {
      at,
      why: '"!=" is no operator',
      hint: 'write "!" before the term: "!os:linux"',
    });
  }
}

/** The text, or its part round `at` if it is long. */
function excerpt(text: string, at: number): string {
  if (text.length <= MAX_EXCERPT_CHARACTERS) return plainLine(text);
  const start = Math.max(0, Math.min(at - MAX_EXCERPT_CHARACTERS / 2, text.length - MAX_EXCERPT_CHARACTERS));
  const end = start + MAX_EXCERPT_CHARACTERS;
  const part = plainLine(text.slice(start, end));
  return `${start > 0 ? "..." : ""}${part}${end < text.length ? "..." : ""}`;
}
