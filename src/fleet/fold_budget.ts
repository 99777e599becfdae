/**
 * What a text costs a model, and how it is made to cost less, by leaving out its middle. Used by `fold.ts`.
 */
import { plainLine, plainLines } from "../protocol/plain_line.ts";

/** Characters of ASCII that one token is taken for. English has four and more, code and numbers about three. */
export const CHARACTERS_PER_TOKEN = 3.5;
/** Characters of the code by which a character is shown that must not be shown itself, such as `\u{1b}`. */
const CODE_CHARACTERS = 8;
/** Least share of a cut beginning or end that is kept when it is cut at a line's end. */
const KEPT_SHARE = 0.5;

/** A text whose middle may be left out. All of it can be shown: no control characters but line feeds and tabs. */
export interface CutText {
  /** The text, or its beginning. */
  readonly text: string;
  /** Its end, if something between was left out. */
  readonly end?: string;
  /** Characters (UTF-16 units) of the original that were left out. */
  readonly omittedCharacters: number;
}

/**
 * Estimates what a text costs a model, rather too much than too little: a token for 3.5 ASCII characters and one for any other
 * code point. Real tokenizers differ, and none is at hand.
 */
export function estimateTokens(text: string): number {
  let others = 0;
  let units = 0;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    if (unit < 0x80) continue;
    others++;
    units++;
    if (isHigh(unit) && isLow(text.charCodeAt(i + 1))) {
      i++;
      units++;
    }
  }
  return Math.ceil((text.length - units) / CHARACTERS_PER_TOKEN + others);
}

/**
 * Shows a text in at most so many tokens: all of it, or its beginning and end, cut between lines where that costs little.
 *
 * @param tokens - 0 leaves out everything
 */
export function cutMiddle(text: string, tokens: number): CutText {
  // No character costs less than one of ASCII: what is longer need not be looked at.
  if (text.length <= tokens * CHARACTERS_PER_TOKEN) {
    const shown = plainLines(text);
    if (estimateTokens(shown) <= tokens) return { text: shown, omittedCharacters: 0 };
  }
  const headEnd = atLineEnd(text, reach(text, { tokens: tokens / 2, step: 1 }));
  const tailStart = Math.max(headEnd, atLineStart(text, reach(text, { tokens: tokens / 2, step: -1 })));
  if (tailStart === headEnd) return { text: plainLines(text), omittedCharacters: 0 };
  return {
    text: plainLines(text.slice(0, headEnd).replace(/\n$/, "")),
    ...(tailStart === text.length ? {} : { end: plainLines(text.slice(tailStart)) }),
    omittedCharacters: tailStart - headEnd,
  };
}

/** Shows a foreign text as a piece of one line, cut at its end. */
export function cutLine(text: string, tokens: number): string {
  const line = text.length <= tokens * CHARACTERS_PER_TOKEN ? plainLine(text) : undefined;
  if (line !== undefined && estimateTokens(line) <= tokens) return line;
  return `${plainLine(text.slice(0, reach(text, { tokens: tokens - 2, step: 1 })))}[...]`;
}

/** Finds the largest number that fits, where smaller ones fit better; `least` is taken to fit. */
export function largestFitting(
  { least, most, fits }: {
    readonly least: number;
    readonly most: number;
    readonly fits: (value: number) => boolean;
  },
): number {
  if (most <= least || fits(most)) return Math.max(least, most);
  let [good, bad] = [least, most];
  while (bad - good > 1) {
    const middle = Math.floor((good + bad) / 2);
    if (fits(middle)) good = middle;
    else bad = middle;
  }
  return good;
}

/** How far a text can be shown from its beginning (step 1) or end (-1): an index between two code points. */
function reach(text: string, { tokens, step }: { readonly tokens: number; readonly step: 1 | -1 }): number {
  let index = step === 1 ? 0 : text.length;
  let left = tokens;
  while (step === 1 ? index < text.length : index > 0) {
    const isPair = step === 1
      ? isHigh(text.charCodeAt(index)) && isLow(text.charCodeAt(index + 1))
      : isLow(text.charCodeAt(index - 1)) && isHigh(text.charCodeAt(index - 2));
    const next = index + step * (isPair ? 2 : 1);
    left -= costOf(text.slice(Math.min(index, next), Math.max(index, next)));
    if (left < 0) break;
    index = next;
  }
  return index;
}

function costOf(character: string): number {
  const code = character.charCodeAt(0);
  if ((code >= 0x20 && code < 0x7f) || code === 0x0a || code === 0x09) return 1 / CHARACTERS_PER_TOKEN;
  const isShown = code >= 0x80 && plainLine(character) === character;
  return isShown ? 1 : CODE_CHARACTERS / CHARACTERS_PER_TOKEN;
}

function atLineEnd(text: string, index: number): number {
  if (index === text.length) return index;
  const end = text.lastIndexOf("\n", index - 1) + 1;
  return index > 0 && end > index * KEPT_SHARE ? end : index;
}

function atLineStart(text: string, index: number): number {
  if (index === 0 || text[index - 1] === "\n") return index;
  const found = text.indexOf("\n", index);
  const start = found === -1 ? text.length : found + 1;
  return text.length - start > (text.length - index) * KEPT_SHARE ? start : index;
}

function isHigh(unit: number): boolean {
  return unit >= 0xd800 && unit < 0xdc00;
}

function isLow(unit: number): boolean {
  return unit >= 0xdc00 && unit < 0xe000;
}
