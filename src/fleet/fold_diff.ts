/**
 * What an odd host said against what most said, if that tells more in fewer words. Used by `fold.ts`.
 */
import { structuredPatch } from "diff";

/** Characters and lines of a text up to which it is compared: beyond, a difference would not be short either. */
const MAX_CHARACTERS = 32 * 1024;
const MAX_LINES = 1_000;
/** Lines taken out and put in after which no difference is looked for; a number and not a time, so that folding repeats itself. */
const MAX_EDITS = 200;
/** Equal lines that are shown around what differs. */
const CONTEXT = 1;

/**
 * Compares two texts line by line. Their last lines are without a line feed.
 *
 * @returns hunks of a unified diff without the names of files; undefined if the texts have more different lines than common
 *   ones, are too large, or if the difference is no shorter than the second text
 */
export function diffAgainst(usual: string, odd: string): string | undefined {
  if (usual === odd || Math.max(usual.length, odd.length) > MAX_CHARACTERS) return undefined;
  if (!resembles(usual.split("\n"), odd.split("\n"))) return undefined;
  const patch = structuredPatch("", "", `${usual}\n`, `${odd}\n`, undefined, undefined, {
    context: CONTEXT,
    maxEditLength: MAX_EDITS,
  });
  if (patch === undefined) return undefined;
  const diff = patch.hunks.flatMap(({ oldStart, oldLines, newStart, newLines, lines }) => [
    `@@ -${oldStart},${oldLines} +${newStart},${newLines} @@`,
    ...lines,
  ]).join("\n");
  return diff !== "" && diff.length < odd.length ? diff : undefined;
}

/** Tells whether more lines are common than different, wherever they are, and few enough are different. */
function resembles(usual: readonly string[], odd: readonly string[]): boolean {
  if (Math.max(usual.length, odd.length) > MAX_LINES) return false;
  const left = new Map<string, number>();
  for (const line of usual) left.set(line, (left.get(line) ?? 0) + 1);
  let common = 0;
  for (const line of odd) {
    const count = left.get(line) ?? 0;
    if (count === 0) continue;
    left.set(line, count - 1);
    common++;
  }
  const edits = usual.length + odd.length - 2 * common;
  return common > Math.max(usual.length, odd.length) - common && edits <= MAX_EDITS;
}
