/**
 * Waiting for jobs and ending them, whichever process of this machine runs them. Used by `runner.ts`.
 */
import { join } from "node:path";
import { killTree } from "../host/process_tree.ts";
import type { JobId } from "../protocol/job.ts";
import type { LiveJob } from "./live_job.ts";
import { JOB_STREAMS, type JobStream, outputSizes } from "./output_file.ts";
import { stampOf } from "./process_stamp.ts";
import { cutText, isOver } from "./rules.ts";
import type { JobRecord, JobStore } from "./store.ts";

/** How often jobs of other processes are looked at while somebody waits for them. */
const POLL_MS = 100;
/** Calls that wait for news at once; past it they are answered with what there is. */
const MAX_WAITING = 256;
const REASON_CHARACTERS = 300;

/** What became of a wish to end a job. */
export type CancelOutcome = "cancelled" | "already_ended" | "still_running";

/** The part of the jobs that waits. */
export interface Watch {
  /** Waits until a running job has output beyond the cursor or has ended, at most `waitMs`. */
  waitForNews(
    id: JobId,
    cursor: Readonly<Record<JobStream, number>>,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Waits until a job has ended, at most `waitMs`, whatever it writes meanwhile. */
  waitForEnd(
    id: JobId,
    options: { readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<void>;
  /** Ends a job, whichever process runs it, and an orphan of one that is lost. Waits for it, at most `waitMs`. */
  cancel(
    record: JobRecord,
    options: { readonly reason: string; readonly waitMs: number; readonly signal: AbortSignal },
  ): Promise<CancelOutcome>;
  /** Whether the process of a job that is lost is seen to run on. */
  isOrphanAlive(record: JobRecord): boolean;
}

/** What {@link createWatch} stands on. */
export interface WatchOptions {
  /** The jobs of this process. */
  readonly live: ReadonlyMap<JobId, LiveJob>;
  readonly store: JobStore;
  readonly find: (id: JobId) => Promise<JobRecord | undefined>;
  /** Of the outputs, absolute. */
  readonly folder: string;
  /** Aborts when the node ends; everybody who waits is answered then. */
  readonly closing: AbortSignal;
  readonly graceMs: () => number;
}

/** Makes the part that waits. */
export function createWatch({ live, store, find, folder, closing, graceMs }: WatchOptions): Watch {
  let waiting = 0;

  /** Looks again and again until `isDone`, the time is over, or nobody waits any more. */
  const poll = async (waitMs: number, signal: AbortSignal, isDone: () => Promise<boolean>) => {
    const deadline = performance.now() + waitMs;
    const stop = AbortSignal.any([signal, closing]);
    while (!stop.aborted && !(await isDone())) {
      const leftMs = deadline - performance.now();
      if (leftMs <= 0) return;
      await pause(Math.min(POLL_MS, leftMs), { signal: stop });
    }
  };

  /** Waits if there is a place among those that wait. */
  const admitted = async (waitMs: number, wait: () => Promise<void>) => {
    if (waitMs <= 0 || waiting >= MAX_WAITING) return;
    waiting++;
    try {
      await wait();
    } finally {
      waiting--;
    }
  };

  const waitForNews: Watch["waitForNews"] = (id, cursor, { waitMs, signal }) =>
    admitted(waitMs, async () => {
      const job = live.get(id);
      if (job === undefined) {
        return await poll(waitMs, signal, async () => {
          const record = await find(id);
          if (record === undefined || isOver(record.status)) return true;
          const sizes = await outputSizes(join(folder, id));
          return sizes !== undefined && JOB_STREAMS.some((name) => sizes[name] > cursor[name]);
        });
      }
      const until = performance.now() + waitMs;
      const stop = AbortSignal.any([signal, closing]);
      for (;;) {
        const news = job.news();
        const isNew = JOB_STREAMS.some((name) => job.output.kept(name) > cursor[name]);
        const leftMs = until - performance.now();
        if (isNew || isOver(job.record.status) || leftMs <= 0 || stop.aborted) return;
        await pause(leftMs, { signal: stop, orUntil: news });
      }
    });

  const waitForEnd: Watch["waitForEnd"] = (id, { waitMs, signal }) =>
    admitted(waitMs, async () => {
      const job = live.get(id);
      if (job !== undefined) {
        return await pause(waitMs, { signal: AbortSignal.any([signal, closing]), orUntil: job.ended });
      }
      await poll(waitMs, signal, async () => {
        const record = await find(id);
        return record === undefined || isOver(record.status);
      });
    });

  const cancel: Watch["cancel"] = async (record, { reason: whole, waitMs, signal }) => {
    const { id } = record;
    const reason = cutText(whole, REASON_CHARACTERS);
    const job = live.get(id);
    if (job !== undefined) {
      job.cancel(reason);
      await pause(waitMs, { signal, orUntil: job.ended });
      return isOver(job.record.status) ? "cancelled" : "still_running";
    }
    if (isOver(record.status)) {
      if (!isOrphanAlive(record) || record.pid === null) return "already_ended";
      await killTree(record.pid, { graceMs: graceMs() });
      if (isOrphanAlive(record)) return "still_running";
      store.markCancelled(id, reason);
      return "cancelled";
    }
    store.requestCancel(id, reason);
    let status = record.status;
    await poll(waitMs, signal, async () => {
      status = (await find(id))?.status ?? "ended";
      return isOver(status);
    });
    return status === "running" ? "still_running" : status === "cancelled" ? "cancelled" : "already_ended";
  };

  return { waitForNews, waitForEnd, cancel, isOrphanAlive };
}

function isOrphanAlive({ status, pid, pidStamp }: JobRecord): boolean {
  return status === "lost" && pid !== null && pidStamp !== null && stampOf(pid) === pidStamp;
}

/** Waits for a time, an event, or an abort, whichever is first. Never rejects. */
async function pause(
  ms: number,
  { signal, orUntil }: { readonly signal: AbortSignal; readonly orUntil?: Promise<void> },
): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, ms);
  const onAbort = () => resolve();
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) resolve();
  void orUntil?.then(resolve);
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", onAbort);
}
