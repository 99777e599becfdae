/**
 * What each event of a distributed run changes in its plan. Pure; used by the plan.
 */
import { type AttemptFailure, isRefusal, isUnderWay, type PartitionStage, type Task } from "./attempts.ts";
import type { PlanEvent } from "./plan.ts";
import type { PlanState } from "./plan_state.ts";
import { beginBackups } from "./schedule.ts";
import type { Placement } from "./shuffle.ts";

/** Milliseconds for which running attempts may still end when a partition has failed for good. */
const DRAIN_MS = 30_000;

/** A failure before it is known whose. */
type Why = Omit<AttemptFailure, "host" | "attempt">;

/** The events, one function each. */
export interface Deciders {
  begin(): void;
  tick(): void;
  inputReady(id: number): void;
  succeeded(id: number, bytes: readonly number[]): void;
  ended(id: number, options: { readonly failure: Why; readonly isCounted: boolean }): void;
  fetched(id: number): void;
  fetchFailed(event: Extract<PlanEvent, { type: "fetch_failed" }>): void;
  joined(host: string): void;
  left(host: string): void;
  outputGone(
    output: { readonly stage: PartitionStage; readonly partition: number; readonly attempt: number },
  ): void;
}

/** Makes the deciders of a plan. */
export function createDeciders(state: PlanState): Deciders {
  const { hosts, shuffle, maps, reduces } = state;
  let noHostsSince: number | undefined;
  const absentSince = new Map<string, number>();

  /** Whether a host is there that does not refuse what a stage runs. */
  const hasWilling = (stage: PartitionStage) => hosts.ids().some((id) => !state.refusedBy[stage].has(id));

  /** Gives a host that refuses nothing more of the stage, also not what waits there. */
  const avoid = ({ stage, refusedBy }: Task, host: string) => {
    refusedBy.add(host);
    // Reduces wait for nothing once they have begun.
    if (stage === "reduce") return;
    for (const other of [...state.attempts.values()]) {
      const isThere = other.host === host && other.task.stage === stage && other.task.pinned === undefined;
      if (!isThere || other.phase === "running" || other.isCancelled) continue;
      state.cancel(other);
      if (state.failingSince === undefined && !isUnderWay(other.task)) state.requeue(other.task);
    }
  };

  /** Tries a partition again, if it may be, now that an attempt or place of it is no more. */
  const tryAgain = (task: Task, failure: AttemptFailure, isCounted: boolean) => {
    if (isCounted) task.failures.push(failure);
    else task.losses++;
    // Also after a loss: a host that seems to be there and is not would be the least busy one every time.
    task.failedOn.add(failure.host);
    if (isRefusal(failure) && task.pinned === undefined) avoid(task, failure.host);
    if (task.status === "done" || task.status === "failed" || isUnderWay(task)) return;
    if (shuffle.placementsOf(task).length > 0) return;
    if (task.pinned === undefined && isRefusal(failure) && !hasWilling(task.stage)) {
      state.giveUp(task, "every host refused it");
      return;
    }
    // A refusal says nothing of the partition, and no host is asked for a second one.
    const retried = task.failures.filter((one) => task.pinned !== undefined || !isRefusal(one));
    if (retried.length > state.maxRetries) {
      state.giveUp(task, describeRetries(task, state.maxRetries));
      return;
    }
    if (!isCounted) {
      task.losses--;
      if (!state.countLoss(task, failure)) return;
    }
    if (state.failingSince !== undefined) task.status = "waiting";
    else if (task.stage === "map") state.requeue(task);
    else {
      task.status = "waiting";
      task.hasBackup = false;
      state.place(task);
    }
  };

  /** Takes back a finished map whose output is gone; it is done again only if someone needs it. */
  const loseMap = (task: Task) => {
    task.output = undefined;
    task.status = "lost";
  };
  const redoNeeded = (task: Task) => {
    if (task.status !== "lost" || state.failingSince !== undefined) return;
    if (reduces.length > 0 && !shuffle.isNeeded(task)) return;
    state.doneMaps--;
    if (state.countLoss(task, undefined)) state.requeue(task);
  };
  const redoReduce = (task: Task) => {
    task.output = undefined;
    task.status = "waiting";
    task.hasBackup = false;
    state.doneReduces--;
    if (state.countLoss(task, undefined) && state.failingSince === undefined) state.place(task);
  };

  const placementFailed = (placement: Placement, why: Why, isCounted: boolean) => {
    const { reducer, host } = placement;
    state.dropPlacement(placement);
    const at = hosts.get(host);
    if (at !== undefined) hosts.record(at, keyOf(reducer), "failed");
    tryAgain(reducer, { ...why, host, attempt: reducer.nextAttempt++ }, isCounted);
  };

  return {
    begin() {
      for (const task of maps) shuffle.mapped(task);
      if (reduces.length > 0 && state.doneReduces === reduces.length) {
        // Everything that the maps were for is there already.
        for (const task of [...state.queue.drain(), ...[...state.pinned.values()].flat()]) {
          task.status = "lost";
          state.doneMaps++;
        }
        state.pinned.clear();
      }
      for (const task of reduces) if (task.status === "waiting") state.place(task);
    },

    tick() {
      const isStuck = (state.queue.size > 0 && !hasWilling("map")) ||
        (state.unplaced.size > 0 && !hasWilling("reduce"));
      noHostsSince = hosts.size > 0 && !isStuck ? undefined : noHostsSince ?? state.now;
      if (noHostsSince !== undefined && state.now - noHostsSince >= state.graceMs) {
        for (const task of [...state.queue.drain(), ...state.unplaced]) {
          state.giveUp(task, "no host is left that could do it");
        }
      }
      for (const [host, tasks] of state.pinned) {
        if (tasks.length === 0 || hosts.get(host) !== undefined) {
          absentSince.delete(host);
          continue;
        }
        const since = absentSince.get(host) ?? state.now;
        absentSince.set(host, since);
        if (state.now - since < state.graceMs) continue;
        for (const task of tasks.splice(0)) state.giveUp(task, "the host that has its files is gone");
      }
      if (state.failingSince === undefined) beginBackups(state);
      else if (state.now - state.failingSince >= DRAIN_MS) {
        for (const attempt of [...state.attempts.values()]) state.cancel(attempt);
      }
    },

    inputReady(id) {
      const attempt = state.attempts.get(id);
      if (attempt === undefined) return;
      if (attempt.isCancelled) return state.release(attempt);
      attempt.phase = "ready";
      hosts.get(attempt.host)?.ready.push(attempt);
      state.touched.add(attempt.host);
    },

    succeeded(id, bytes) {
      const attempt = state.attempts.get(id);
      if (attempt === undefined) return;
      const { task, host } = attempt;
      state.release(attempt);
      if (attempt.isCancelled) return;
      const at = hosts.get(host);
      if (at !== undefined) hosts.record(at, keyOf(task), "succeeded");
      state.durations[task.stage].add(state.now - attempt.startedAt);
      task.output = { host, attempt: attempt.attempt, bytes };
      task.status = "done";
      for (const other of [...task.live]) state.cancel(other);
      if (task.stage === "map") {
        state.doneMaps++;
        shuffle.mapped(task);
      } else {
        state.doneReduces++;
        for (const placement of shuffle.placementsOf(task)) state.dropPlacement(placement);
      }
    },

    ended(id, { failure, isCounted }) {
      const attempt = state.attempts.get(id);
      if (attempt === undefined) return;
      const { task, host } = attempt;
      state.release(attempt);
      if (attempt.isCancelled) return;
      const at = hosts.get(host);
      if (at !== undefined) hosts.record(at, keyOf(task), "failed");
      for (const placement of shuffle.placementsOf(task)) {
        if (placement.host === host) state.dropPlacement(placement);
      }
      tryAgain(task, { ...failure, host, attempt: attempt.attempt }, isCounted);
    },

    fetched(id) {
      const fetch = shuffle.get(id);
      if (fetch !== undefined) shuffle.fetchEnded(fetch, true);
    },

    fetchFailed({ id, lostTasks, isCounted, failure }) {
      const fetch = shuffle.get(id);
      if (fetch === undefined) return;
      shuffle.fetchEnded(fetch, false);
      const asked = new Map(fetch.items.map(({ task, attempt }) => [task, attempt]));
      for (const index of lostTasks) {
        const task = maps[index];
        if (task?.output?.host !== fetch.from || task.output.attempt !== asked.get(index)) continue;
        loseMap(task);
        redoNeeded(task);
      }
      if (lostTasks.length > 0) return;
      for (const placement of new Set(fetch.items.map((item) => item.placement))) {
        if (!shuffle.placementsOf(placement.reducer).includes(placement)) continue;
        placementFailed(placement, failure, isCounted);
      }
    },

    joined(host) {
      hosts.add(host);
      state.touched.add(host);
      if (state.failingSince !== undefined) return;
      for (const reducer of [...state.unplaced]) {
        state.unplaced.delete(reducer);
        state.place(reducer);
      }
    },

    left(host) {
      if (hosts.get(host) === undefined) return;
      hosts.remove(host);
      const { fetches, placements } = shuffle.left(host);
      for (const fetch of fetches) state.emit({ type: "cancel", id: fetch.id });
      for (const placement of placements) state.gathering.delete(placement);
      const cutOff = [...state.attempts.values()].filter((attempt) => attempt.host === host);
      for (const attempt of cutOff) {
        state.release(attempt);
        if (!attempt.isCancelled && attempt.phase !== "ready") state.emit({ type: "cancel", id: attempt.id });
      }
      for (const task of maps) if (task.output?.host === host) loseMap(task);
      for (const task of reduces) if (task.output?.host === host) redoReduce(task);
      const why = { error: { code: "peer_gone", message: "The host left" } } as const;
      const tried = new Set<Task>();
      for (const { task, attempt, isCancelled } of cutOff) {
        if (isCancelled) continue;
        tried.add(task);
        tryAgain(task, { ...why, host, attempt }, false);
      }
      for (const { reducer } of placements) {
        // It only gathered there; who ran there, or has been placed again, is seen to.
        if (tried.has(reducer) || reducer.status === "done" || shuffle.placementsOf(reducer).length > 0) {
          continue;
        }
        tryAgain(reducer, { ...why, host, attempt: reducer.nextAttempt }, false);
      }
      for (const task of maps) redoNeeded(task);
    },

    outputGone({ stage, partition, attempt }) {
      const task = (stage === "map" ? maps : reduces)[partition];
      if (task?.output === undefined || task.output.attempt !== attempt) return;
      if (stage === "reduce") return redoReduce(task);
      loseMap(task);
      redoNeeded(task);
    },
  };
}

function keyOf({ stage, index }: Task): string {
  return `${stage} ${index}`;
}

function describeRetries({ pinned }: Task, maxRetries: number): string {
  const retries = `it failed after ${maxRetries === 1 ? "1 retry" : `${maxRetries} retries`}`;
  return pinned === undefined ? retries : `${retries}, each on the host that has its files`;
}
