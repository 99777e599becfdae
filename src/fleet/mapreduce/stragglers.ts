/**
 * Which attempts take so much longer than the others that a second one is worth its cost. Pure; used by the plan.
 */
import type { Attempt } from "./attempts.ts";

/** Below this an attempt is never called slow, in milliseconds. */
const LEAST_MS = 2_000;
/** How many times the median an attempt may take. */
const FACTOR = 1.5;

/** Durations of what has finished, kept sorted. */
export interface Durations {
  /** Adds one, in milliseconds. */
  add(ms: number): void;
  /** After how many milliseconds an attempt is slow; undefined while nothing has finished, since there is no measure then. */
  limit(): number | undefined;
}

/** Makes the list of durations of one stage. */
export function createDurations(): Durations {
  const sorted: number[] = [];
  return {
    add(ms) {
      let low = 0;
      let high = sorted.length;
      while (low < high) {
        const middle = (low + high) >>> 1;
        if ((sorted[middle] ?? 0) < ms) low = middle + 1;
        else high = middle;
      }
      sorted.splice(low, 0, ms);
    },
    limit() {
      const median = sorted[sorted.length >>> 1];
      return median === undefined ? undefined : Math.max(LEAST_MS, median * FACTOR);
    },
  };
}

/** Picks the attempts that deserve a backup, the slowest first. */
export function findStragglers(
  running: Iterable<Attempt>,
  { now, limitOf }: { readonly now: number; readonly limitOf: (attempt: Attempt) => number | undefined },
): Attempt[] {
  const slow: Attempt[] = [];
  for (const attempt of running) {
    const { task } = attempt;
    if (attempt.phase !== "running" || attempt.isCancelled || task.hasBackup || task.pinned !== undefined) {
      continue;
    }
    const limit = limitOf(attempt);
    if (limit !== undefined && now - attempt.startedAt > limit) slow.push(attempt);
  }
  return slow.sort((a, b) => a.startedAt - b.startedAt);
}
