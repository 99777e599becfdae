/**
 * Reads one word of a shell command: what of it is known before it runs, and what the shell fills in. The judge of plan mode and
 * the deny-list both see commands through this.
 */
import type { DoubleQuotedChild, ParsedScript, Word, WordPart } from "unbash";
import { arithmeticProblem } from "./shell_arithmetic.ts";

/** One stretch of a word. Everything but `text` is filled in by the shell when the command runs. */
export type Piece =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "glob"; readonly text: string }
  | { readonly kind: "brace"; readonly text: string }
  | { readonly kind: "tilde"; readonly text: string }
  | { readonly kind: "process"; readonly text: string }
  | { readonly kind: "arithmetic"; readonly text: string }
  | {
    readonly kind: "parameter" | "command";
    readonly text: string;
    readonly quoted: boolean;
    /** The parameter's name, when it is expanded without any operation. */
    readonly name?: string;
  };

/** One word as a program gets it, as far as that is known. */
export interface Arg {
  /** The value; what the shell fills in stands as it is written. */
  readonly text: string;
  /** Whether the value is `text` and nothing else. */
  readonly exact: boolean;
  /** Whether it can become none or several words. */
  readonly many: boolean;
  /** How every value of it begins. */
  readonly start: string;
  readonly pieces: readonly Piece[];
}

/** What a reader of words wants to hear about. */
export interface WordVisitor {
  /** A command or process substitution inside the word; undefined if it could not be parsed. */
  script(script: ParsedScript | undefined): void;
  /** Something in the word that is not understood or not allowed. */
  problem(rule: string, reason: string): void;
  /** Something in the word that bash knows and a plain sh reads in another way. */
  bashOnly(what: string): void;
}

/** Wraps a word that no shell has touched, such as an element of an argv. */
export function literalArg(text: string): Arg {
  return { text, exact: true, many: false, start: text, pieces: [{ kind: "text", text }] };
}

/** Whether a program could take the word for an option (a lone `-` is an operand). */
export function mayBeOption(arg: Arg): boolean {
  if (arg.exact) return arg.text.startsWith("-") && arg.text !== "-";
  return arg.start === "" || arg.start.startsWith("-") || arg.pieces.some(isSplit);
}

/** Whether the shell splits what it fills in: then a word begins in the middle of it. */
function isSplit(piece: Piece): boolean {
  if (piece.kind === "parameter") return !piece.quoted || /[@*]/.test(piece.text);
  return piece.kind === "command" && !piece.quoted;
}

/**
 * Reads a word of a syntax tree.
 *
 * @param visitor Hears of nested scripts and of whatever is not understood.
 */
export function readWord(word: Word, visitor: WordVisitor): Arg {
  const pieces: Piece[] = [];
  if (word.parts === undefined) readBare(word.text, { pieces, visitor, atStart: true });
  else word.parts.forEach((part, index) => readPart(part, { pieces, visitor, atStart: index === 0 }));
  return argOf(pieces);
}

/** Reads the parts of a here-document that expands. */
export function readParts(parts: readonly WordPart[], visitor: WordVisitor): void {
  const pieces: Piece[] = [];
  for (const part of parts) {
    if (part.type === "Literal") checkQuotedText(part.text, visitor);
    else readPart(part, { pieces, visitor, atStart: false });
  }
}

function argOf(pieces: readonly Piece[]): Arg {
  const firstUnknown = pieces.findIndex((piece) => piece.kind !== "text");
  const known = firstUnknown === -1 ? pieces : pieces.slice(0, firstUnknown);
  let start = known.map((piece) => piece.text).join("");
  // What is at the front of a word decides whether it can be an option: a home or a descriptor's path never begins with a dash.
  const next = pieces[known.length];
  if (start === "" && (next?.kind === "tilde" || next?.kind === "process")) start = next.text;
  return {
    text: pieces.map((piece) => piece.text).join(""),
    exact: firstUnknown === -1,
    many: pieces.some(isMany),
    start,
    pieces,
  };
}

function isMany(piece: Piece): boolean {
  switch (piece.kind) {
    case "glob":
    case "brace":
      return true;
    case "parameter":
    case "command":
      return isSplit(piece);
    case "text":
    case "tilde":
    case "process":
    case "arithmetic":
      return false;
  }
}

interface Reading {
  readonly pieces: Piece[];
  readonly visitor: WordVisitor;
  readonly atStart: boolean;
}

function readPart(part: WordPart, reading: Reading): void {
  const { pieces, visitor } = reading;
  switch (part.type) {
    case "Literal":
      return readBare(part.text, reading);
    case "SingleQuoted":
      pieces.push({ kind: "text", text: part.value });
      return;
    case "AnsiCQuoted":
      visitor.bashOnly("a $'...' string");
      if (!/^\$'(?:[^\\']|\\[nt\\'"])*'$/.test(part.text)) {
        visitor.problem("escape", `${part.text} is written with escapes that are not read here`);
      }
      pieces.push({ kind: "text", text: part.value });
      return;
    case "DoubleQuoted":
      if (part.parts.length === 0) pieces.push({ kind: "text", text: "" });
      for (const child of part.parts) readQuoted(child, reading);
      return;
    case "LocaleString":
      visitor.problem("translated-string", "A translated string can hold commands");
      pieces.push({ kind: "parameter", text: part.text, quoted: true });
      return;
    case "Glob":
      pieces.push({ kind: "glob", text: part.text });
      for (const child of part.parts ?? []) readPart(child, { pieces: [], visitor, atStart: false });
      return;
    case "BraceExpansion":
      visitor.bashOnly("a brace expansion");
      if (!/^\{[A-Za-z0-9_.,/-]*\}$/.test(part.text)) {
        visitor.problem("brace-expansion", `The brace expansion ${part.text} holds more than plain text`);
      }
      pieces.push({ kind: "brace", text: part.text });
      return;
    case "ExtendedGlob":
      visitor.problem("extended-glob", `The pattern ${part.text} depends on the settings of the shell`);
      pieces.push({ kind: "glob", text: part.text });
      return;
    case "ProcessSubstitution":
      visitor.bashOnly("a process substitution");
      if (part.operator !== "<") visitor.problem("process-substitution", "Output is sent into a command");
      visitor.script(part.script);
      pieces.push({ kind: "process", text: "/dev/fd/" });
      return;
    case "SimpleExpansion":
    case "ParameterExpansion":
    case "CommandExpansion":
    case "ArithmeticExpansion":
      return readExpansion(part, { ...reading, quoted: false });
    default:
      // The parser may learn new parts; until they are judged here they are not known.
      visitor.problem("unknown-syntax", "A part of a word is not understood");
      pieces.push({ kind: "parameter", text: "", quoted: false });
  }
}

function readQuoted(child: DoubleQuotedChild, reading: Reading): void {
  if (child.type === "Literal") {
    checkQuotedText(child.text, reading.visitor);
    reading.pieces.push({ kind: "text", text: child.value });
    return;
  }
  readExpansion(child, { ...reading, quoted: true });
}

/** Text that is not quoted: the parser's reading of it is checked, since a missed expansion would be a hole. */
function readBare(text: string, { pieces, visitor, atStart }: Reading): void {
  let rest = text;
  if (atStart) {
    const tilde = /^~[^/\\]*/.exec(text);
    if (tilde !== null) {
      pieces.push({ kind: "tilde", text: tilde[0] });
      rest = text.slice(tilde[0].length);
    }
  }
  let plain = "";
  const flush = () => {
    if (plain !== "") pieces.push({ kind: "text", text: plain });
    plain = "";
  };
  for (let at = 0; at < rest.length; at++) {
    const char = rest.charAt(at);
    if (char === "\\") {
      at++;
      const escaped = rest.charAt(at);
      if (escaped === "") visitor.problem("unread-syntax", "A word ends in a backslash");
      else if (escaped === "\n") visitor.problem("line-continuation", "A word goes on in the next line");
      else plain += escaped;
    } else if (char === "*" || char === "?" || (char === "[" && rest.indexOf("]", at) > at)) {
      flush();
      pieces.push({ kind: "glob", text: char });
    } else {
      if (/[`"'<>;&|()\s]/.test(char) || (char === "$" && /[\w({[@*#?$!'"-]/.test(rest.charAt(at + 1)))) {
        visitor.problem(
          "unread-syntax",
          `The word ${JSON.stringify(text)} holds "${char}" in a place that is not read`,
        );
      }
      if (char === "{" && /,|\.\./.test(rest.slice(at))) {
        visitor.problem("unread-syntax", `The word ${JSON.stringify(text)} may be a brace expansion`);
      }
      plain += char;
    }
  }
  flush();
  if (text === "") pieces.push({ kind: "text", text: "" });
}

function checkQuotedText(text: string, visitor: WordVisitor): void {
  for (let at = 0; at < text.length; at++) {
    const char = text.charAt(at);
    if (char === "\\") at++;
    else if (char === "`" || (char === "$" && /[\w({[@*#?$!-]/.test(text.charAt(at + 1)))) {
      visitor.problem(
        "unread-syntax",
        `The text ${JSON.stringify(text)} holds an expansion that is not read`,
      );
    }
  }
}

type Expansion = Exclude<DoubleQuotedChild, { readonly type: "Literal" }>;

function readExpansion(
  part: Expansion,
  { pieces, visitor, quoted }: Reading & { readonly quoted: boolean },
): void {
  switch (part.type) {
    case "SimpleExpansion":
      pieces.push({ kind: "parameter", text: part.text, quoted, name: part.text.slice(1) });
      return;
    case "ParameterExpansion":
      readParameter(part, visitor);
      pieces.push({
        kind: "parameter",
        text: part.text,
        quoted,
        ...(isPlainParameter(part) ? { name: part.parameter } : {}),
      });
      return;
    case "CommandExpansion":
      visitor.script(part.script);
      pieces.push({ kind: "command", text: part.text, quoted });
      return;
    case "ArithmeticExpansion": {
      if (part.text.startsWith("$[")) visitor.bashOnly("a $[...] expression");
      const problem = arithmeticProblem(part.expression);
      if (problem !== undefined) visitor.problem("arithmetic", problem);
      pieces.push({ kind: "arithmetic", text: part.text });
      return;
    }
    default:
      visitor.problem("unknown-syntax", "An expansion is not understood");
      pieces.push({ kind: "parameter", text: "", quoted: false });
  }
}

type ParameterExpansion = Extract<WordPart, { readonly type: "ParameterExpansion" }>;

function isPlainParameter(part: ParameterExpansion): boolean {
  return part.prefix === undefined && part.index === undefined && part.operation === undefined;
}

const WHOLE_NUMBER = /^\d{1,9}$/;

function readParameter(part: ParameterExpansion, visitor: WordVisitor): void {
  const refuse = (reason: string) => visitor.problem("parameter-expansion", `${part.text}: ${reason}`);
  if (!/^(?:[A-Za-z_]\w*|\d+|[@*#?$!-])$/.test(part.parameter)) refuse("The parameter is not a plain name");
  if (part.prefix === "!") refuse("The name of the parameter comes from another parameter");
  else if (part.prefix !== undefined && part.prefix !== "#") refuse("The prefix is not understood");
  if (part.index !== undefined) {
    visitor.bashOnly("an array");
    // An index is evaluated as an expression, and that can run commands.
    if (!WHOLE_NUMBER.test(part.index.text) && part.index.text !== "@" && part.index.text !== "*") {
      refuse("The index is computed");
    }
  }
  const operation = part.operation;
  if (operation === undefined) return;
  switch (operation.type) {
    case "Default":
      if (operation.operator.endsWith("=")) refuse("It assigns a value");
      readWord(operation.operand, visitor);
      return;
    case "Remove":
      readWord(operation.operand, visitor);
      return;
    case "Replace":
      visitor.bashOnly("a replacement in an expansion");
      readWord(operation.pattern, visitor);
      readWord(operation.replacement, visitor);
      return;
    case "Slice":
      visitor.bashOnly("a slice");
      // Offset and length are evaluated as expressions, and that can run commands.
      if (!WHOLE_NUMBER.test(operation.offset.text)) refuse("The offset is computed");
      if (operation.length !== undefined && !WHOLE_NUMBER.test(operation.length.text)) {
        refuse("The length is computed");
      }
      return;
    case "CaseModification":
      visitor.bashOnly("a change of case");
      if (operation.operand !== undefined) readWord(operation.operand, visitor);
      return;
    case "Transform":
    case "Names":
    case "Unknown":
      refuse("The operation is not one that only reads");
      return;
    default:
      refuse("The operation is not understood");
  }
}
