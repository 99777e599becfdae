/**
 * The rules of jobs: how they are named and shown, how much is kept, and what is forgotten first. Pure; the runner and
 * the store obey it.
 */
import { encodeBase32 } from "../protocol/base32.ts";
import type { JobId, JobStatus } from "../protocol/job.ts";

/** Random bytes that an id is made from. */
export const JOB_ID_BYTES = 13;
const ID_CHARACTERS = 20;
/** Characters of a command that are kept to be shown. */
const SHOWN_COMMAND_CHARACTERS = 4_096;

const KIB = 1024;
const MIB = 1024 * KIB;
const DAY_MS = 24 * 60 * 60 * 1000;

/** How much of jobs a host keeps. */
export interface JobLimits {
  /** Bytes of one output that are held in memory before it is written to a file. */
  readonly memoryBytes: number;
  /** Bytes of both outputs of a job; what comes after is counted and dropped. */
  readonly jobBytes: number;
  /** Bytes of all jobs of this state folder; past it ended jobs are forgotten, the oldest first. */
  readonly totalBytes: number;
  /** Ended jobs that are remembered. */
  readonly maxEnded: number;
  /** How long an ended job is remembered. */
  readonly keepMs: number;
  /** Jobs that run on their own in one process; no further command is started until one ends. */
  readonly maxDetached: number;
}

/** The limits of a node. */
export const JOB_LIMITS: JobLimits = {
  memoryBytes: 64 * KIB,
  jobBytes: 64 * MIB,
  totalBytes: 1024 * MIB,
  maxEnded: 1000,
  keepMs: 7 * DAY_MS,
  maxDetached: 128,
};

/** Makes a job's id from {@link JOB_ID_BYTES} random bytes. */
export function jobIdOf(random: Uint8Array): JobId {
  return `j_${encodeBase32(random).slice(0, ID_CHARACTERS)}`;
}

/**
 * Returns a command as lists show it: a line as it is, arguments quoted as a POSIX shell would read them. Text over
 * 4096 characters is cut, and ends in a mark that says so.
 */
export function showCommand(command: string | readonly string[]): string {
  const line = typeof command === "string" ? command : command.map(quoteWord).join(" ");
  return cutText(line, SHOWN_COMMAND_CHARACTERS);
}

/** Cuts a text to `maxCharacters`, never within a character of two units, and marks that it was cut. */
export function cutText(text: string, maxCharacters: number): string {
  if (text.length <= maxCharacters) return text.toWellFormed();
  const mark = ` [... ${text.length} characters]`;
  const kept = text.slice(0, Math.max(0, maxCharacters - mark.length)).replace(/[\uD800-\uDBFF]$/, "");
  return kept.toWellFormed() + mark;
}

/** An ended job, as far as forgetting goes. */
export interface EndedJob {
  readonly id: JobId;
  readonly endedAt: number;
  /** Bytes of its output on disk. */
  readonly keptBytes: number;
}

/** What {@link chooseForgotten} decides. */
export interface Forgetting {
  /** Ended jobs to forget, with their output. */
  readonly forget: readonly JobId[];
  /** Whether all is still over the limit without them, so that running jobs must stop keeping output. */
  readonly isOverfull: boolean;
}

/**
 * Decides which ended jobs to forget: those past their time, the oldest over the number, and the oldest with output
 * until all output fits.
 *
 * @param ended - in any order
 * @param runningBytes - output of running jobs, which counts and cannot be removed
 */
export function chooseForgotten(
  ended: readonly EndedJob[],
  options: { readonly runningBytes: number; readonly now: number; readonly limits: JobLimits },
): Forgetting {
  const { now, limits } = options;
  const newestFirst = ended.toSorted((a, b) => b.endedAt - a.endedAt);
  let left = limits.totalBytes - options.runningBytes;
  let isFull = false;
  const forget: JobId[] = [];
  for (const [index, { id, endedAt, keptBytes }] of newestFirst.entries()) {
    // From the first that does not fit on, every older one with output goes: no gap in what is remembered.
    isFull ||= keptBytes > left;
    if (index >= limits.maxEnded || now - endedAt > limits.keepMs || (isFull && keptBytes > 0)) {
      forget.push(id);
    } else left -= keptBytes;
  }
  return { forget, isOverfull: options.runningBytes > limits.totalBytes };
}

/** Tells whether a job has come to its end, whichever it was. */
export function isOver(status: JobStatus): boolean {
  return status !== "running";
}

function quoteWord(word: string): string {
  if (/^[A-Za-z0-9_@%+=:,./-]+$/.test(word)) return word;
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
