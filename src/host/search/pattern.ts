/**
 * Patterns as trees: what a regular expression, a literal or a glob means, apart from how it was written. One tree is run by
 * every engine, so that all of them find the same.
 */

/** A place between two characters that a pattern asks for. */
export type Place = "start" | "end" | "wordEdge" | "notWordEdge" | "afterNoWord" | "beforeNoWord";

/** A pattern. */
export type Pattern =
  | { readonly kind: "text"; readonly text: string }
  /** One character out of a set. */
  | { readonly kind: "set"; readonly set: CharacterSet }
  | { readonly kind: "place"; readonly place: Place }
  | { readonly kind: "sequence"; readonly parts: readonly Pattern[] }
  | { readonly kind: "choice"; readonly options: readonly Pattern[] }
  /** `of` at least `min` times; `max` undefined is without end. */
  | { readonly kind: "repeat"; readonly of: Pattern; readonly min: number; readonly max: number | undefined };

/** A set of characters. */
export interface CharacterSet {
  /** A class of a JavaScript expression with the flag `v`, with its brackets. */
  readonly source: string;
  /** True if it is known that it has ASCII characters only. */
  readonly isAscii: boolean;
}

/** Matches no character and always. */
export const NOTHING: Pattern = { kind: "sequence", parts: [] };

/** The inside of a class: the characters of words, as Unicode's annex 18 defines them. */
export const WORD = "\\p{Alphabetic}\\p{M}\\p{Nd}\\p{Pc}\\p{Join_Control}";

/** Any character; what is searched is one line, so it has no line feed. */
export const ANY: Pattern = { kind: "set", set: { source: "[^]", isAscii: false } };

/** A literal text. */
export function literal(text: string): Pattern {
  return { kind: "text", text };
}

/** `parts` one after the other. */
export function sequence(parts: readonly Pattern[]): Pattern {
  const [only] = parts;
  return parts.length === 1 && only !== undefined ? only : { kind: "sequence", parts };
}

/** One of `options`. */
export function choice(options: readonly Pattern[]): Pattern {
  const [only] = options;
  return options.length === 1 && only !== undefined ? only : { kind: "choice", options };
}

/** `of` at least `min` and at most `max` times. */
export function repeat(of: Pattern, min: number, max?: number): Pattern {
  return { kind: "repeat", of, min, max };
}

/** `pattern` as a whole word: no word character right before or after it. */
export function wholeWord(pattern: Pattern): Pattern {
  return sequence([
    { kind: "place", place: "afterNoWord" },
    pattern,
    { kind: "place", place: "beforeNoWord" },
  ]);
}

/** `pattern` over the whole of what is tested. */
export function wholeText(pattern: Pattern): Pattern {
  return sequence([{ kind: "place", place: "start" }, pattern, { kind: "place", place: "end" }]);
}

/** Writes one character so that it stands for itself, within a class and outside. */
export function quoteCharacter(character: string): string {
  if (/^[A-Za-z0-9_]$/.test(character)) return character;
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`;
}

const PLACES: Readonly<Record<Place, string>> = {
  start: "^",
  end: "$",
  wordEdge: `(?:(?<=[${WORD}])(?![${WORD}])|(?<![${WORD}])(?=[${WORD}]))`,
  notWordEdge: `(?:(?<=[${WORD}])(?=[${WORD}])|(?<![${WORD}])(?![${WORD}]))`,
  afterNoWord: `(?<![${WORD}])`,
  beforeNoWord: `(?![${WORD}])`,
};

/** Writes a pattern as a JavaScript expression for the flag `v`. */
export function toSource(pattern: Pattern): string {
  switch (pattern.kind) {
    case "text":
      return Array.from(pattern.text, quoteCharacter).join("");
    case "set":
      return pattern.set.source;
    case "place":
      return PLACES[pattern.place];
    case "sequence":
      return pattern.parts.map(toSource).join("");
    case "choice":
      return `(?:${pattern.options.map(toSource).join("|")})`;
    case "repeat":
      return `(?:${toSource(pattern.of)}){${pattern.min},${pattern.max ?? ""}}`;
  }
}

/**
 * Finds a text that every match contains, so that what does not contain it need not be looked at.
 *
 * @param ignoresCase - then characters that have upper and lower case are left out of it
 * @returns the longest such text that is easy to see; empty if there is none
 */
export function neededText(pattern: Pattern, ignoresCase: boolean): string {
  switch (pattern.kind) {
    case "text":
      return ignoresCase ? longest(pattern.text.split(CASED)) : pattern.text;
    case "sequence": {
      const runs: string[] = [""];
      for (const part of pattern.parts) {
        if (part.kind === "text" && !ignoresCase) runs[runs.length - 1] += part.text;
        else if (part.kind !== "place") runs.push(neededText(part, ignoresCase), "");
      }
      return longest(runs);
    }
    case "repeat":
      return pattern.min > 0 ? neededText(pattern.of, ignoresCase) : "";
    default:
      return "";
  }
}

/** Letters, and whatever else may have another form in another case. */
const CASED = /[\p{L}\p{M}\p{N}\p{So}\p{Changes_When_Casefolded}\p{Changes_When_Casemapped}]+/u;

function longest(texts: readonly string[]): string {
  return texts.reduce((best, text) => text.length > best.length ? text : best, "");
}

/** The least number of characters that a match has. */
export function leastLength(pattern: Pattern): number {
  switch (pattern.kind) {
    case "text":
      return Array.from(pattern.text).length;
    case "set":
      return 1;
    case "place":
      return 0;
    case "sequence":
      return pattern.parts.reduce((sum, part) => sum + leastLength(part), 0);
    case "choice":
      return Math.min(...pattern.options.map(leastLength));
    case "repeat":
      return pattern.min * leastLength(pattern.of);
  }
}
