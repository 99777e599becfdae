/**
 * Turns a pattern into one over bytes, in the syntax of ripgrep, that matches at least every line that the pattern matches. It
 * may match more, so it only picks the files that are worth reading; encodings, broken bytes, versions of Unicode and the rules
 * of words therefore cannot make results differ.
 */
import { utf8 } from "../../protocol/bytes.ts";
import { characterTest } from "./machine.ts";
import { leastLength, type Pattern, quoteCharacter } from "./pattern.ts";

/** One character that is not ASCII, or what a decoder makes U+FFFD of. */
const WIDE = "[\\x80-\\xff]{1,4}";
const LINE_FEED = 10;
const MAX_LENGTH = 100_000;

/**
 * Writes the pattern for ripgrep, to be used with `--text`.
 *
 * @returns undefined if it would match every line, or is too long to be of use
 */
export function toBytePattern(pattern: Pattern, ignoresCase: boolean): string | undefined {
  if (leastLength(pattern) === 0) return undefined;
  const text = write(pattern, ignoresCase);
  return text.length > MAX_LENGTH ? undefined : `(?-u)${text}`;
}

function write(pattern: Pattern, ignoresCase: boolean): string {
  switch (pattern.kind) {
    case "text":
      return Array.from(pattern.text, (character) => writeCharacter(character, ignoresCase)).join("");
    case "set":
      return `(?:${membersOf(pattern, ignoresCase).alternatives})`;
    case "place":
      return "";
    case "sequence":
      return pattern.parts.map((part) => write(part, ignoresCase)).join("");
    case "choice":
      return `(?:${pattern.options.map((option) => write(option, ignoresCase)).join("|")})`;
    case "repeat": {
      const counts = `{${pattern.min},${pattern.max ?? ""}}`;
      if (pattern.of.kind === "set" && pattern.max === undefined) {
        return `[${membersOf(pattern.of, ignoresCase).bytes}]${counts}`;
      }
      return `(?:${write(pattern.of, ignoresCase)})${counts}`;
    }
  }
}

function writeCharacter(character: string, ignoresCase: boolean): string {
  const code = character.codePointAt(0) ?? 0;
  if (ignoresCase) {
    const set = { source: `[${quoteCharacter(character)}]`, isAscii: code < 128 };
    return `(?:${membersOf({ kind: "set", set }, true).alternatives})`;
  }
  // A decoder may have put U+FFFD in the place of something else.
  if (code === 0xfffd) return WIDE;
  return Array.from(utf8(character), hexByte).join("");
}

/** What a set holds, as alternatives for one character, and as bytes of any number of characters. */
function membersOf(
  { set }: Pattern & { kind: "set" },
  ignoresCase: boolean,
): { readonly alternatives: string; readonly bytes: string } {
  const test = characterTest(set, ignoresCase);
  const ascii = writeRanges((code) => code !== LINE_FEED && test(code));
  // The Kelvin sign and the long s are k and s in another case.
  const isWide = !set.isAscii || (ignoresCase && (test(0x6b) || test(0x73)));
  if (!isWide) return { alternatives: `[${ascii}]`, bytes: ascii };
  return { alternatives: ascii === "" ? WIDE : `[${ascii}]|${WIDE}`, bytes: `${ascii}\\x80-\\xff` };
}

/** Writes the ASCII characters that `has` accepts as ranges of a class. */
function writeRanges(has: (code: number) => boolean): string {
  let text = "";
  for (let code = 0; code < 128; code++) {
    if (!has(code)) continue;
    const first = code;
    while (code < 127 && has(code + 1)) code++;
    text += first === code ? hexByte(code) : `${hexByte(first)}-${hexByte(code)}`;
  }
  return text;
}

function hexByte(byte: number): string {
  return `\\x${byte.toString(16).padStart(2, "0")}`;
}
