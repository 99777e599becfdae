/**
 * Takes the numbers out of texts, so that outputs of hosts that differ in nothing else are told apart from the odd ones.
 * Used by `fold_groups.ts` and `fold_diff.ts`.
 */

/** Stands for a number that differs. */
export const NUMBER_MARK = "#";

/** Characters of a text in which numbers are looked for; those behind count as part of the text. */
export const MAX_MASKED_CHARACTERS = 64 * 1024;

/** A text without its numbers. */
export interface MaskedText {
  /** The same for two texts exactly if they differ in numbers only. It is for comparing, not for showing. */
  readonly skeleton: string;
  /** The numbers in their order. */
  readonly numbers: readonly string[];
}

/**
 * Takes the numbers out of a text: decimal numbers with the unit that belongs to them, times, addresses, and hexadecimal ids of at
 * least 7 digits (with a digit and a letter each, so that no word is taken for one).
 *
 * @example
 * ```ts
 * takeNumbers("up 3 h").numbers; // ["3 h"]
 * ```
 */
export function takeNumbers(text: string): MaskedText {
  const numbers: string[] = [];
  // What is replaced begins with a mark that is escaped itself, so different texts have different skeletons.
  const skeleton = text.slice(0, MAX_MASKED_CHARACTERS).replaceAll(NUMBER_OR_MARK, (found) => {
    if (found === NUMBER_MARK) return "##";
    numbers.push(found);
    return "#n";
  });
  return { skeleton: skeleton + text.slice(MAX_MASKED_CHARACTERS), numbers };
}

/**
 * Shows a text with marks in place of some of its numbers.
 *
 * @param isMasked - tells it of the number with this index
 */
export function showMasked(text: string, isMasked: (index: number) => boolean): string {
  let index = 0;
  const shown = text.slice(0, MAX_MASKED_CHARACTERS).replaceAll(NUMBER_OR_MARK, (found) => {
    if (found === NUMBER_MARK) return found;
    return isMasked(index++) ? NUMBER_MARK : found;
  });
  return shown + text.slice(MAX_MASKED_CHARACTERS);
}

/** What several hosts said that differs in numbers at most. */
export interface CommonText {
  /** What the first of them said. */
  readonly text: string;
  /** Indexes of the numbers that differ. */
  readonly differing: ReadonlySet<number>;
}

/** Shows what several hosts said, with marks where their numbers differ. */
export function showCommon({ text, differing }: CommonText): string {
  return differing.size === 0 ? text : showMasked(text, (index) => differing.has(index));
}

/**
 * Shows an odd text, with the lines of the usual one in place of those that differ from them only in numbers that differ between the
 * usual hosts too. So a comparison of both tells nothing of them.
 */
export function showAligned(odd: CommonText, usual: CommonText): string {
  if (usual.differing.size === 0 || Math.max(odd.text.length, usual.text.length) > MAX_MASKED_CHARACTERS) {
    return showCommon(odd);
  }
  const usualLines = new Map(
    maskedLines(usual).filter(({ numbers }) => numbers.includes(undefined)).map((
      line,
    ) => [line.skeleton, line]),
  );
  return maskedLines(odd).map(({ skeleton, numbers, shown }) => {
    const line = usualLines.get(skeleton);
    const isUsual = line?.numbers.every((number, i) => number === undefined || number === numbers[i]) ??
      false;
    return isUsual ? line?.shown ?? shown : shown;
  }).join("\n");
}

/** The lines of a text; `undefined` stands for a number that differs. */
function maskedLines(
  { text, differing }: CommonText,
): { skeleton: string; numbers: (string | undefined)[]; shown: string }[] {
  let before = 0;
  return text.split("\n").map((line) => {
    const first = before;
    const { skeleton, numbers } = takeNumbers(line);
    before += numbers.length;
    const isMasked = (index: number) => differing.has(first + index);
    return {
      skeleton,
      numbers: numbers.map((number, index) => isMasked(index) ? undefined : number),
      shown: showMasked(line, isMasked),
    };
  });
}

/*
 * None of these goes back over a text: what is hexadecimal begins where a word does, and nothing repeats inside a repetition
 * without a character that separates. Classes are written out, because ignoring case costs three times as much.
 */
const DIGIT = "[0-9a-fA-F]";
const UUID = `${DIGIT}{8}(?:-${DIGIT}{4}){3}-${DIGIT}{12}`;
const MAC = `${DIGIT}{2}(?::${DIGIT}{2}){5}`;
const HEX = `0x${DIGIT}+|(?=[0-9]*[a-fA-F])(?=[a-fA-F]*[0-9])${DIGIT}{7,}`;
const WORD = `(?<![0-9a-zA-Z])(?:${UUID}|${MAC}|${HEX})(?![0-9a-zA-Z])`;
const TIME = String.raw`\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?(?:Z|[+-]\d\d:?\d\d)?`;
const UNIT = String
  .raw`(?: ?(?:[num\u00b5\u03bc]?s|min|[hd]|[kKmMgGtTpP]i?[bB]?|[bB]|bytes|%)(?![0-9a-zA-Z_]))?`;
const NUMBER_OR_MARK = new RegExp(
  `#|(?=${DIGIT})(?:${WORD}|${TIME}|${String.raw`\d+(?:[.,:]\d+)*`}${UNIT})`,
  "g",
);
