/**
 * The hosts of a distributed run as its plan sees them: how busy each one is, and which of them fail too often. Pure;
 * used by the plan alone.
 */
import type { Attempt } from "./attempts.ts";

/** Different partitions that a host must fail one after the other before it is suspected. */
const SUSPECT_FROM = 3;
/** Attempts of which a host may hold the input before it has a free slot for them. */
const AHEAD = 1;

/** One host. */
export interface HostState {
  readonly id: string;
  /** Attempts that run; never more than its slots. */
  active: number;
  /** Attempts that take their input, or have it and wait for a slot. */
  ahead: number;
  /** Those of `ahead` that have their input, oldest first. */
  readonly ready: Attempt[];
  /** Partitions that failed here since the last one that succeeded. */
  readonly failedInRow: Set<string>;
  /** Successes of all hosts at the first of them. */
  successesBefore: number;
}

/** The table. Every question is answered in a time that does not grow with the fleet, as long as few hosts are suspected. */
export interface HostTable {
  readonly size: number;
  ids(): IteratorObject<string>;
  get(id: string): HostState | undefined;
  add(id: string): void;
  remove(id: string): void;
  /** Whether an attempt may begin to run there now. */
  hasSlot(host: HostState): boolean;
  /** Whether nothing stands between a new attempt and a slot. */
  isFree(host: HostState): boolean;
  /** Changes how busy a host is. */
  load(host: HostState, change: { readonly active?: number; readonly ahead?: number }): void;
  /**
   * Returns the least busy host that `accept` takes, with room for one more attempt; suspected ones only if there is no other.
   *
   * @param need - `slot`: it must be free to run at once. `room`: it may be one that takes the input ahead
   */
  pick(need: "slot" | "room", accept: (host: HostState) => boolean): HostState | undefined;
  /** Records how an attempt of a partition ended there. */
  record(host: HostState, partition: string, outcome: "succeeded" | "failed"): void;
  /** Whether a host has failed three different partitions in a row whilst other hosts succeeded. */
  isSuspect(host: HostState): boolean;
}

/**
 * Makes the table.
 *
 * @param slots - attempts that run at once on a host, 1 or more
 */
export function createHostTable(slots: number): HostTable {
  const hosts = new Map<string, HostState>();
  /** Hosts by how busy they are; in each set the one that came first waits longest. */
  const byLoad: Set<HostState>[] = Array.from({ length: slots + AHEAD }, () => new Set());
  let successes = 0;

  const isSuspect = (host: HostState) =>
    host.failedInRow.size >= SUSPECT_FROM && successes > host.successesBefore;

  return {
    get size() {
      return hosts.size;
    },
    ids: () => hosts.keys(),
    get: (id) => hosts.get(id),
    add(id) {
      if (hosts.has(id)) return;
      const host = { id, active: 0, ahead: 0, ready: [], failedInRow: new Set<string>(), successesBefore: 0 };
      hosts.set(id, host);
      byLoad[0]?.add(host);
    },
    remove(id) {
      const host = hosts.get(id);
      if (host === undefined) return;
      hosts.delete(id);
      byLoad[host.active + host.ahead]?.delete(host);
    },
    hasSlot: (host) => host.active < slots,
    isFree: (host) => host.active + host.ahead < slots,
    load(host, { active = 0, ahead = 0 }) {
      byLoad[host.active + host.ahead]?.delete(host);
      host.active += active;
      host.ahead += ahead;
      // A host that has left keeps its counts for the attempts that still end, but is offered no more.
      if (hosts.get(host.id) === host) byLoad[host.active + host.ahead]?.add(host);
    },
    pick(need, accept) {
      const limit = need === "slot" ? slots : slots + AHEAD;
      let suspect: HostState | undefined;
      for (const [load, group] of byLoad.entries()) {
        if (load >= limit) break;
        for (const host of group) {
          if (!accept(host)) continue;
          if (!isSuspect(host)) return host;
          suspect ??= host;
        }
      }
      return suspect;
    },
    record(host, partition, outcome) {
      if (outcome === "succeeded") {
        successes++;
        host.failedInRow.clear();
        return;
      }
      if (host.failedInRow.size === 0) host.successesBefore = successes;
      host.failedInRow.add(partition);
    },
    isSuspect,
  };
}
