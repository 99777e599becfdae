/**
 * What the files of the crash test may hold, for the process that writes them and for the test that judges it.
 */

/** How many contents there are of each kind. */
export const VERSIONS = 6;

/** Limits that have something pruned all the time. */
export const CRASH_LIMITS = { perPath: 4, totalBytes: 1_500_000, fileBytes: 10_000_000 };

/** One content of about 150 KB, which names its kind and version at the beginning, in the middle and at the end. */
export function crashContent(kind: "written" | "edited", version: number): string {
  const rest = `${"x".repeat(100)}\n`.repeat(700 + version * 10);
  return [rest, rest].reduce((text, part) => `${text}${part}${kind} ${version}\n`, `${kind} ${version}\n`);
}
