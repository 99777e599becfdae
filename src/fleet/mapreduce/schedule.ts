/**
 * What begins where, after each event of a plan: maps as hosts have room, reduces when their input is whole, and requests for
 * parts as maps end. Pure; used by the plan.
 */
import { type Attempt, isEligible } from "./attempts.ts";
import type { HostState } from "./host_table.ts";
import type { PlanState } from "./plan_state.ts";
import { findStragglers } from "./stragglers.ts";

/** Begins whatever can begin. */
export function schedule(state: PlanState): void {
  if (state.failingSince === undefined) {
    assignMaps(state);
    shareOut(state);
  }
  for (const id of state.touched) {
    const host = state.hosts.get(id);
    if (host !== undefined) fillSlots(state, host);
  }
  state.touched.clear();
  if (state.failingSince !== undefined) return;
  beginReduces(state);
  beginFetches(state);
}

/** Begins a second attempt of what takes much longer than the others, where slots are free and nothing waits for them. */
export function beginBackups(state: PlanState): void {
  if (state.queue.size > 0) return;
  const { hosts, attempts, now, durations } = state;
  const slow = findStragglers(attempts.values(), {
    now,
    limitOf: ({ task }) => durations[task.stage].limit(),
  });
  for (const { task, host: first } of slow) {
    const host = hosts.pick("slot", ({ id }) => id !== first && isEligible(task, id, hosts));
    if (host === undefined) continue;
    task.hasBackup = true;
    if (task.stage === "map") state.start(task, host, "fetching");
    else state.place(task, host);
  }
}

/** Gives waiting maps to hosts, to the least busy one first. */
function assignMaps(state: PlanState): void {
  const { queue, hosts } = state;
  const tried = new Set<HostState>();
  while (queue.size > 0) {
    const host = hosts.pick("room", (one) => !tried.has(one));
    if (host === undefined) return;
    const task = queue.take((one) => isEligible(one, host.id, hosts));
    if (task === undefined) tried.add(host);
    else state.start(task, host, "fetching");
  }
}

/** Takes attempts that only wait for a slot away from busy hosts, when others have one free and no other work. */
function shareOut(state: PlanState): void {
  const { queue, hosts } = state;
  if (queue.size > 0 || hosts.pick("slot", () => true) === undefined) return;
  for (const attempt of [...state.attempts.values()]) {
    if (!isWaitingForSlot(state, attempt)) continue;
    const { task } = attempt;
    const host = hosts.pick("slot", (one) => isEligible(task, one.id, hosts) && !hosts.isSuspect(one));
    if (host === undefined) continue;
    state.cancel(attempt);
    state.start(task, host, "fetching");
  }
}

function isWaitingForSlot({ hosts }: PlanState, { task, phase, isCancelled, host }: Attempt): boolean {
  if (phase === "running" || isCancelled || task.pinned !== undefined || task.stage !== "map") return false;
  const at = hosts.get(host);
  return at !== undefined && !hosts.hasSlot(at);
}

/** Has attempts run that lie ready at a host, then what only this host can do. */
function fillSlots(state: PlanState, host: HostState): void {
  const { hosts } = state;
  while (hosts.hasSlot(host)) {
    const attempt = host.ready.shift();
    if (attempt === undefined) break;
    state.run(attempt, []);
  }
  if (state.failingSince !== undefined) return;
  const pinned = state.pinned.get(host.id);
  while (hosts.hasSlot(host)) {
    const task = pinned?.shift();
    if (task === undefined) break;
    state.run(state.start(task, host, "ready"), []);
  }
}

function beginReduces(state: PlanState): void {
  const { hosts, shuffle } = state;
  for (const placement of state.gathering) {
    if (placement.missing > 0) continue;
    const host = hosts.get(placement.host);
    if (host === undefined || !hosts.hasSlot(host)) continue;
    state.gathering.delete(placement);
    placement.isBegun = true;
    state.run(state.start(placement.reducer, host, "ready"), shuffle.inputsOf(placement));
  }
}

function beginFetches(state: PlanState): void {
  for (const to of state.shuffle.takeDirty()) {
    if (state.hosts.get(to) === undefined) continue;
    for (let fetch = state.shuffle.nextFetch(to); fetch !== undefined; fetch = state.shuffle.nextFetch(to)) {
      const parts = fetch.parts.map((part, i) => ({ ...part, partition: fetch?.items[i]?.task ?? 0 }));
      state.emit({ type: "fetch", id: fetch.id, to, from: fetch.from, parts });
    }
  }
}
