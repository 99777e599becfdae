/**
 * Reads globs: `*`, `?`, classes, `**` for any folders, and, where they are wanted, alternatives in braces.
 */
import { CharacterSetReader } from "./parse_set.ts";
import { type CharacterSet, choice, literal, type Pattern, repeat, sequence, wholeText } from "./pattern.ts";

/** Most braces within each other. */
const MAX_DEPTH = 10;
const NO_SLASH: CharacterSet = { source: "[^\\u{2f}]", isAscii: false };
const ANY: Pattern = { kind: "set", set: { source: "[^]", isAscii: false } };

/** How a glob is read. */
export interface GlobOptions {
  /** Whether `{a,b}` stands for either; ignore files know no braces. @default true */
  readonly hasBraces?: boolean;
}

/**
 * Reads a glob, which must match the whole of a path with slashes. `*`, `?` and classes never match a slash; `**` is special
 * only as a whole part of a path, and a trailing one stands for everything below. Names that begin with a dot are matched like
 * all others.
 *
 * @throws {SyntaxError} If it cannot be read.
 */
export function parseGlob(glob: string, { hasBraces = true }: GlobOptions = {}): Pattern {
  const reader = new GlobReader(glob, hasBraces);
  return wholeText(reader.readAll());
}

class GlobReader extends CharacterSetReader {
  readonly #hasBraces: boolean;
  #depth = 0;

  constructor(glob: string, hasBraces: boolean) {
    super(glob);
    this.#hasBraces = hasBraces;
  }

  readAll(): Pattern {
    return this.#readSequence();
  }

  #readSequence(): Pattern {
    const parts: Pattern[] = [];
    while (this.at < this.characters.length) {
      if (this.#depth > 0 && (this.peek() === "," || this.peek() === "}")) break;
      parts.push(this.#readPart());
    }
    return sequence(parts);
  }

  #readPart(): Pattern {
    const before = this.characters[this.at - 1];
    const character = this.next();
    switch (character) {
      case "*":
        return this.#readStars(before);
      case "?":
        return { kind: "set", set: NO_SLASH };
      case "[":
        return this.#readClass();
      case "{":
        return this.#hasBraces && this.#hasAlternatives() ? this.#readBraces() : literal(character);
      case "\\":
        return literal(this.next());
      default:
        return literal(character);
    }
  }

  /** Reads one or more stars. */
  #readStars(before: string | undefined): Pattern {
    let count = 1;
    while (this.take("*")) count++;
    const startsPart = before === undefined || before === "/" || (this.#depth > 0 && /^[{,]$/.test(before));
    const endsPart = this.at >= this.characters.length || (this.#depth > 0 && /^[,}]$/.test(this.peek()));
    if (count === 2 && startsPart && this.peek() === "/") {
      this.at++;
      return repeat(sequence([repeat(ANY, 0), literal("/")]), 0, 1);
    }
    if (count === 2 && startsPart && endsPart) return repeat(ANY, 1);
    return repeat({ kind: "set", set: NO_SLASH }, 0);
  }

  #readClass(): Pattern {
    // Globs negate with "!" as well, and "]" may come first.
    if (this.peek() === "!") {
      this.at++;
      return this.#classOf(this.readSet(), true);
    }
    const isNegated = this.peek() === "^";
    if (isNegated) this.at++;
    return this.#classOf(this.readSet(), isNegated);
  }

  #classOf({ source, isAscii }: CharacterSet, isNegated: boolean): Pattern {
    return {
      kind: "set",
      set: isNegated
        ? { source: `[${NO_SLASH.source}--${source}]`, isAscii: false }
        : { source: `[${source}--[\\u{2f}]]`, isAscii },
    };
  }

  #readBraces(): Pattern {
    if (++this.#depth > MAX_DEPTH) this.fail(`there are more than ${MAX_DEPTH} braces within each other`);
    const options: Pattern[] = [];
    do options.push(this.#readSequence()); while (this.take(","));
    if (!this.take("}")) this.fail('a "{" is not closed; write \\{ for the character');
    this.#depth--;
    return choice(options);
  }

  /** Whether the brace before has a comma and an end; `{a}` stands for itself. */
  #hasAlternatives(): boolean {
    let depth = 0;
    let hasComma = false;
    for (let at = this.at; at < this.characters.length; at++) {
      const character = this.characters[at];
      if (character === "\\") at++;
      else if (character === "{") depth++;
      else if (character === "," && depth === 0) hasComma = true;
      else if (character === "}" && depth-- === 0) return hasComma;
    }
    return false;
  }
}
