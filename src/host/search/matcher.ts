/**
 * Finds a pattern in lines and names: by JavaScript's own matching where that is sure to be quick, by the machine that is
 * never slow elsewhere.
 */
import { compile, type Program, Scan } from "./machine.ts";
import { neededText, type Pattern, toSource } from "./pattern.ts";

/** Steps that JavaScript's matching may need at worst for one text; some tens of milliseconds. */
const MAX_STEPS = 20_000_000;
/** Steps that the machine takes in one go. */
const SLICE_STEPS = 500_000;

/** What bounds a long search. */
export interface SearchBounds {
  /** Called now and then; it may throw to end the search. */
  readonly breathe: () => Promise<void>;
  /** True ends the search as if there were nothing. */
  readonly isOver: () => boolean;
}

const SURROGATE = /[\uD800-\uDFFF]/;

/** A pattern made ready. */
export class Matcher {
  readonly pattern: Pattern;
  readonly ignoresCase: boolean;
  /** What every matching text contains; empty if unknown. */
  readonly needed: string;
  /** UTF-16 units up to which JavaScript's matching is quick. */
  readonly quickUnits: number;
  readonly #expression: RegExp;
  readonly #asksForWords: boolean;
  readonly #program: Program;

  /** @throws {SyntaxError} If the pattern is too large. */
  constructor(pattern: Pattern, { ignoresCase = false }: { readonly ignoresCase?: boolean } = {}) {
    this.pattern = pattern;
    this.ignoresCase = ignoresCase;
    this.needed = neededText(pattern, ignoresCase);
    this.#program = compile(pattern, ignoresCase);
    this.#expression = new RegExp(toSource(pattern), ignoresCase ? "vi" : "v");
    this.quickUnits = quickLength(pattern);
    this.#asksForWords = asksForWords(pattern);
  }

  /**
   * Returns where the first match in `text` begins, or -1.
   */
  find(text: string, bounds: SearchBounds): number | Promise<number> {
    if (this.#isQuick(text)) return this.#expression.exec(text)?.index ?? -1;
    return this.#scan(text, bounds);
  }

  /** Whether a short text, such as a path, has a match. */
  test(text: string): boolean {
    if (this.#isQuick(text)) return this.#expression.test(text);
    return (new Scan(this.#program, text).advance(Infinity) ?? -1) >= 0;
  }

  #isQuick(text: string): boolean {
    // JavaScript would find such places within a character that has two units.
    return text.length <= this.quickUnits && !(this.#asksForWords && SURROGATE.test(text));
  }

  async #scan(text: string, { breathe, isOver }: SearchBounds): Promise<number> {
    const scan = new Scan(this.#program, text);
    const characters = Math.ceil(SLICE_STEPS / this.#program.instructions.length);
    while (!isOver()) {
      const found = scan.advance(characters);
      if (found !== undefined) return found;
      await breathe();
    }
    return -1;
  }
}

function asksForWords(pattern: Pattern): boolean {
  switch (pattern.kind) {
    case "place":
      return pattern.place !== "start" && pattern.place !== "end";
    case "sequence":
      return pattern.parts.some(asksForWords);
    case "choice":
      return pattern.options.some(asksForWords);
    case "repeat":
      return asksForWords(pattern.of);
    default:
      return false;
  }
}

/** The longest text for which `length` starts with as many ways each as there can be stay within the steps. */
function quickLength(pattern: Pattern): number {
  let [low, high] = [0, MAX_STEPS];
  while (low < high) {
    const length = Math.ceil((low + high) / 2);
    if (length * ways(pattern, length) <= MAX_STEPS) low = length;
    else high = length - 1;
  }
  return low;
}

/** In how many ways at most a pattern can match from one place of a text of `length`: what backtracking may have to try. */
function ways(pattern: Pattern, length: number): number {
  switch (pattern.kind) {
    case "text":
    case "set":
    case "place":
      return 1;
    case "sequence":
      return pattern.parts.reduce((product, part) => product * ways(part, length), 1);
    case "choice":
      return pattern.options.reduce((sum, option) => sum + ways(option, length), 0);
    case "repeat": {
      const { of, min, max } = pattern;
      const isSingle = of.kind === "set" || (of.kind === "text" && of.text.length === 1);
      if (isSingle) return Math.min(length, (max ?? Infinity) - min) + 1;
      const once = ways(of, length);
      // Each further time multiplies; without an end it may be anything.
      return max === undefined ? (length === 0 ? 1 : Infinity) : (max - min + 1) * once ** max;
    }
  }
}
