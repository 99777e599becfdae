/**
 * What a plan knows, and the elementary changes to it, each of which keeps the counts right: an attempt begins, is cancelled,
 * ends; a partition goes back to the queue, or has failed for good. Pure; used by `decide.ts` and `schedule.ts`.
 */
import {
  type Attempt,
  type AttemptFailure,
  createTask,
  createTaskQueue,
  type FailedPartition,
  isEligible,
  MAX_LOSSES,
  type Task,
  type TaskQueue,
} from "./attempts.ts";
import { createHostTable, type HostState, type HostTable } from "./host_table.ts";
import type { PlanAction, PlanOptions } from "./plan.ts";
import { createShuffle, type Fetch, type Placement, type Shuffle } from "./shuffle.ts";
import { createDurations, type Durations } from "./stragglers.ts";

/** The state of a plan. */
export interface PlanState {
  now: number;
  readonly maps: readonly Task[];
  readonly reduces: readonly Task[];
  readonly maxRetries: number;
  readonly graceMs: number;
  doneMaps: number;
  doneReduces: number;
  /** Hosts that refuse what a stage runs, by stage. */
  readonly refusedBy: Readonly<Record<Task["stage"], Set<string>>>;
  /** When a partition first failed for good. */
  failingSince: number | undefined;
  readonly failed: FailedPartition[];
  readonly hosts: HostTable;
  readonly shuffle: Shuffle;
  readonly queue: TaskQueue;
  /** Partitions that one host alone can do, by host. */
  readonly pinned: Map<string, Task[]>;
  /** Reducers for which there was no host. */
  readonly unplaced: Set<Task>;
  /** Places that wait until their input is whole, or a slot is free. */
  readonly gathering: Set<Placement>;
  readonly attempts: Map<number, Attempt>;
  readonly durations: Readonly<Record<Task["stage"], Durations>>;
  /** Hosts at which something may begin. */
  readonly touched: Set<string>;
  status(): "running" | "done" | "failing" | "failed";
  emit(action: PlanAction): void;
  takeActions(): PlanAction[];
  /** Begins an attempt: a map takes its input first unless it lies there. */
  start(task: Task, host: HostState, phase: "fetching" | "ready"): Attempt;
  /** Has an attempt run that has its input. */
  run(attempt: Attempt, inputs: readonly string[]): void;
  /** Ends an attempt that is not wanted any more; its slot is free when it has ended. */
  cancel(attempt: Attempt): void;
  cancelFetch(fetch: Fetch): void;
  /** Takes an attempt that has ended out of the books. */
  release(attempt: Attempt): void;
  /** Puts a map partition back, or gives it up if that was too often. */
  requeue(task: Task): void;
  /** Gives a reducer a host to gather at; also the second one, for a backup. */
  place(reducer: Task, host?: HostState): void;
  dropPlacement(placement: Placement): void;
  /** Counts the loss of a host by a partition; false if there were too many, and it has failed. */
  countLoss(task: Task, failure: AttemptFailure | undefined): boolean;
  /** Records that a partition has failed for good. */
  giveUp(task: Task, reason: string, last?: AttemptFailure): void;
}

/** Makes the state of a plan before it begins. */
export function createPlanState(options: PlanOptions): PlanState {
  const { slots = 2, maxRetries = 2, firstAttempt = 0, reducers, graceMs = 30_000 } = options;
  if (slots < 1 || maxRetries < 0 || reducers < 0) {
    throw new RangeError("Cannot plan: a number is out of range");
  }
  const refusedBy = { map: new Set<string>(), reduce: new Set<string>() };
  const maps = options.tasks.map((task, i) =>
    createTask("map", i, { ...task, firstAttempt, refusedBy: refusedBy.map })
  );
  const reduces = Array.from(
    { length: reducers },
    (_, i) => createTask("reduce", i, { firstAttempt, refusedBy: refusedBy.reduce }),
  );
  const hosts = createHostTable(slots);
  for (const host of options.hosts) hosts.add(host);
  let lastId = 0;
  const nextId = () => ++lastId;
  const shuffle = createShuffle({ maps, skipsEmpty: options.skipsEmpty, nextId });
  let actions: PlanAction[] = [];
  const adopt = (
    tasks: readonly Task[],
    finished: readonly (Task["output"] & { partition: number })[] = [],
  ) => {
    let count = 0;
    for (const { partition, ...output } of finished) {
      const task = tasks[partition];
      if (task === undefined || task.output !== undefined || hosts.get(output.host) === undefined) continue;
      task.output = output;
      task.status = "done";
      count++;
    }
    return count;
  };
  const doneMaps = adopt(maps, options.finished?.maps);
  const doneReduces = adopt(reduces, options.finished?.reduces);
  const waiting = maps.filter(({ status }) => status === "waiting");

  const state: PlanState = {
    now: 0,
    maps,
    reduces,
    maxRetries,
    graceMs,
    doneMaps,
    doneReduces,
    refusedBy,
    failingSince: undefined,
    failed: [],
    hosts,
    shuffle,
    queue: createTaskQueue(waiting.filter(({ pinned }) => pinned === undefined)),
    pinned: new Map(),
    unplaced: new Set(),
    gathering: new Set(),
    attempts: new Map(),
    durations: { map: createDurations(), reduce: createDurations() },
    touched: new Set(options.hosts),

    status() {
      if (state.failingSince !== undefined) return state.attempts.size > 0 ? "failing" : "failed";
      const isDone = state.doneMaps === maps.length && state.doneReduces === reduces.length;
      return isDone ? "done" : "running";
    },
    emit: (action) => void actions.push(action),
    takeActions() {
      const taken = actions;
      actions = [];
      return taken;
    },

    start(task, host, phase) {
      const attempt: Attempt = {
        id: nextId(),
        task,
        attempt: task.nextAttempt++,
        host: host.id,
        phase,
        isCancelled: false,
        startedAt: state.now,
      };
      task.live.add(attempt);
      task.status = "running";
      state.attempts.set(attempt.id, attempt);
      hosts.load(host, { ahead: 1 });
      if (phase === "fetching") {
        state.emit({ type: "take_input", id: attempt.id, partition: task.index, host: host.id });
      }
      return attempt;
    },
    run(attempt, inputs) {
      const { id, task, host } = attempt;
      const at = hosts.get(host);
      if (at !== undefined) hosts.load(at, { active: 1, ahead: -1 });
      attempt.phase = "running";
      attempt.startedAt = state.now;
      const { stage, index: partition } = task;
      state.emit({ type: "run", id, stage, partition, attempt: attempt.attempt, host, inputs });
    },
    cancel(attempt) {
      if (attempt.isCancelled) return;
      attempt.isCancelled = true;
      // One that waits for a slot has nothing under way whose end would come.
      if (attempt.phase === "ready") state.release(attempt);
      else state.emit({ type: "cancel", id: attempt.id });
    },
    cancelFetch(fetch) {
      shuffle.fetchEnded(fetch, false);
      state.emit({ type: "cancel", id: fetch.id });
    },
    release(attempt) {
      state.attempts.delete(attempt.id);
      attempt.task.live.delete(attempt);
      const host = hosts.get(attempt.host);
      if (host === undefined) return;
      if (attempt.phase === "running") hosts.load(host, { active: -1 });
      else hosts.load(host, { ahead: -1 });
      const at = host.ready.indexOf(attempt);
      if (at >= 0) host.ready.splice(at, 1);
      state.touched.add(host.id);
    },

    requeue(task) {
      task.status = "waiting";
      task.hasBackup = false;
      if (task.pinned === undefined) state.queue.pushUrgent(task);
      else {
        listFor(state.pinned, task.pinned).push(task);
        state.touched.add(task.pinned);
      }
    },
    place(reducer, given) {
      const host = given ?? choosePlace(state, reducer);
      if (host === undefined) {
        state.unplaced.add(reducer);
        return;
      }
      const placement = shuffle.place(reducer, host.id);
      state.gathering.add(placement);
      for (const task of maps) {
        if (task.status !== "lost" || (placement.have[task.index] ?? 0) >= 0) continue;
        state.doneMaps--;
        if (state.countLoss(task, undefined)) state.requeue(task);
      }
    },
    dropPlacement(placement) {
      shuffle.drop(placement);
      state.gathering.delete(placement);
    },
    countLoss(task, failure) {
      task.losses++;
      if (task.losses <= MAX_LOSSES) return true;
      state.giveUp(task, `its host or the way to it was lost ${task.losses} times`, failure);
      return false;
    },
    giveUp(task, reason, last) {
      if (task.status === "failed") return;
      task.status = "failed";
      const attempts = last === undefined ? [...task.failures] : [...task.failures, last];
      state.failed.push({ stage: task.stage, partition: task.index, attempts, reason });
      if (state.failingSince !== undefined) return;
      state.failingSince = state.now;
      for (const fetch of shuffle.underWay()) state.cancelFetch(fetch);
      for (const attempt of [...state.attempts.values()]) {
        if (attempt.phase !== "running") state.cancel(attempt);
      }
    },
  };
  for (const task of waiting) {
    if (task.pinned !== undefined) listFor(state.pinned, task.pinned).push(task);
  }
  return state;
}

/** Returns the list of a host, made if there is none. */
function listFor(lists: Map<string, Task[]>, host: string): Task[] {
  let found = lists.get(host);
  if (found === undefined) lists.set(host, found = []);
  return found;
}

/** The host with the fewest reducers; a suspected one only if there is no other. */
function choosePlace({ hosts, shuffle }: PlanState, reducer: Task): HostState | undefined {
  const taken = new Set(shuffle.placementsOf(reducer).map(({ host }) => host));
  let best: HostState | undefined;
  let bestRank = Infinity;
  for (const id of hosts.ids()) {
    const host = hosts.get(id);
    if (host === undefined || taken.has(id) || !isEligible(reducer, id, hosts)) continue;
    const rank = shuffle.placesAt(id) + (hosts.isSuspect(host) ? 1e6 : 0);
    if (rank >= bestRank) continue;
    best = host;
    bestRank = rank;
  }
  return best;
}
