/**
 * Who has which map output: where each reducer gathers its input, what still has to be taken from which host, and in which
 * batches. Pure; used by the plan alone.
 */
import { type Output, partOf, type Task } from "./attempts.ts";

/** Parts of one request; far below what a request may name, so that a failure costs little. */
const MAX_BATCH_PARTS = 2_048;
/** Bytes after which a batch takes no further part. */
const MAX_BATCH_BYTES = 256 * 1024 * 1024;
/** Requests for parts that one host carries out at a time. */
const MAX_FETCHES_PER_HOST = 2;

const NOTHING_YET = -1;
/** The part is empty, and an empty one adds nothing. */
const EMPTY_PART = -2;

/** A host at which one reducer gathers its input. A reducer has one, and a second one for a backup. */
export interface Placement {
  readonly reducer: Task;
  readonly host: string;
  /** For each map partition the attempt whose output is there; below 0 if there is none. */
  readonly have: Int32Array;
  /** Outputs that are not there yet. */
  missing: number;
  /** How far the outputs of each other host have been looked at. */
  readonly seen: Map<string, number>;
  /** Whether its reduce was begun. */
  isBegun: boolean;
}

/** One request for parts. */
export interface Fetch {
  readonly id: number;
  readonly to: string;
  readonly from: string;
  readonly items: readonly FetchItem[];
  readonly parts: readonly { readonly name: string; readonly bytes: number }[];
}

/** One part of a request. */
export interface FetchItem {
  readonly task: number;
  readonly attempt: number;
  readonly placement: Placement;
}

/** The shuffle of a run. */
export interface Shuffle {
  /** Has a reducer gather its input at a host. */
  place(reducer: Task, host: string): Placement;
  /** Forgets a place. */
  drop(placement: Placement): void;
  placementsOf(reducer: Task): readonly Placement[];
  /** How many reducers gather at a host. */
  placesAt(host: string): number;
  /** Takes note of a finished map. */
  mapped(task: Task): void;
  /** Whether a reducer that is not done still lacks the output of a map. */
  isNeeded(task: Task): boolean;
  /** Returns the next request for a host to make, or undefined if there is none, or enough are under way. */
  nextFetch(host: string): Fetch | undefined;
  /** Hosts that may have something to fetch since they were last asked. */
  takeDirty(): string[];
  /** Takes note of the end of a request; on success the parts are there. */
  fetchEnded(fetch: Fetch, isSuccess: boolean): void;
  get(fetchId: number): Fetch | undefined;
  /** Forgets a host, and returns the requests from and to it, and the places at it. */
  left(host: string): { fetches: Fetch[]; placements: Placement[] };
  /** Names of the parts that a reduce reads, in the order of partitions. */
  inputsOf(placement: Placement): string[];
  /** Requests that have not ended. */
  underWay(): readonly Fetch[];
}

/**
 * Makes the shuffle.
 *
 * @param options.skipsEmpty - whether an empty part adds nothing, so that it need not travel
 * @param options.nextId - gives each request an id
 */
export function createShuffle(
  { maps, skipsEmpty, nextId }: {
    readonly maps: readonly Task[];
    readonly skipsEmpty: boolean;
    readonly nextId: () => number;
  },
): Shuffle {
  /** What was finished on each host, in order; an entry counts while it is its task's present output. */
  const finished = new Map<string, { task: Task; output: Output }[]>();
  const places = new Map<string, Set<Placement>>();
  const placementsByReducer = new Map<Task, Placement[]>();
  /** For each gathering host the hosts that may have something for it. */
  const sources = new Map<string, Set<string>>();
  const dirty = new Set<string>();
  const fetches = new Map<number, Fetch>();
  const fetchesTo = new Map<string, Set<Fetch>>();

  /** Marks what needs no way, and returns whether the output must be fetched. */
  const offer = (placement: Placement, task: Task, output: Output): boolean => {
    if (placement.have[task.index] !== NOTHING_YET) return false;
    const isEmpty = skipsEmpty && output.bytes[placement.reducer.index] === 0;
    if (!isEmpty && output.host !== placement.host) return true;
    placement.have[task.index] = isEmpty ? EMPTY_PART : output.attempt;
    placement.missing--;
    return false;
  };
  const markSource = (to: string, from: string) => {
    let known = sources.get(to);
    if (known === undefined) sources.set(to, known = new Set());
    known.add(from);
    dirty.add(to);
  };
  const isPlaced = (placement: Placement) => places.get(placement.host)?.has(placement) === true;
  const isCurrent = ({ task, output }: { task: Task; output: Output }) => task.output === output;

  /** Takes from one host what the reducers at another lack, as far as one request goes. */
  const gather = (to: string, from: string): FetchItem[] => {
    const log = finished.get(from) ?? [];
    const items: FetchItem[] = [];
    let bytes = 0;
    for (const placement of places.get(to) ?? []) {
      let at = placement.seen.get(from) ?? 0;
      for (; at < log.length; at++) {
        if (items.length >= MAX_BATCH_PARTS || bytes >= MAX_BATCH_BYTES) break;
        const entry = log[at];
        if (entry === undefined || !isCurrent(entry)) continue;
        if (placement.have[entry.task.index] !== NOTHING_YET) continue;
        items.push({ task: entry.task.index, attempt: entry.output.attempt, placement });
        bytes += entry.output.bytes[placement.reducer.index] ?? 0;
      }
      placement.seen.set(from, at);
    }
    return items;
  };

  const forgetFetch = (fetch: Fetch) => {
    fetches.delete(fetch.id);
    fetchesTo.get(fetch.to)?.delete(fetch);
  };

  return {
    underWay: () => [...fetches.values()],
    get: (id) => fetches.get(id),
    place(reducer, host) {
      const placement: Placement = {
        reducer,
        host,
        have: new Int32Array(maps.length).fill(NOTHING_YET),
        missing: maps.length,
        seen: new Map(),
        isBegun: false,
      };
      let here = places.get(host);
      if (here === undefined) places.set(host, here = new Set());
      here.add(placement);
      const all = placementsByReducer.get(reducer) ?? [];
      placementsByReducer.set(reducer, [...all, placement]);
      for (const task of maps) {
        if (task.output !== undefined && offer(placement, task, task.output)) {
          markSource(host, task.output.host);
        }
      }
      return placement;
    },
    drop(placement) {
      places.get(placement.host)?.delete(placement);
      const rest = (placementsByReducer.get(placement.reducer) ?? []).filter((one) => one !== placement);
      placementsByReducer.set(placement.reducer, rest);
    },
    placementsOf: (reducer) => placementsByReducer.get(reducer) ?? [],
    placesAt: (host) => places.get(host)?.size ?? 0,
    mapped(task) {
      const { output } = task;
      if (output === undefined) return;
      let log = finished.get(output.host);
      if (log === undefined) finished.set(output.host, log = []);
      log.push({ task, output });
      for (const [host, placements] of places) {
        for (const placement of placements) if (offer(placement, task, output)) markSource(host, output.host);
      }
    },
    isNeeded(task) {
      for (const [reducer, placements] of placementsByReducer) {
        if (reducer.status === "done") continue;
        for (const placement of placements) if (placement.have[task.index] === NOTHING_YET) return true;
      }
      return false;
    },
    nextFetch(to) {
      const under = fetchesTo.get(to) ?? new Set();
      if (under.size >= MAX_FETCHES_PER_HOST) return undefined;
      const busy = new Set([...under].map(({ from }) => from));
      const known = sources.get(to) ?? new Set();
      for (const from of known) {
        // The end of the request that is under way asks again.
        if (busy.has(from)) continue;
        const items = gather(to, from);
        if (items.length === 0) {
          known.delete(from);
          continue;
        }
        const parts = items.map(({ task, attempt, placement }) => ({
          name: partOf("map", task, { attempt, number: placement.reducer.index }),
          bytes: maps[task]?.output?.bytes[placement.reducer.index] ?? 0,
        }));
        const fetch: Fetch = { id: nextId(), to, from, items, parts };
        fetches.set(fetch.id, fetch);
        fetchesTo.set(to, under.add(fetch));
        return fetch;
      }
      return undefined;
    },
    takeDirty() {
      const all = [...dirty];
      dirty.clear();
      return all;
    },
    fetchEnded(fetch, isSuccess) {
      forgetFetch(fetch);
      dirty.add(fetch.to);
      for (const { task, attempt, placement } of fetch.items) {
        if (!isPlaced(placement)) continue;
        if (!isSuccess) {
          placement.seen.set(fetch.from, 0);
          markSource(fetch.to, fetch.from);
        } else if (placement.have[task] === NOTHING_YET) {
          placement.have[task] = attempt;
          placement.missing--;
        }
      }
    },
    left(host) {
      finished.delete(host);
      const placements = [...places.get(host) ?? []];
      places.delete(host);
      sources.delete(host);
      for (const all of places.values()) for (const placement of all) placement.seen.delete(host);
      for (const placement of placements) {
        const rest = (placementsByReducer.get(placement.reducer) ?? []).filter((one) => one !== placement);
        placementsByReducer.set(placement.reducer, rest);
      }
      const dropped = [...fetches.values()].filter(({ from, to }) => from === host || to === host);
      for (const fetch of dropped) {
        forgetFetch(fetch);
        dirty.add(fetch.to);
      }
      return { fetches: dropped, placements };
    },
    inputsOf: ({ have, reducer }) =>
      [...have].flatMap((attempt, task) =>
        attempt < 0 ? [] : [partOf("map", task, { attempt, number: reducer.index })]
      ),
  };
}
