/**
 * Reads regular expressions of the subset that ripgrep and we understand alike. Whatever means something else in another
 * dialect is refused with what to write instead, never guessed.
 */
import { CharacterSetReader } from "./parse_set.ts";
import { ANY, choice, literal, NOTHING, type Pattern, repeat, sequence } from "./pattern.ts";

/** Most groups within each other. */
const MAX_DEPTH = 50;
/** Largest number in a counted repetition. */
const MAX_COUNT = 1000;

/** A pattern as it was read. */
export interface Expression {
  readonly pattern: Pattern;
  /** True if it began with `(?i)`. */
  readonly ignoresCase: boolean;
  /** Whether a letter is written in upper case, which makes "smart" searches case-sensitive. */
  readonly hasUpperCase: boolean;
}

/**
 * Reads a regular expression.
 *
 * @throws {SyntaxError} If it cannot be read, or is outside the subset; the message says what and why.
 */
export function parseExpression(text: string): Expression {
  const flags = /^\(\?([ims]+)\)/.exec(text);
  const reader = new ExpressionReader(flags === null ? text : text.slice(flags[0].length));
  const pattern = reader.readAll();
  return {
    pattern,
    ignoresCase: flags?.[1]?.includes("i") ?? false,
    hasUpperCase: reader.hasUpperCase,
  };
}

/** Whether `text` has a letter that is upper case. */
export function hasUpperCase(text: string): boolean {
  return text !== text.toLowerCase();
}

const LOOK_AROUND =
  "look-around is not supported: search for the simpler pattern and look at the lines found";

class ExpressionReader extends CharacterSetReader {
  #depth = 0;

  readAll(): Pattern {
    const pattern = this.#readChoice();
    if (this.at < this.characters.length) {
      this.fail('there is a ")" without its "("; write \\) for the character');
    }
    return pattern;
  }

  #readChoice(): Pattern {
    if (++this.#depth > MAX_DEPTH) this.fail(`there are more than ${MAX_DEPTH} groups within each other`);
    const options = [this.#readSequence()];
    while (this.take("|")) options.push(this.#readSequence());
    this.#depth--;
    return choice(options);
  }

  #readSequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.at < this.characters.length && this.peek() !== "|" && this.peek() !== ")") {
      const atom = this.#readAtom();
      parts.push(this.#readRepeat(atom));
    }
    return parts.length === 0 ? NOTHING : sequence(mergeTexts(parts));
  }

  #readAtom(): Pattern {
    const character = this.next();
    switch (character) {
      case "(":
        return this.#readGroup();
      case "[":
        return { kind: "set", set: this.readSet() };
      case ".":
        return ANY;
      case "^":
        return { kind: "place", place: "start" };
      case "$":
        return { kind: "place", place: "end" };
      case "\\":
        return this.#readEscape();
      case "*":
      case "+":
      case "?":
        return this.fail(
          `there is nothing before "${character}" to repeat; write \\${character} for the character`,
        );
      default:
        this.note(character);
        return literal(character);
    }
  }

  #readGroup(): Pattern {
    if (this.take("?")) {
      if (this.take("=") || this.take("!")) this.fail(LOOK_AROUND);
      const isNamed = this.take("P") ? this.take("<") : this.take("<");
      if (isNamed) {
        if (this.peek() === "=" || this.peek() === "!") this.fail(LOOK_AROUND);
        while (!this.take(">")) {
          if (!/^\w$/.test(this.next())) this.fail("the name of a group has letters, digits and _ only");
        }
      } else if (!this.take(":")) {
        this.fail('only (...), (?:...) and, at the very beginning, (?i) are supported after "(?"');
      }
    }
    const inner = this.#readChoice();
    if (!this.take(")")) this.fail('a "(" is not closed; write \\( for the character');
    return inner;
  }

  #readEscape(): Pattern {
    if (this.take("b")) return { kind: "place", place: "wordEdge" };
    if (this.take("B")) return { kind: "place", place: "notWordEdge" };
    const escaped = this.readEscape();
    if (typeof escaped !== "string") {
      return { kind: "set", set: { ...escaped, source: `[${escaped.source}]` } };
    }
    this.note(escaped);
    return literal(escaped);
  }

  #readRepeat(atom: Pattern): Pattern {
    const counts = this.#readCounts();
    if (counts === undefined) return atom;
    if (atom.kind === "place") this.fail("a place such as ^ or \\b cannot be repeated");
    this.take("?"); // A lazy repetition finds the same lines, from the same column.
    if (/^[*+?]$/.test(this.peek())) this.fail("a repetition cannot be repeated; put it into a group");
    return repeat(atom, ...counts);
  }

  #readCounts(): [number, number?] | undefined {
    if (this.take("*")) return [0];
    if (this.take("+")) return [1];
    if (this.take("?")) return [0, 1];
    if (this.peek() !== "{") return undefined;
    const counted = /^\{(\d{1,9})(?:(,)(\d{0,9}))?\}/.exec(
      this.characters.slice(this.at, this.at + 24).join(""),
    );
    // As in `main() {`: what is no repetition stands for itself.
    if (counted === null) return undefined;
    this.at += counted[0].length;
    const min = Number(counted[1]);
    const max = counted[2] === undefined ? min : counted[3] === "" ? undefined : Number(counted[3]);
    if (Math.max(min, max ?? 0) > MAX_COUNT) {
      this.fail(`"${counted[0]}" repeats more than ${MAX_COUNT} times`);
    }
    if (max !== undefined && max < min) this.fail(`the numbers of "${counted[0]}" are in the wrong order`);
    return max === undefined ? [min] : [min, max];
  }
}

/** Joins neighbouring texts, so that long literals can be seen as such. */
function mergeTexts(parts: readonly Pattern[]): Pattern[] {
  const merged: Pattern[] = [];
  for (const part of parts) {
    const last = merged.at(-1);
    if (part.kind === "text" && last?.kind === "text") {
      merged[merged.length - 1] = literal(last.text + part.text);
    } else merged.push(part);
  }
  return merged;
}
