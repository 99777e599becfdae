/**
 * Checks that bytes are one JSON value (RFC 8259) as they come, however long it is, in memory that only grows with its depth.
 */

/** How deep arrays and objects may lie in each other. */
const MAX_DEPTH = 10_000;

/** Checks one value. */
export interface JsonCheck {
  /** Takes the next bytes. @throws {SyntaxError} If they cannot go on like this. */
  push(bytes: Uint8Array): void;
  /** @throws {SyntaxError} If the value is not whole. */
  end(): void;
}

/** What may come next. */
type State =
  | "value"
  | "value or ]"
  | "key"
  | "key or }"
  | "colon"
  | "after value"
  | "string"
  | "escape"
  | "hex"
  | "word"
  | NumberState;
/** Where in a number: which bytes may follow, and whether it may end there. */
type NumberState = "minus" | "zero" | "integer" | "point" | "fraction" | "e" | "sign" | "exponent";

const DIGITS = "0123456789";
const NUMBER: Readonly<Record<NumberState, readonly (readonly [bytes: string, next: NumberState])[]>> = {
  minus: [["0", "zero"], ["123456789", "integer"]],
  zero: [[".", "point"], ["eE", "e"]],
  integer: [[DIGITS, "integer"], [".", "point"], ["eE", "e"]],
  point: [[DIGITS, "fraction"]],
  fraction: [[DIGITS, "fraction"], ["eE", "e"]],
  e: [["+-", "sign"], [DIGITS, "exponent"]],
  sign: [[DIGITS, "exponent"]],
  exponent: [[DIGITS, "exponent"]],
};
const WHOLE_NUMBERS: ReadonlySet<State> = new Set<State>(["zero", "integer", "fraction", "exponent"]);
const WORDS: Readonly<Record<string, string>> = { t: "rue", f: "alse", n: "ull" };
const QUOTE = 34;
const BACKSLASH = 92;

/** Makes a check. */
export function createJsonCheck(): JsonCheck {
  let state: State = "value";
  /** What is open: `[` or `{`. */
  const open: ("[" | "{")[] = [];
  let isKey = false;
  let hexLeft = 0;
  let word = "";
  let position = 0;

  const fail = (): never => {
    throw new SyntaxError(`Cannot read as JSON: it goes wrong at byte ${position}`);
  };
  const begin = (character: string): void => {
    if (character === '"') state = "string";
    else if (character === "[" || character === "{") {
      if (open.length >= MAX_DEPTH) fail();
      open.push(character);
      state = character === "[" ? "value or ]" : "key or }";
    } else if (character === "-") state = "minus";
    else if (character === "0") state = "zero";
    else if (character >= "1" && character <= "9") state = "integer";
    else {
      const rest = WORDS[character];
      if (rest === undefined) fail();
      word = rest ?? "";
      state = "word";
    }
  };
  const close = (bracket: "[" | "{"): void => {
    if (open.pop() !== bracket) fail();
    state = "after value";
  };
  const beginKey = (character: string): void => {
    if (character !== '"') fail();
    isKey = true;
    state = "string";
  };
  /** Takes a byte that is not within a string, a word or a number. */
  const structure = (character: string): void => {
    if (" \t\n\r".includes(character)) return;
    switch (state) {
      case "value":
        return begin(character);
      case "value or ]":
        return character === "]" ? close("[") : begin(character);
      case "key":
        return beginKey(character);
      case "key or }":
        return character === "}" ? close("{") : beginKey(character);
      case "colon":
        if (character !== ":") fail();
        state = "value";
        return;
      default:
        if (character === "]") return close("[");
        if (character === "}") return close("{");
        if (character !== "," || open.length === 0) fail();
        state = open.at(-1) === "{" ? "key" : "value";
    }
  };
  const take = (byte: number): void => {
    const character = String.fromCharCode(byte);
    switch (state) {
      case "string":
        if (byte === QUOTE) {
          state = isKey ? "colon" : "after value";
          isKey = false;
        } else if (byte === BACKSLASH) state = "escape";
        else if (byte < 0x20) fail();
        return;
      case "escape":
        if (!'"\\/bfnrtu'.includes(character)) fail();
        hexLeft = 4;
        state = character === "u" ? "hex" : "string";
        return;
      case "hex":
        if (!/[0-9a-f]/i.test(character)) fail();
        if (--hexLeft === 0) state = "string";
        return;
      case "word":
        if (character !== word[0]) fail();
        word = word.slice(1);
        if (word === "") state = "after value";
        return;
      case "value":
      case "value or ]":
      case "key":
      case "key or }":
      case "colon":
      case "after value":
        return structure(character);
      default: {
        const next = NUMBER[state].find(([bytes]) => bytes.includes(character));
        if (next !== undefined) {
          state = next[1];
          return;
        }
        if (!WHOLE_NUMBERS.has(state)) fail();
        state = "after value";
        structure(character);
      }
    }
  };
  return {
    push(bytes) {
      for (let i = 0; i < bytes.length; i++) {
        const byte = bytes[i] ?? 0;
        position++;
        // Most of most JSON is within strings.
        if (state === "string" && byte !== QUOTE && byte !== BACKSLASH && byte >= 0x20) continue;
        take(byte);
      }
    },
    end() {
      const isWhole = state === "after value" || WHOLE_NUMBERS.has(state);
      if (!isWhole || open.length > 0) {
        throw new SyntaxError(`Cannot read as JSON: it ends after ${position} bytes and is not whole`);
      }
    },
  };
}
