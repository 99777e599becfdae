/**
 * Runs a pattern in time proportional to the text, whatever the pattern: all ways to match go forward together, character by
 * character (Thompson 1968, as Pike wrote it). Slower than JavaScript's own matching, which may need for ever.
 */
import { type CharacterSet, type Pattern, type Place, quoteCharacter, WORD } from "./pattern.ts";

/** Largest program; each step on a character costs at most this much. */
const MAX_INSTRUCTIONS = 4_000;

/** Tells whether a character is meant. */
export type CharacterTest = (code: number) => boolean;

type Instruction =
  | { readonly op: "character"; readonly test: CharacterTest }
  | { readonly op: "place"; readonly place: Place }
  | { readonly op: "split"; first: number; second: number }
  | { readonly op: "jump"; to: number }
  | { readonly op: "match" };

/** A compiled pattern. */
export interface Program {
  readonly instructions: readonly Instruction[];
  /** Whether a match can begin with a character; undefined if one can be empty. */
  readonly canBegin: CharacterTest | undefined;
}

/**
 * Compiles a pattern.
 *
 * @throws {SyntaxError} If it is too large.
 */
export function compile(pattern: Pattern, ignoresCase: boolean): Program {
  const program: Instruction[] = [];
  const tests = new Map<string, CharacterTest>();
  const push = (instruction: Instruction): number => {
    if (program.length >= MAX_INSTRUCTIONS) {
      throw tooLarge();
    }
    return program.push(instruction) - 1;
  };
  const testOf = (source: string): CharacterTest => {
    const known = tests.get(source) ?? characterTest({ source, isAscii: false }, ignoresCase);
    tests.set(source, known);
    return known;
  };
  let visits = 0;
  const emit = (node: Pattern): void => {
    // What is empty makes no instructions, however often it is repeated.
    if (++visits > 10 * MAX_INSTRUCTIONS) throw tooLarge();
    switch (node.kind) {
      case "text":
        for (const character of node.text) {
          push({ op: "character", test: testOf(`[${quoteCharacter(character)}]`) });
        }
        return;
      case "set":
        push({ op: "character", test: testOf(node.set.source) });
        return;
      case "place":
        push({ op: "place", place: node.place });
        return;
      case "sequence":
        node.parts.forEach(emit);
        return;
      case "choice":
        return emitChoice(node.options);
      case "repeat":
        return emitRepeat(node);
    }
  };
  const emitChoice = (options: readonly Pattern[]) => {
    const jumps: { to: number }[] = [];
    options.forEach((option, index) => {
      if (index === options.length - 1) return emit(option);
      const split = { op: "split" as const, first: program.length + 1, second: 0 };
      push(split);
      emit(option);
      const jump = { op: "jump" as const, to: 0 };
      push(jump);
      jumps.push(jump);
      split.second = program.length;
    });
    for (const jump of jumps) jump.to = program.length;
  };
  const emitRepeat = ({ of, min, max }: Pattern & { kind: "repeat" }) => {
    for (let i = 0; i < min; i++) emit(of);
    const splits: { second: number }[] = [];
    const open = () => {
      const split = { op: "split" as const, first: program.length + 1, second: 0 };
      splits.push(split);
      return push(split);
    };
    if (max === undefined) {
      const start = open();
      emit(of);
      push({ op: "jump", to: start });
    } else {
      for (let i = min; i < max; i++) {
        open();
        emit(of);
      }
    }
    for (const split of splits) split.second = program.length;
  };
  emit(pattern);
  push({ op: "match" });
  return { instructions: program, canBegin: beginOf(program) };
}

/** Finds out which characters a match can begin with. */
function beginOf(program: readonly Instruction[]): CharacterTest | undefined {
  const tests = new Set<CharacterTest>();
  const seen = new Set<number>();
  const open = [0];
  for (let index = open.pop(); index !== undefined; index = open.pop()) {
    if (seen.has(index)) continue;
    seen.add(index);
    const instruction = program[index];
    if (instruction?.op === "match") return undefined;
    if (instruction?.op === "character") tests.add(instruction.test);
    else if (instruction?.op === "place") open.push(index + 1);
    else if (instruction?.op === "split") open.push(instruction.first, instruction.second);
    else if (instruction?.op === "jump") open.push(instruction.to);
  }
  const all = [...tests];
  const ascii = Uint8Array.from({ length: 128 }, (_, code) => Number(all.some((test) => test(code))));
  return (code) => code < 128 ? ascii[code] === 1 : all.some((test) => test(code));
}

function tooLarge(): SyntaxError {
  return new SyntaxError("it is too large: repeat less often, or search for a part of it");
}

/** Makes a fast test of one character from a set. */
export function characterTest({ source }: CharacterSet, ignoresCase: boolean): CharacterTest {
  const expression = new RegExp(`^${source}$`, ignoresCase ? "vi" : "v");
  const ascii = Uint8Array.from(
    { length: 128 },
    (_, code) => Number(expression.test(String.fromCharCode(code))),
  );
  let known = new Map<number, boolean>();
  return (code) => {
    if (code < 128) return ascii[code] === 1;
    let answer = known.get(code);
    if (answer === undefined) {
      if (known.size >= 4096) known = new Map();
      answer = expression.test(String.fromCodePoint(code));
      known.set(code, answer);
    }
    return answer;
  };
}

const isWord = characterTest({ source: `[${WORD}]`, isAscii: false }, false);

/** One search for a program's first match in a text; it can be stopped and gone on with. */
export class Scan {
  readonly #program: Program;
  readonly #text: string;
  /** Instructions that wait for the character at `#at`, the preferred ones first, and where each one's match began. */
  #waiting: Int32Array;
  #starts: Int32Array;
  #count = 0;
  /** Those that took it: they are followed before the next character. */
  #taken: Int32Array;
  #takenStarts: Int32Array;
  #takenCount = 0;
  #at = 0;
  #found: number | undefined;
  /** In which round an instruction was followed last. */
  readonly #seen: Int32Array;
  #round = 0;
  readonly #open: number[] = [];

  constructor(program: Program, text: string) {
    this.#program = program;
    this.#text = text;
    const length = program.instructions.length;
    this.#waiting = new Int32Array(length);
    this.#starts = new Int32Array(length);
    this.#taken = new Int32Array(length);
    this.#takenStarts = new Int32Array(length);
    this.#seen = new Int32Array(length);
  }

  /**
   * Goes on for at most `characters` characters.
   *
   * @returns where the first match begins, -1 if there is none, or undefined if there is more to do
   */
  advance(characters: number): number | undefined {
    const { canBegin } = this.#program;
    for (let i = 0; i < characters; i++) {
      const code = this.#text.codePointAt(this.#at);
      this.#round++;
      this.#count = 0;
      for (let way = 0; way < this.#takenCount; way++) {
        // What matched has won over all that come after it.
        if (this.#follow(this.#taken[way] ?? 0, this.#takenStarts[way] ?? 0)) break;
      }
      // A match that begins here is the last choice.
      const begins = this.#found === undefined &&
        (canBegin === undefined || (code !== undefined && canBegin(code)));
      if (begins) this.#follow(0, this.#at);
      if (code === undefined || (this.#found !== undefined && this.#count === 0)) return this.#found ?? -1;
      this.#take(code);
      this.#at += code > 0xffff ? 2 : 1;
    }
    return undefined;
  }

  /** Keeps the ways that accept the character. */
  #take(code: number): void {
    const { instructions } = this.#program;
    let kept = 0;
    for (let way = 0; way < this.#count; way++) {
      const index = this.#waiting[way] ?? 0;
      const instruction = instructions[index];
      if (instruction?.op !== "character" || !instruction.test(code)) continue;
      this.#taken[kept] = index + 1;
      this.#takenStarts[kept] = this.#starts[way] ?? 0;
      kept++;
    }
    this.#takenCount = kept;
  }

  /** Follows a way to the characters it waits for. @returns true if it matched */
  #follow(from: number, start: number): boolean {
    const open = this.#open;
    open.length = 0;
    open.push(from);
    for (let index = open.pop(); index !== undefined; index = open.pop()) {
      if (this.#seen[index] === this.#round) continue;
      this.#seen[index] = this.#round;
      const instruction = this.#program.instructions[index];
      switch (instruction?.op) {
        case "character":
          this.#waiting[this.#count] = index;
          this.#starts[this.#count] = start;
          this.#count++;
          break;
        case "place":
          if (this.#isAt(instruction.place)) open.push(index + 1);
          break;
        case "split":
          open.push(instruction.second, instruction.first);
          break;
        case "jump":
          open.push(instruction.to);
          break;
        case "match":
          this.#found = start;
          return true;
      }
    }
    return false;
  }

  #isAt(place: Place): boolean {
    const text = this.#text;
    const at = this.#at;
    if (place === "start") return at === 0;
    if (place === "end") return at === text.length;
    const after = at < text.length && isWord(text.codePointAt(at) ?? 0);
    if (place === "beforeNoWord") return !after;
    const low = text.charCodeAt(at - 1);
    const code = low >= 0xdc00 && low < 0xe000 && at > 1 ? text.codePointAt(at - 2) ?? low : low;
    const before = at > 0 && isWord(code);
    if (place === "afterNoWord") return !before;
    return (before !== after) === (place === "wordEdge");
  }
}
