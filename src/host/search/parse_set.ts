/**
 * Reads what stands for one character in a regular expression or a glob: classes in brackets, and escapes.
 */
import { type CharacterSet, quoteCharacter, WORD } from "./pattern.ts";

/** Members of a set without brackets, to be put into a class. */
const ESCAPED_SETS: Readonly<Record<string, string>> = {
  d: "\\p{Nd}",
  D: "\\P{Nd}",
  s: "\\p{White_Space}",
  S: "\\P{White_Space}",
  w: WORD,
  W: `[^${WORD}]`,
};

const ESCAPED_CHARACTERS: Readonly<Record<string, string>> = {
  t: "\t",
  r: "\r",
  f: "\f",
  v: "\v",
  a: "\x07",
};

/** POSIX classes, which are ASCII in every dialect we know of. */
const POSIX: Readonly<Record<string, string>> = {
  alnum: "0-9A-Za-z",
  alpha: "A-Za-z",
  ascii: "\\u{0}-\\u{7f}",
  blank: "\\u{9}\\u{20}",
  cntrl: "\\u{0}-\\u{1f}\\u{7f}",
  digit: "0-9",
  graph: "\\u{21}-\\u{7e}",
  lower: "a-z",
  print: "\\u{20}-\\u{7e}",
  punct: "\\u{21}-\\u{2f}\\u{3a}-\\u{40}\\u{5b}-\\u{60}\\u{7b}-\\u{7e}",
  space: "\\u{9}-\\u{d}\\u{20}",
  upper: "A-Z",
  word: "0-9A-Za-z_",
  xdigit: "0-9A-Fa-f",
};

/** Reads a text character by character. */
export class CharacterSetReader {
  readonly characters: readonly string[];
  at = 0;
  hasUpperCase = false;

  constructor(text: string) {
    this.characters = Array.from(text);
  }

  peek(): string {
    return this.characters[this.at] ?? "";
  }

  next(): string {
    const character = this.characters[this.at++];
    return character ?? this.fail("it ends too early");
  }

  take(character: string): boolean {
    if (this.peek() !== character) return false;
    this.at++;
    return true;
  }

  /** Remembers what a literal character says about case. */
  note(character: string): void {
    if (character !== character.toLowerCase()) this.hasUpperCase = true;
  }

  fail(reason: string): never {
    throw new SyntaxError(reason);
  }

  /** Reads what follows a backslash: a character, or the inside of a class. */
  readEscape(): string | CharacterSet {
    const character = this.next();
    const set = ESCAPED_SETS[character];
    if (set !== undefined && Object.hasOwn(ESCAPED_SETS, character)) return { source: set, isAscii: false };
    if (Object.hasOwn(ESCAPED_CHARACTERS, character)) return ESCAPED_CHARACTERS[character] ?? "";
    if (character === "p" || character === "P") return this.#readProperty(character);
    if (character === "x" || character === "u") return this.#readCodePoint(character);
    if (character === "n") this.fail("\\n never matches, as lines are searched one by one");
    if (/^[1-9]$/.test(character) || character === "k") {
      this.fail("references to groups are not supported: they cannot be searched for in bounded time");
    }
    if (character === "<" || character === ">") this.fail(`\\${character} differs between dialects; use \\b`);
    if (!/^[!-\/:-@[-`{-~ ]$/.test(character)) this.fail(`\\${character} is not supported`);
    return character;
  }

  /** Reads a class behind its `[`. */
  readSet(): CharacterSet {
    const isNegated = this.take("^");
    const items: string[] = [];
    let isAscii = !isNegated;
    for (let isFirst = true; isFirst || this.peek() !== "]"; isFirst = false) {
      if (this.at >= this.characters.length) this.fail('a "[" is not closed; write \\[ for the character');
      const item = this.#readItem();
      if (typeof item !== "string") {
        items.push(item.source);
        isAscii &&= item.isAscii;
        continue;
      }
      const last = this.#readRangeEnd(item);
      isAscii &&= (last.codePointAt(0) ?? 0) < 128;
      if ((last.codePointAt(0) ?? 0) < (item.codePointAt(0) ?? 0)) {
        this.fail(`the range "${item}-${last}" is in the wrong order`);
      }
      items.push(item === last ? quoteCharacter(item) : `${quoteCharacter(item)}-${quoteCharacter(last)}`);
    }
    this.at++;
    return { source: `[${isNegated ? "^" : ""}${items.join("")}]`, isAscii };
  }

  #readItem(): string | CharacterSet {
    const character = this.next();
    if (character === "[") {
      if (this.peek() === ":") return this.#readPosix();
      this.fail("a class within a class is not supported; write \\[ for the character");
    }
    if (/^[&~-]$/.test(character) && this.peek() === character) {
      this.fail(
        `"${character}${character}" in a class is not supported; write \\${character} for the character`,
      );
    }
    const item = character === "\\" ? this.readEscape() : character;
    if (typeof item === "string") this.note(item);
    return item;
  }

  #readRangeEnd(first: string): string {
    const after = this.characters[this.at + 1];
    if (this.peek() !== "-" || after === undefined || after === "]") return first;
    this.at++;
    const last = this.#readItem();
    if (typeof last !== "string") return this.fail("a range in a class must end with a character");
    return last;
  }

  #readPosix(): CharacterSet {
    const rest = this.characters.slice(this.at, this.at + 12).join("");
    const found = /^:(\^?)([a-z]+):\]/.exec(rest);
    const set = POSIX[found?.[2] ?? ""];
    if (found === null || set === undefined) {
      return this.fail('a class such as [:alpha:] is not known; write \\[ for the character "["');
    }
    this.at += found[0].length;
    return found[1] === "^" ? { source: `[^${set}]`, isAscii: false } : { source: set, isAscii: true };
  }

  #readProperty(letter: "p" | "P"): CharacterSet {
    let name = this.next();
    if (name === "{") {
      name = "";
      while (!this.take("}")) name += this.next();
    }
    const isPlain = /^\^?[A-Za-z0-9_]+(?:=[A-Za-z0-9_]+)?$/.test(name);
    const isNegated = name.startsWith("^") !== (letter === "P");
    const plain = name.replace("^", "");
    const known = isPlain ? [plain, `Script=${plain}`].find(isProperty) : undefined;
    if (known === undefined) return this.fail(`the Unicode property "${name}" is not known`);
    return { source: `\\${isNegated ? "P" : "p"}{${known}}`, isAscii: false };
  }

  #readCodePoint(letter: "x" | "u"): string {
    const length = letter === "x" ? 2 : 4;
    const rest = this.characters.slice(this.at, this.at + 10).join("");
    const found = /^\{([0-9A-Fa-f]{1,6})\}/.exec(rest) ?? new RegExp(`^([0-9A-Fa-f]{${length}})`).exec(rest);
    const code = parseInt(found?.[1] ?? "", 16);
    if (found === null || code > 0x10ffff || (code >= 0xd800 && code < 0xe000)) {
      return this.fail(`\\${letter} must be followed by the number of a character, as in \\x{41}`);
    }
    this.at += found[0].length;
    if (code === 10) this.fail("a line feed never matches, as lines are searched one by one");
    return String.fromCodePoint(code);
  }
}

function isProperty(name: string): boolean {
  try {
    new RegExp(`[\\p{${name}}]`, "u");
    return true;
  } catch {
    // Not one of a single character.
    return false;
  }
}
