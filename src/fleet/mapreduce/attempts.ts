/**
 * The partitions of a distributed run and the attempts at them: who has failed where, what is done, and what may still be
 * tried. Plain data with the few rules that belong to it alone; used by the plan.
 */
import type { WireError } from "../../protocol/error_code.ts";

/** The two kinds of partition: a piece of the input, or the keys of one reducer. */
export type PartitionStage = "map" | "reduce";

/** How one attempt failed. */
export interface AttemptFailure {
  readonly host: string;
  readonly attempt: number;
  /** Of a command that ended; null if a signal ended it. */
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  readonly timedOut?: boolean;
  /** End of what the command wrote to stderr. */
  readonly stderr?: string;
  /** Why there was no command, or no output of it. */
  readonly error?: WireError;
}

/** A partition that has failed for good. */
export interface FailedPartition {
  readonly stage: PartitionStage;
  readonly partition: number;
  /** Every attempt that failed, oldest first; the last ones are hosts that left, if there were too many of them. */
  readonly attempts: readonly AttemptFailure[];
  /** In words, why there was no further attempt. */
  readonly reason: string;
}

/** What a finished attempt left: its parts on one host. */
export interface Output {
  readonly host: string;
  readonly attempt: number;
  /** Size of each of its parts. */
  readonly bytes: readonly number[];
}

/** One attempt that is under way. */
export interface Attempt {
  /** Unique in the plan. */
  readonly id: number;
  readonly task: Task;
  readonly attempt: number;
  readonly host: string;
  /** `fetching`: takes its input. `ready`: waits for a slot. `running`. */
  phase: "fetching" | "ready" | "running";
  /** Somebody else won; only its end is waited for. */
  isCancelled: boolean;
  startedAt: number;
}

/** One partition. */
export interface Task {
  readonly stage: PartitionStage;
  readonly index: number;
  readonly bytes: number;
  /** The one host that can do it, since its files lie there. */
  readonly pinned: string | undefined;
  /**
   * `lost`: it was done, its output is gone, and nobody needs it now. `waiting` and `running` lead to `done` or `failed`.
   */
  status: "waiting" | "running" | "done" | "lost" | "failed";
  nextAttempt: number;
  /** Failures that count against the retries. */
  readonly failures: AttemptFailure[];
  readonly failedOn: Set<string>;
  /** Hosts that refuse what this stage runs; one set for all partitions of a stage. */
  readonly refusedBy: Set<string>;
  /** Attempts and outputs that went with their host. */
  losses: number;
  output: Output | undefined;
  readonly live: Set<Attempt>;
  /** One backup is enough. */
  hasBackup: boolean;
}

/** Times that a partition may lose its host before it counts as failed. */
export const MAX_LOSSES = 10;

/** Makes a partition that nobody has tried yet. */
export function createTask(
  stage: PartitionStage,
  index: number,
  { bytes = 0, pinned, firstAttempt = 0, refusedBy = new Set() }: {
    bytes?: number;
    pinned?: string | undefined;
    firstAttempt?: number;
    refusedBy?: Set<string>;
  },
): Task {
  return {
    stage,
    index,
    bytes,
    pinned,
    status: "waiting",
    nextAttempt: firstAttempt,
    failures: [],
    failedOn: new Set(),
    refusedBy,
    losses: 0,
    output: undefined,
    live: new Set(),
    hasBackup: false,
  };
}

/**
 * Tells whether a partition may be tried on a host: not where it is refused, and not where it failed, unless it has failed on all
 * others.
 */
export function isEligible(
  task: Task,
  host: string,
  present: { get(id: string): unknown; size: number },
): boolean {
  if (task.pinned !== undefined) return task.pinned === host;
  if (task.refusedBy.has(host)) return false;
  if (!task.failedOn.has(host)) return true;
  let failedPresent = 0;
  for (const id of task.failedOn.union(task.refusedBy)) if (present.get(id) !== undefined) failedPresent++;
  return failedPresent >= present.size;
}

/** Tells whether a host refused by its mode or policy, and would refuse every other partition of the stage as well. */
export function isRefusal({ error }: Pick<AttemptFailure, "error">): boolean {
  return error?.code === "refused" && error.rule !== "part-ticket";
}

/** Tells whether an attempt of a partition is under way that may still win. */
export function isUnderWay(task: Task): boolean {
  for (const attempt of task.live) if (!attempt.isCancelled) return true;
  return false;
}

/** Partitions that wait: those that were begun before come first, then the largest. */
export interface TaskQueue {
  readonly size: number;
  /** Puts a partition in front. */
  pushUrgent(task: Task): void;
  /** Takes out the first that `accept` takes. */
  take(accept: (task: Task) => boolean): Task | undefined;
  /** Empties the queue. */
  drain(): Task[];
}

/** Makes the queue of partitions that have not been begun. */
export function createTaskQueue(tasks: readonly Task[]): TaskQueue {
  const urgent: Task[] = [];
  /** Smallest first, so that taking the largest is cheap. */
  let fresh = tasks.toSorted((a, b) => a.bytes - b.bytes || b.index - a.index);
  return {
    get size() {
      return urgent.length + fresh.length;
    },
    pushUrgent: (task) => void urgent.push(task),
    take(accept) {
      const at = urgent.findIndex(accept);
      if (at >= 0) return urgent.splice(at, 1)[0];
      const freshAt = fresh.findLastIndex(accept);
      return freshAt < 0 ? undefined : fresh.splice(freshAt, 1)[0];
    },
    drain() {
      const all = [...urgent, ...fresh];
      urgent.length = 0;
      fresh = [];
      return all;
    },
  };
}

/** Returns the name under which the parts of an attempt lie, without the number of the part. */
export function outputName(stage: PartitionStage, index: number, attempt: number): string {
  return `${stage === "map" ? "map" : "out"}.${index}.${attempt}`;
}

/** Returns the name of one part of a finished attempt. */
export function partOf(
  stage: PartitionStage,
  index: number,
  part: { attempt: number; number: number },
): string {
  return `${outputName(stage, index, part.attempt)}.${part.number}`;
}
