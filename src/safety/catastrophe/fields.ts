/**
 * Fills in what can be known of a word before it runs, for the deny-list: braces, homes, variables the command sets itself. What stays
 * open stands as one of the marks below, which no real text holds.
 */
import { type Arg } from "../shell_words.ts";

/** Any text, as `*` matches it. */
export const ANY = "\uE000";
/** One character, as `?` and `[...]` match it. */
export const ONE = "\uE001";
/** A user's home folder. */
export const HOME = "\uE002";
/** Something that is not known before it runs. */
export const OPEN = "\uE003";

/** Values of the variables a command sets itself, all that it may set them to. */
export type Variables = ReadonlyMap<string, readonly Arg[]>;

/** Longest chain of variables that is followed. */
const MAX_DEPTH = 4;
/** Most words a command is looked at with. */
const MAX_WORDS = 200_000;
/** Most variables that are filled in for one command. */
const MAX_EXPANSIONS = 20_000;
/** Longest word that is filled in; longer ones are cut. */
const MAX_LENGTH = 65_536;
/** Most words one word may become. */
const MAX_FIELDS = 256;

/** Fills in words. Where several values are possible all of them come, one after the other. */
export function fieldsOf(words: readonly Arg[], variables: Variables): string[] {
  const filling: Filling = { variables, depth: 0, budget: { left: MAX_EXPANSIONS } };
  return words.flatMap((word) => fieldsOfWord(word, filling)).slice(0, MAX_WORDS);
}

interface Filling {
  readonly variables: Variables;
  readonly depth: number;
  /** Shared by a whole command, so that variables made of variables cannot grow without end. */
  readonly budget: { left: number };
}

function fieldsOfWord(word: Arg, filling: Filling): string[] {
  let results = [""];
  let isSplit = false;
  let isInBrackets = false;
  for (const piece of word.pieces) {
    let values: readonly string[];
    switch (piece.kind) {
      case "text": {
        // What is between brackets is part of the pattern.
        const end = isInBrackets ? piece.text.indexOf("]") : -1;
        values = [piece.text.slice(end + 1)];
        isInBrackets = false;
        break;
      }
      case "glob":
        isInBrackets = piece.text === "[";
        values = [piece.text === "*" ? ANY : ONE];
        break;
      case "brace":
        values = bracesOf(piece.text);
        break;
      case "tilde":
        values = [/^~[+-]/.test(piece.text) ? OPEN : HOME];
        break;
      case "parameter":
        values = parameterValues(piece.text, piece.name, filling);
        isSplit ||= !piece.quoted;
        break;
      case "command":
        values = [/^\$\(\s*(?:echo|printf)\s+(["']?)([^"'$`\s;|&]*)\1\s*\)$/.exec(piece.text)?.[2] ?? OPEN];
        break;
      case "process":
      case "arithmetic":
        values = [OPEN];
    }
    const most = Math.max(1, Math.floor(MAX_FIELDS / results.length));
    filling.budget.left -= values.length - 1;
    results = results.flatMap((result) =>
      values.slice(0, most).map((value) => (result + value).slice(0, MAX_LENGTH))
    );
  }
  return isSplit ? results.flatMap((result) => result.split(/\s+/).filter((part) => part !== "")) : results;
}

function bracesOf(text: string): readonly string[] {
  const inside = text.slice(1, -1);
  return inside.includes(",") ? inside.split(",") : [ANY];
}

function parameterValues(text: string, name: string | undefined, filling: Filling): readonly string[] {
  const { variables, depth, budget } = filling;
  if (name === "HOME" || /^\$\{HOME\b/.test(text)) return [HOME];
  const otherwise = /^\$\{\w+:?[-=](.*)\}$/s.exec(text)?.[1];
  const values = variables.get(name ?? /^\$\{(\w+)/.exec(text)?.[1] ?? "");
  if (values !== undefined && depth < MAX_DEPTH && --budget.left > 0) {
    return values.flatMap((value) => fieldsOfWord(value, { variables, depth: depth + 1, budget })).slice(
      0,
      MAX_FIELDS,
    );
  }
  return [otherwise === undefined ? OPEN : otherwise.replace(/^(["'])(.*)\1$/s, "$2")];
}

/** Writes a filled-in text as shell source again, for the scripts that are handed to another shell. */
export function sourceOf(field: string): string {
  return field.replaceAll(ANY, "*").replaceAll(ONE, "?").replaceAll(HOME, "$HOME").replaceAll(
    OPEN,
    "$UNKNOWN",
  );
}
