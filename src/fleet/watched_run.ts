/**
 * A run that another process of this machine and user carries out, as the store shows it.
 */
import { OperationError } from "../errors.ts";
import type { RunId } from "../protocol/run.ts";
import { pause } from "./pause.ts";
import type { HostOutcome, Run, RunProgress, RunRecord } from "./run.ts";
import type { RunStore } from "./run_store.ts";

/** Milliseconds between two looks. */
const LOOK_MS = 500;

/** What {@link WatchedRun} needs. */
export interface WatchedRunOptions {
  readonly store: Pick<RunStore, "get" | "requestCancel">;
  /** Finds the run anew, once nobody carries it out. */
  readonly find: (id: RunId) => Promise<Run | undefined>;
  readonly now: () => number;
}

/** A run of another process. */
export class WatchedRun implements Run {
  readonly id: RunId;
  readonly #options: WatchedRunOptions;
  #record: RunRecord;
  readonly #listeners = new Set<(progress: RunProgress) => void>();

  constructor(record: RunRecord, options: WatchedRunOptions) {
    this.id = record.id;
    this.#record = record;
    this.#options = options;
  }

  get record(): RunRecord {
    return this.#record;
  }

  async wait(ms: number, signal: AbortSignal = new AbortController().signal): Promise<void> {
    const { store, find, now } = this.#options;
    const end = now() + ms;
    while (isGoingOn(this.#record) && !signal.aborted) {
      const left = end - now();
      if (left <= 0) return;
      try {
        await pause(Math.min(LOOK_MS, left), signal);
      } catch {
        return; // Whoever waited does so no longer.
      }
      const stored = await store.get(this.id);
      if (stored === undefined) return;
      this.#take(stored.record);
      if (stored.isElsewhere || !isGoingOn(stored.record)) continue;
      // Its process has ended: this one goes on with what can be followed.
      const run = await find(this.id);
      if (run === undefined || run instanceof WatchedRun) continue;
      const stop = run.onProgress((progress) => this.#tell(progress));
      try {
        await run.wait(Math.max(0, end - now()), signal);
      } finally {
        stop();
        this.#record = run.record;
      }
      return;
    }
  }

  onProgress(listener: (progress: RunProgress) => void): () => void {
    const own = (progress: RunProgress) => listener(progress);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  cancel(reason: string): void {
    try {
      this.#options.store.requestCancel(this.id, reason);
    } catch (cause) {
      const why = cause instanceof Error ? cause.message : String(cause);
      throw new OperationError("cannot_run", `Cannot cancel run ${this.id} of another process: ${why}`, {
        cause,
      });
    }
  }

  #take(record: RunRecord): void {
    const before = this.#record;
    this.#record = record;
    const total = record.hosts.length;
    let done = before.hosts.filter(hasEnded).length;
    for (const [index, last] of record.hosts.entries()) {
      const known = before.hosts[index];
      if (hasEnded(last) && (known === undefined || !hasEnded(known))) {
        this.#tell({ done: ++done, total, last });
      }
    }
  }

  #tell(progress: RunProgress): void {
    for (const listener of [...this.#listeners]) listener(progress);
  }
}

/** Whether something of a run goes on: hosts that are to be begun or have not answered, or commands that run as jobs. */
export function isGoingOn({ status, hosts }: RunRecord): boolean {
  return status === "running" || hosts.some((host) => host.status === "running");
}

function hasEnded({ status }: HostOutcome): boolean {
  return status !== "waiting" && status !== "running";
}
