/**
 * The runs of a node: one call carried out on many hosts, with flow control, in the background if it takes long, and remembered. The
 * fleet tools and the CLI stand on it.
 */
import { OperationError } from "../errors.ts";
import { encodeBase32 } from "../protocol/base32.ts";
import type { OperationName } from "../protocol/operation.ts";
import type { RunId } from "../protocol/run.ts";
import { breakOff } from "./broken_run.ts";
import type { AgentRef } from "./fleet.ts";
import { createHeldResults, MAX_HELD_CHARACTERS } from "./held_results.ts";
import type { HostRequest } from "./ask_host.ts";
import { LiveRun } from "./live_run.ts";
import type { Flow, LeftOut, Run, RunPlan, RunRecord } from "./run.ts";
import type { RunStore, StoredRun } from "./run_store.ts";
import { isGoingOn, WatchedRun } from "./watched_run.ts";

export type { HostRequest };
export type { HostCall, Run, RunProgress } from "./run.ts";

/** Random bytes that an id is made from. */
const RUN_ID_BYTES = 13;
const ID_CHARACTERS = 20;
/** Runs of a list. */
export const RECENT_RUNS = 50;
/** Runs, and hosts of them all, that are in memory; past it those that ended are read back from the store. */
export const MAX_RUNS = 200;
const MAX_HOSTS = 50_000;
/** Characters of JSON of parameters that are kept for a retry. */
const MAX_PARAMS_CHARACTERS = 64 * 1024;
/** Milliseconds between two looks at what other processes ask for. */
const LOOK_MS = 1_000;
/** Milliseconds that the end waits for what was asked to be given up. */
const END_MS = 2_500;

/** A run that is to begin. */
export interface RunRequest extends Pick<RunPlan, "callFor" | "check"> {
  /** The tool that begins it. */
  readonly tool: string;
  readonly op: OperationName;
  /** Parameters of the operation, unless `callFor` gives others. */
  readonly params: unknown;
  /** As it was given. */
  readonly target: string;
  /** In the order in which they are begun. */
  readonly hosts: readonly AgentRef[];
  readonly leftOut: readonly LeftOut[];
  readonly flow: Flow;
  /** Milliseconds that the call waits: commands answer as jobs before it is over. */
  readonly waitMs: number;
}

/** The runs of a node. Disposing of them ends those that go on: jobs run on, and another process can follow them. */
export interface Runs extends AsyncDisposable {
  /**
   * Begins a run. It goes on by itself, whether it is waited for or not.
   *
   * @throws {OperationError} `busy` if too many go on, `cancelled` if the node ends.
   */
  start(request: RunRequest): Run;
  /**
   * Finds a run of this process, or in the store: one of another process, or one whose process has ended.
   *
   * @throws {OperationError} `cannot_run` if the store cannot be read.
   */
  find(id: RunId): Promise<Run | undefined>;
  /** The newest first, at most 50. One whose process broke off shows as running until it is looked at with `find`. */
  recent(): RunRecord[];
  /** Calls `listener` when a run begins or ends; what is returned stops that. */
  onChange(listener: () => void): () => void;
}

/** What {@link createRuns} needs. */
export interface RunsOptions {
  readonly request: HostRequest;
  /** Whoever made it disposes of it, after the runs. */
  readonly store: RunStore;
  readonly randomBytes: (length: number) => Uint8Array;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** Characters of results in memory. @default {MAX_HELD_CHARACTERS} */
  readonly maxHeldCharacters?: number;
}

/** Makes the runs of a node. */
export function createRuns(options: RunsOptions): Runs {
  const { request, store, randomBytes, now = Date.now } = options;
  const held = createHeldResults(options.maxHeldCharacters ?? MAX_HELD_CHARACTERS);
  /** The oldest first. */
  const runs = new Map<RunId, LiveRun>();
  const busy = new Set<LiveRun>();
  const listeners = new Set<() => void>();
  let looking: ReturnType<typeof setInterval> | undefined;
  let hasEnded = false;

  const tell = () => {
    for (const listener of [...listeners]) {
      try {
        listener();
      } catch {
        // Who only looks, and fails at it, must not end a run.
      }
    }
  };

  const look = () => {
    try {
      for (const { id, reason } of store.cancelRequests()) runs.get(id)?.cancel(reason);
    } catch {
      // The index is locked: it is looked at again in a second.
    }
  };

  const freeMemory = (needy: LiveRun) => {
    for (const run of runs.values()) {
      if (!held.isOverfull) return;
      if (run !== needy) run.dropResults();
    }
  };

  const remember = (run: LiveRun) => {
    runs.set(run.id, run);
    let hosts = runs.values().reduce((sum, { size }) => sum + size, 0);
    for (const old of [...runs.values()]) {
      if (runs.size <= MAX_RUNS && hosts <= MAX_HOSTS) return;
      if (old === run || busy.has(old)) continue;
      runs.delete(old.id);
      old.forget();
      hosts -= old.size;
    }
  };

  const live = (record: RunRecord) =>
    new LiveRun(record, {
      request,
      store,
      now,
      held,
      freeMemory,
      onBusy(run) {
        busy.add(run);
        looking ??= setInterval(look, LOOK_MS);
        tell();
      },
      onIdle(run) {
        busy.delete(run);
        if (busy.size === 0) stopLooking();
        tell();
      },
    });

  const stopLooking = () => {
    clearInterval(looking);
    looking = undefined;
  };

  const watched = (record: RunRecord) => new WatchedRun(record, { store, find, now });

  const find = async (id: RunId): Promise<Run | undefined> => {
    const known = runs.get(id);
    if (known !== undefined || hasEnded) return known;
    try {
      const stored = await store.get(id);
      return runs.get(id) ?? (stored === undefined ? undefined : await open(stored));
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new OperationError("cannot_run", `Cannot read run ${id} back: ${why}`, { cause });
    }
  };

  const open = async (stored: StoredRun): Promise<Run> => {
    const { record } = stored;
    if (!isGoingOn(record)) return live(record);
    if (stored.isElsewhere || !await store.adopt(stored)) return runs.get(record.id) ?? watched(record);
    const known = runs.get(record.id);
    if (known !== undefined) return known;
    const run = live(breakOff(record, now()));
    remember(run);
    await run.keep();
    tell();
    return run;
  };

  return {
    start({ hosts, waitMs, params, callFor, check, ...known }) {
      if (hasEnded) throw ending();
      if (busy.size >= MAX_RUNS) throw tooMany();
      const run = live({
        ...known,
        id: `r_${encodeBase32(randomBytes(RUN_ID_BYTES)).slice(0, ID_CHARACTERS)}`,
        params: isSmall(params) ? params : undefined,
        status: "running",
        startedAt: now(),
        hosts: hosts.map((agent) => ({ agent, status: "waiting" })),
      });
      remember(run);
      run.begin({ waitMs, params, callFor, check });
      return run;
    },

    find,

    recent() {
      const own = [...runs.values()].reverse().map(({ record }) => record);
      const others = storedRuns(store).filter(({ id }) => !runs.has(id));
      return [...own, ...others].sort((a, b) => b.startedAt - a.startedAt).slice(0, RECENT_RUNS);
    },

    onChange(listener) {
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },

    async [Symbol.asyncDispose]() {
      if (hasEnded) return;
      hasEnded = true;
      const limit = Promise.withResolvers<void>();
      const timer = setTimeout(limit.resolve, END_MS);
      const closing = [...runs.values()].map((run) => run.close("the program that carried it out ended"));
      await Promise.race([Promise.all(closing), limit.promise]);
      clearTimeout(timer);
      stopLooking();
      for (const run of runs.values()) run.forget();
      listeners.clear();
    },
  };
}

function storedRuns(store: RunStore): RunRecord[] {
  try {
    return store.recent(RECENT_RUNS);
  } catch {
    return []; // What cannot be read cannot be listed; `find` says why.
  }
}

function isSmall(params: unknown): boolean {
  return (JSON.stringify(params) ?? "").length <= MAX_PARAMS_CHARACTERS;
}

function ending(): OperationError {
  return new OperationError("cancelled", "Cannot begin a run: this program is ending");
}

function tooMany(): OperationError {
  return new OperationError("busy", `Cannot begin a run: ${MAX_RUNS} go on already`, {
    remedy: "Wait until one has ended, or end one with fleet_cancel",
  });
}
