/**
 * What changes in a text as a unified diff, bounded in size and time, for results of operations that write.
 */
import { createTwoFilesPatch, FILE_HEADERS_ONLY, formatPatch } from "diff";

/** Characters of a diff that a result carries. */
const MAX_LENGTH = 64 * 1024;
/** Milliseconds that the search for the shortest difference may take. */
const TIMEOUT_MS = 150;
/** Equal lines that are shown around what changed. */
const CONTEXT = 3;

/** A diff, or what is left of it. */
export interface UnifiedDiff {
  /** Empty if there is no difference, or if none could be made. */
  readonly diff: string;
  /** What is left out or not as it could be, and why; null if nothing is. */
  readonly diffNote: string | null;
}

/** What the header calls the two texts, and how long they may be compared. */
export interface DiffOptions {
  readonly before: string;
  readonly after: string;
  /** Milliseconds. @default 150 */
  readonly timeoutMs?: number;
}

/**
 * Compares two texts line by line. If they differ so much that the shortest difference cannot be found in time, all lines
 * between their equal beginnings and ends are shown as replaced, which is said.
 */
export function unifiedDiff(before: string, after: string, names: DiffOptions): UnifiedDiff {
  if (before === after) return { diff: "", diffNote: null };
  const shortest = createTwoFilesPatch(
    names.before,
    names.after,
    before,
    after,
    undefined,
    undefined,
    // The other headers hold names as they are, line feeds and all.
    { context: CONTEXT, timeout: names.timeoutMs ?? TIMEOUT_MS, headerOptions: FILE_HEADERS_ONLY },
  );
  const diff = shortest ?? oneHunk(before, after, names);
  const notes = shortest === undefined
    ? ["The diff is not the shortest: the texts differ too much to find that in time"]
    : [];
  if (diff.length <= MAX_LENGTH) return { diff, diffNote: notes[0] ?? null };
  const end = diff.lastIndexOf("\n", MAX_LENGTH - 1);
  const shown = diff.slice(0, end > MAX_LENGTH / 2 ? end + 1 : MAX_LENGTH).replace(/[\uD800-\uDBFF]$/, "");
  notes.push(`The diff is cut: it has ${diff.length} characters, the first ${shown.length} are shown`);
  return { diff: shown, diffNote: notes.join(". ") };
}

function oneHunk(before: string, after: string, names: DiffOptions): string {
  const [old, now] = [linesOf(before), linesOf(after)];
  const shorter = Math.min(old.length, now.length);
  let start = 0;
  while (start < shorter && old[start] === now[start]) start++;
  let end = 0;
  while (end < shorter - start && old[old.length - 1 - end] === now[now.length - 1 - end]) end++;
  const from = Math.max(0, start - CONTEXT);
  const shownEnd = Math.min(end, CONTEXT);
  const lines = [
    ...old.slice(from, start).flatMap((line) => shownLine(" ", line)),
    ...old.slice(start, old.length - end).flatMap((line) => shownLine("-", line)),
    ...now.slice(start, now.length - end).flatMap((line) => shownLine("+", line)),
    ...old.slice(old.length - end).slice(0, shownEnd).flatMap((line) => shownLine(" ", line)),
  ];
  const oldLines = old.length - end + shownEnd - from;
  const newLines = now.length - end + shownEnd - from;
  return formatPatch({
    oldFileName: names.before,
    newFileName: names.after,
    oldHeader: undefined,
    newHeader: undefined,
    hunks: [{ oldStart: from + 1, oldLines, newStart: from + 1, newLines, lines }],
  }, FILE_HEADERS_ONLY);
}

/** The lines of a text with their ends; the last may have none. */
function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function shownLine(sign: string, line: string): string[] {
  return line.endsWith("\n")
    ? [`${sign}${line.slice(0, -1)}`]
    : [`${sign}${line}`, "\\ No newline at end of file"];
}
