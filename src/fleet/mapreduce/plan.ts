/**
 * The scheduler of a distributed run as a state machine: what has happened goes in with its time, what is to be done comes
 * out. It knows no network and no clock; `run.ts` carries it out.
 */
import type { AttemptFailure, FailedPartition, Output, PartitionStage } from "./attempts.ts";
import { createDeciders } from "./decide.ts";
import { createPlanState } from "./plan_state.ts";
import { schedule } from "./schedule.ts";

/** What a plan is made for. */
export interface PlanOptions {
  /** The map partitions, in order; there may be none. */
  readonly tasks: readonly { readonly bytes: number; readonly pinned?: string | undefined }[];
  /** How many reducers; 0 if the outputs of the maps are the result. */
  readonly reducers: number;
  /** Whether an empty map output adds nothing to a reducer's input, so that it need not travel. */
  readonly skipsEmpty: boolean;
  readonly hosts: readonly string[];
  /** Attempts that run at once on a host. @default 2 */
  readonly slots?: number | undefined;
  /** Retries of a partition, beside its first attempt. @default 2 */
  readonly maxRetries?: number | undefined;
  /** Number of the first attempt of every partition, so that names of an earlier time do not come back. @default 0 */
  readonly firstAttempt?: number | undefined;
  /** What an earlier time finished on hosts that are there; what is gone shows itself. */
  readonly finished?: Finished | undefined;
  /** Milliseconds for which partitions wait for a host that can do them, when there is none. @default 30000 */
  readonly graceMs?: number | undefined;
}

/** Finished partitions with where their parts lie. */
export interface Finished {
  readonly maps: readonly (Output & { readonly partition: number })[];
  readonly reduces: readonly (Output & { readonly partition: number })[];
}

/** What has happened. Ends of what the plan no longer knows are ignored. */
export type PlanEvent =
  | { readonly type: "begin" | "tick" }
  /** The input of an attempt lies on its host. */
  | { readonly type: "input_ready"; readonly id: number }
  /** An attempt has ended well, and left parts of these sizes. */
  | { readonly type: "succeeded"; readonly id: number; readonly bytes: readonly number[] }
  /** An attempt has failed by itself; that counts. */
  | {
    readonly type: "failed";
    readonly id: number;
    readonly failure: Omit<AttemptFailure, "host" | "attempt">;
  }
  /** An attempt went with its host or the way to it, or has ended because it was cancelled. */
  | { readonly type: "lost"; readonly id: number; readonly failure: Omit<AttemptFailure, "host" | "attempt"> }
  | { readonly type: "fetched"; readonly id: number }
  /** A request for parts failed: those of `lostTasks` are not at their source; if there are none, the host that asked is at fault. */
  | {
    readonly type: "fetch_failed";
    readonly id: number;
    readonly lostTasks: readonly number[];
    /** Whether it was a failure of the host that asked, and not of the way to it. */
    readonly isCounted: boolean;
    readonly failure: Omit<AttemptFailure, "host" | "attempt">;
  }
  | { readonly type: "joined" | "left"; readonly host: string }
  /** The result of a partition cannot be read where it was left. */
  | {
    readonly type: "output_gone";
    readonly stage: PartitionStage;
    readonly partition: number;
    readonly attempt: number;
  };

/** What is to be done. Every `take_input`, `run` and `fetch` is answered by one event that ends it, also if it is cancelled. */
export type PlanAction =
  /** Bring the input of an attempt to its host; then `input_ready`, or `failed` or `lost`. */
  | {
    readonly type: "take_input";
    readonly id: number;
    readonly partition: number;
    readonly host: string;
  }
  /** Run an attempt; then `succeeded`, `failed` or `lost`. */
  | {
    readonly type: "run";
    readonly id: number;
    readonly stage: PartitionStage;
    readonly partition: number;
    readonly attempt: number;
    readonly host: string;
    /** Parts that a reduce reads. */
    readonly inputs: readonly string[];
  }
  /** Have a host take parts from another; then `fetched` or `fetch_failed`. */
  | {
    readonly type: "fetch";
    readonly id: number;
    readonly to: string;
    readonly from: string;
    readonly parts: readonly {
      readonly name: string;
      readonly bytes: number;
      readonly partition: number;
    }[];
  }
  /** End an attempt or a request for parts. */
  | { readonly type: "cancel"; readonly id: number };

/** How far a run is. */
export interface PlanProgress {
  readonly stage: PartitionStage;
  readonly done: number;
  readonly total: number;
}

/** A scheduler. */
export interface Plan {
  /**
   * `failing`: a partition has failed for good, and what runs may still end. `done` goes back to `running` if a part of the result
   * is lost.
   */
  readonly status: "running" | "done" | "failing" | "failed";
  /** Takes an event, and returns what is to be done. Times are milliseconds that never decrease. */
  handle(event: PlanEvent, now: number): PlanAction[];
  readonly progress: PlanProgress;
  readonly failed: readonly FailedPartition[];
  /** Where the output of a finished partition lies. */
  outputOf(stage: PartitionStage, partition: number): Output | undefined;
  /** What is finished now, for a later time. */
  finished(): Finished;
  /** Attempts and requests that have not ended. */
  readonly underWay: number;
}

/**
 * Makes a plan. It does nothing before the event `begin`.
 *
 * @throws {RangeError} If there are no slots, or negative numbers.
 */
export function createPlan(options: PlanOptions): Plan {
  const state = createPlanState(options);
  const decide = createDeciders(state);

  const take = (event: PlanEvent): void => {
    switch (event.type) {
      case "begin":
        return decide.begin();
      case "tick":
        return decide.tick();
      case "input_ready":
        return decide.inputReady(event.id);
      case "succeeded":
        return decide.succeeded(event.id, event.bytes);
      case "failed":
      case "lost":
        return decide.ended(event.id, { failure: event.failure, isCounted: event.type === "failed" });
      case "fetched":
        return decide.fetched(event.id);
      case "fetch_failed":
        return decide.fetchFailed(event);
      case "joined":
        return decide.joined(event.host);
      case "left":
        return decide.left(event.host);
      case "output_gone":
        return decide.outputGone(event);
    }
  };

  return {
    get status() {
      return state.status();
    },
    handle(event, now) {
      state.now = now;
      take(event);
      schedule(state);
      return state.takeActions();
    },
    get progress(): PlanProgress {
      return state.doneMaps === state.maps.length && state.reduces.length > 0
        ? { stage: "reduce", done: state.doneReduces, total: state.reduces.length }
        : { stage: "map", done: state.doneMaps, total: state.maps.length };
    },
    get failed() {
      return state.failed;
    },
    outputOf: (stage, partition) => (stage === "map" ? state.maps : state.reduces)[partition]?.output,
    finished: () => ({ maps: list(state.maps), reduces: list(state.reduces) }),
    get underWay() {
      return state.attempts.size + state.shuffle.underWay().length;
    },
  };
}

function list(tasks: readonly { readonly index: number; readonly output: Output | undefined }[]) {
  return tasks.flatMap(({ index, output }) => output === undefined ? [] : [{ partition: index, ...output }]);
}
