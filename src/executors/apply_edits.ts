/**
 * Exact replacements in a text, one after the other, all or nothing. Pure; used by `edit_file`.
 */
import { findText } from "./find_text.ts";
import { describeNearest } from "./nearest_line.ts";

/** Characters that a text may have afterwards. */
const MAX_LENGTH = 16 * 1024 ** 2;
/** Places that one edit may replace. */
const MAX_REPLACEMENTS = 1_000_000;
/** Places of a text that should be there once: counted up to this, and shown up to that. */
const MAX_COUNTED = 100;
const MAX_SHOWN = 10;

/** One replacement. */
export interface Edit {
  /** What is there; not empty. A line feed in it stands for a carriage return and line feed too. */
  readonly old_text: string;
  readonly new_text: string;
  /** Whether it may be there several times, and is replaced everywhere. */
  readonly replace_all?: boolean | undefined;
}

/** A text after its edits. */
export interface EditedText {
  readonly text: string;
  /** How many places each edit replaced. */
  readonly replacements: readonly number[];
}

/** Why an edit cannot be done; `remedy` says what to do. */
export class EditError extends Error {
  override readonly name = "EditError";
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

/**
 * Applies edits in their order; each sees what those before it left. A file's line ends are kept: where a place has
 * `\r\n`, a `\n` of the new text becomes `\r\n`, unless the new text has a `\r` of its own.
 *
 * @throws {EditError} If one of them cannot be done; nothing of the others holds then.
 *
 * @example
 * ```ts
 * applyEdits("a\r\nb\r\n", [{ old_text: "a\n", new_text: "x\ny\n" }]).text; // "x\r\ny\r\nb\r\n"
 * ```
 */
export function applyEdits(text: string, edits: readonly Edit[]): EditedText {
  const usual = usualLineEnd(text);
  const replacements: number[] = [];
  let edited = text;
  for (const [at, edit] of edits.entries()) {
    const result = applyOne(edited, {
      edit,
      usual,
      name: edits.length === 1 ? "the edit" : `edit ${at + 1}`,
    });
    edited = result.text;
    replacements.push(result.count);
  }
  return { text: edited, replacements };
}

interface Place {
  readonly start: number;
  readonly end: number;
}

function applyOne(
  text: string,
  { edit, usual, name }: { readonly edit: Edit; readonly usual: string; readonly name: string },
): { readonly text: string; readonly count: number } {
  const { old_text: wanted, new_text: replacement, replace_all: isForAll = false } = edit;
  if (wanted === replacement) throw new EditError(`${name} changes nothing: old_text and new_text are equal`);
  const view = viewOf(text, wanted);
  if (!isForAll) assertOnce(view, { wanted, name });
  const places: Place[] = [];
  for (const start of findText(view.text, wanted)) {
    if (places.length === MAX_REPLACEMENTS) {
      throw new EditError(`${name} would replace more than ${MAX_REPLACEMENTS} places`);
    }
    places.push({ start: view.original(start), end: view.original(start + wanted.length) });
  }
  if (places.length === 0) throw missing(text, { wanted, name });
  const pieces: string[] = [];
  let [done, length] = [0, 0];
  for (const { start, end } of places) {
    const piece = withLineEnds(replacement, text.slice(start, end), usual);
    pieces.push(text.slice(done, start), piece);
    length += start - done + piece.length;
    done = end;
    if (length > MAX_LENGTH) {
      throw new EditError(`${name} would make the text longer than ${MAX_LENGTH} characters`);
    }
  }
  pieces.push(text.slice(done));
  return { text: pieces.join(""), count: places.length };
}

/** A text in which line feeds alone end lines, and where each of its places is in the original. */
interface View {
  readonly text: string;
  original(at: number): number;
}

function viewOf(text: string, wanted: string): View {
  // A wanted carriage return is meant exactly, and must not be hidden.
  if (wanted.includes("\r") || !text.includes("\r\n")) return { text, original: (at) => at };
  const ends: number[] = [];
  let at = 0;
  for (const end of findText(text, "\r\n")) ends.push(end - at++);
  // Asked for in ascending order, but for the ends of places, so a search by halves is simplest.
  return { text: text.replaceAll("\r\n", "\n"), original: (place) => place + countBelow(ends, place) };
}

/** How many numbers of an ascending list are below `limit`. */
function countBelow(numbers: readonly number[], limit: number): number {
  let [low, high] = [0, numbers.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((numbers[middle] ?? 0) < limit) low = middle + 1;
    else high = middle;
  }
  return low;
}

function assertOnce(view: View, { wanted, name }: { readonly wanted: string; readonly name: string }): void {
  const lines: number[] = [];
  let [line, counted] = [1, 0];
  let count = 0;
  for (const place of findText(view.text, wanted, { overlapping: true })) {
    count++;
    if (count > MAX_COUNTED) break;
    if (lines.length >= MAX_SHOWN) continue;
    for (; counted < place; counted++) if (view.text.charCodeAt(counted) === 10) line++;
    lines.push(line);
  }
  if (count <= 1) return;
  const times = count > MAX_COUNTED ? `more than ${MAX_COUNTED}` : String(count);
  const where = `lines ${lines.join(", ")}${count > lines.length ? " and more" : ""}`;
  throw new EditError(
    `old_text of ${name} is there ${times} times, in ${where}`,
    "Make old_text longer, so that it is there once, or set replace_all",
  );
}

function missing(
  text: string,
  { wanted, name }: { readonly wanted: string; readonly name: string },
): EditError {
  const nearest = describeNearest(text, wanted);
  return new EditError(
    `old_text of ${name} is not there${nearest === undefined ? "" : `; ${nearest}`}`,
    "Read the file and copy the text exactly, with its white space",
  );
}

function withLineEnds(replacement: string, replaced: string, usual: string): string {
  if (replacement.includes("\r") || !replacement.includes("\n")) return replacement;
  const end = endsOf(replaced) ?? usual;
  return end === "\n" ? replacement : replacement.replaceAll("\n", end);
}

/** The one line end that a text has; undefined if it has none or both. */
function endsOf(text: string): string | undefined {
  const { both, feeds } = countEnds(text);
  if (feeds === 0) return undefined;
  return both === feeds ? "\r\n" : both === 0 ? "\n" : undefined;
}

function usualLineEnd(text: string): string {
  const { both, feeds } = countEnds(text);
  return both * 2 > feeds ? "\r\n" : "\n";
}

function countEnds(text: string): { readonly both: number; readonly feeds: number } {
  let [both, feeds] = [0, 0];
  for (let at = text.indexOf("\n"); at !== -1; at = text.indexOf("\n", at + 1)) {
    feeds++;
    if (text.charCodeAt(at - 1) === 13) both++;
  }
  return { both, feeds };
}
