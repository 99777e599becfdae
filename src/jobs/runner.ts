/**
 * The jobs of a node: starts commands, keeps what they write, and answers for those of the other processes of this
 * machine too. One for each node; `exec` and the `job_` operations stand on it.
 */
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import { lockOwner } from "../host/owner_lock.ts";
import { KILL_GRACE_MS } from "../host/process_tree.ts";
import { type Leftover, type SpawnOptions, spawnProcess } from "../host/spawn.ts";
import type { Isolation, JobId } from "../protocol/job.ts";
import type { Mode } from "../protocol/mode.ts";
import { LiveJob, type LiveOutput } from "./live_job.ts";
import { createArchive, type JobPart } from "./archive.ts";
import { JOB_STREAMS, JobOutput, type JobStream } from "./output_file.ts";
import { isOver, JOB_ID_BYTES, JOB_LIMITS, jobIdOf, type JobLimits } from "./rules.ts";
import { type JobFilter, type JobRecord, newRecord, openJobStore } from "./store.ts";
import { createWatch, type Watch } from "./watch.ts";

/** Ended commands whose background processes' pipes are still read; past it the oldest is let go. */
const MAX_LEFTOVERS = 64;
/** How often what runs is written down, and what other processes ask for is looked at. */
const TICK_MS = 500;
/** Ends that wait to be written down; past it the oldest is given up. */
const MAX_UNSAVED = 1000;
/** How many ends without output there are between two looks at what is to be forgotten. */
const FORGET_EVERY_ENDS = 64;

/** What {@link openJobs} needs. */
export interface JobsOptions {
  /** Absolute path of the node's state folder, which exists. */
  readonly stateFolder: string;
  /** @default {JOB_LIMITS} */
  readonly limits?: Partial<JobLimits>;
  /** Milliseconds between TERM and KILL; asked when a command is to be ended. @default {2000} */
  readonly graceMs?: (() => number) | undefined;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
  /** @default spawnProcess; crash tests pass one that breaks off */
  readonly spawn?: typeof spawnProcess;
}

/** What to start, and how it is shown. */
export interface StartJob {
  readonly command: Pick<SpawnOptions, "argv" | "cwd" | "env" | "stdin" | "timeoutMs" | "setsid">;
  /** Without values of the environment or the input. */
  readonly shown: string;
  readonly caller: { readonly id: string; readonly name: string };
  readonly mode: Mode;
  readonly isolation: Isolation;
  readonly live?: LiveOutput | undefined;
  /** Bytes of both outputs that the answer to its caller carries; all of a longer output is kept. @default {MAX_ANSWERED_BYTES} */
  readonly maxAnsweredBytes?: number | undefined;
}

/** The jobs of this machine and user. Disposing of it ends those that run in this process. */
export interface Jobs extends Watch, AsyncDisposable {
  /** Commands that run in this process, waited for or not. */
  readonly running: number;
  /**
   * Starts a command, after it was written down.
   *
   * @throws {OperationError} `busy` if too many run on their own, `cancelled` if the node ends; else as `spawnProcess`
   * if it cannot be started.
   */
  start(job: StartJob): Promise<LiveJob>;
  find(id: JobId): Promise<JobRecord | undefined>;
  /** The newest first. */
  list(filter: JobFilter): Promise<{ readonly jobs: JobRecord[]; readonly omitted: number }>;
  /** Reads part of an output; of a job that this process does not run, from its file. */
  read(record: JobRecord, stream: JobStream, range: { from: number; maxBytes: number }): Promise<JobPart>;
}

/**
 * Opens the jobs of a node. Those of processes that are gone are marked lost; nothing is ever started again.
 *
 * @throws {Error} If the index cannot be opened.
 */
export async function openJobs(options: JobsOptions): Promise<Jobs> {
  const { now = Date.now, spawn = spawnProcess, graceMs = () => KILL_GRACE_MS } = options;
  const limits: JobLimits = { ...JOB_LIMITS, ...options.limits };
  const folder = join(options.stateFolder, "jobs");
  await using opening = new AsyncDisposableStack();
  const owner = opening.use(await lockOwner(join(folder, "owners"), crypto.randomUUID()));
  const store = opening.use(openJobStore(join(options.stateFolder, "jobs.db")));
  const archive = createArchive({ store, owner, folder, limits, now });
  await archive.recover();
  const owned = opening.move();

  const live = new Map<JobId, LiveJob>();
  /** Ends that could not be written down yet. */
  const unsaved = new Map<JobId, JobRecord>();
  const written = new WeakMap<LiveJob, string>();
  const leftovers = new Set<Leftover>();
  const closing = new AbortController();
  let ticking: Promise<void> = Promise.resolve();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let ends = 0;
  /** Output on disk of running jobs at the last tick. */
  let held = 0;

  /** What uses the index or the files; the end waits for it. */
  const calls = new Set<Promise<unknown>>();
  const tracked = async <T>(work: () => Promise<T>): Promise<T> => {
    if (closing.signal.aborted) throw ending();
    const call = work();
    calls.add(call);
    try {
      return await call;
    } finally {
      calls.delete(call);
    }
  };
  const outputFolder = (id: JobId) => join(folder, id);
  const overlay = (record: JobRecord) => live.get(record.id)?.record ?? unsaved.get(record.id) ?? record;
  const runningBytes = () =>
    live.values().reduce(
      (sum, { record }) => sum + (record.hasFiles ? record.stdoutKept + record.stderrKept : 0),
      0,
    );

  const save = (records: readonly JobRecord[]): boolean => {
    try {
      store.update([...unsaved.values(), ...records]);
      unsaved.clear();
      return true;
    } catch {
      // A full disk, or a lock held for seconds: the next tick or end tries again, and a crash shows them as lost.
      for (const record of records) if (isOver(record.status)) unsaved.set(record.id, record);
      for (const id of unsaved.keys().take(Math.max(0, unsaved.size - MAX_UNSAVED))) unsaved.delete(id);
      return false;
    }
  };

  const forget = async () => {
    const isOverfull = await archive.forget(runningBytes());
    if (isOverfull) { for (const { output } of live.values()) output.stopKeeping(); }
  };

  const onEnd = async (job: LiveJob, leftover: Leftover | undefined) => {
    const { record } = job;
    if (leftover !== undefined) keep(leftover);
    const isTooLong = JOB_STREAMS.some((name) => job.output.bytes(name) > limits.memoryBytes);
    await job.output.close({ keep: job.isDetached || isTooLong || job.isCut });
    live.delete(record.id);
    if (live.size === 0) stopTimer();
    if (job.unrecorded !== undefined) return;
    try {
      if (!job.hasStarted) store.remove([record.id]);
      else save([job.record]);
      if (job.output.hasFiles || ++ends % FORGET_EVERY_ENDS === 0) await forget();
    } catch {
      // The index cannot be written: a row that is left is marked lost at the next start, old jobs are forgotten later.
    }
  };

  const keep = (leftover: Leftover) => {
    const [oldest] = leftovers;
    if (leftovers.size >= MAX_LEFTOVERS && oldest !== undefined) {
      leftovers.delete(oldest);
      void oldest.stop();
    }
    leftovers.add(leftover);
    void leftover.closed.then(() => leftovers.delete(leftover));
  };

  const stopTimer = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const schedule = () => {
    if (timer !== undefined || live.size === 0) return;
    timer = setTimeout(() => {
      timer = undefined;
      ticking = tick().finally(schedule);
    }, TICK_MS);
  };
  /** Whether there is something to write down of a running job that was not when it was asked the last time. */
  const hasChanged = (job: LiveJob) => {
    const { status, stdoutBytes, stderrBytes } = job.record;
    const state = `${stdoutBytes} ${stderrBytes}`;
    if (isOver(status) || written.get(job) === state) return false;
    written.set(job, state);
    return true;
  };
  /** What has run for a while is written down with its output, for the other processes and for after a crash. */
  const tick = async () => {
    try {
      const jobs = [...live.values()].filter(({ unrecorded, hasStarted }) =>
        hasStarted && unrecorded === undefined
      );
      for (const { output } of jobs) await output.toDisk();
      const changed = jobs.filter(hasChanged);
      if (!save(changed.map((job) => job.stampedRecord()))) changed.forEach((job) => written.delete(job));
      for (const { id, reason } of store.cancelRequests(owner.id)) live.get(id)?.cancel(reason);
      if (held !== runningBytes()) await forget();
      held = runningBytes();
    } catch {
      // The index is locked or the disk is full: the next tick tries again.
    }
  };

  const start = async (starting: StartJob) => {
    const { command, shown, caller, mode, isolation, live: liveOutput, maxAnsweredBytes } = starting;
    const detached = live.values().reduce((count, job) => count + Number(job.isDetached), 0);
    if (detached >= limits.maxDetached) throw tooMany(detached);
    const record = newRecord({
      id: jobIdOf(crypto.getRandomValues(new Uint8Array(JOB_ID_BYTES))),
      ownerId: owner.id,
      ownerPid: Deno.pid,
      callerId: caller.id,
      callerName: caller.name,
      command: shown,
      cwd: command.cwd,
      mode,
      isolation,
      startedAt: now(),
    });
    let unrecorded: string | undefined;
    try {
      store.insert(record);
    } catch (error) {
      // One must be able to look around on a machine whose disk is full.
      unrecorded = error instanceof Error ? error.message : String(error);
    }
    const output = new JobOutput(unrecorded === undefined ? outputFolder(record.id) : undefined, limits);
    const onDetached = (job: LiveJob) => {
      if (job.unrecorded === undefined && !isOver(job.record.status)) save([job.stampedRecord()]);
    };
    const job = new LiveJob(
      { record, output, live: liveOutput, maxAnsweredBytes, unrecorded, spawn, now, onEnd, onDetached },
      { ...command, graceMs },
    );
    live.set(record.id, job);
    schedule();
    await job.started;
    return job;
  };

  const find = async (id: JobId) => {
    const job = live.get(id);
    if (job !== undefined) return job.record;
    await archive.markLost();
    const record = store.get(id);
    return record === undefined ? undefined : overlay(record);
  };

  const watch = createWatch({ live, store, find, folder, closing: closing.signal, graceMs });

  return {
    get running() {
      return live.size;
    },
    start: (job) => tracked(() => start(job)),
    find: (id) => tracked(() => find(id)),
    list: (filter) =>
      tracked(async () => {
        await archive.markLost();
        const { jobs, omitted } = store.list(filter);
        const isWanted = ({ status }: JobRecord) => filter.status === undefined || status === filter.status;
        const unrecorded = filter.before !== undefined ? [] : [...live.values()]
          .filter((job) => job.unrecorded !== undefined).map((job) => job.record).reverse();
        return { jobs: [...unrecorded, ...jobs.map(overlay)].filter(isWanted), omitted };
      }),
    read: (record, stream, { from, maxBytes }) =>
      tracked(async () => {
        const job = live.get(record.id);
        if (job !== undefined) {
          const bytes = await job.output.read(stream, from, maxBytes);
          return { bytes, kept: job.output.kept(stream), dropped: job.output.dropped(stream) };
        }
        return await archive.read(record, stream, { from, maxBytes });
      }),
    waitForNews: (id, cursor, how) => tracked(() => watch.waitForNews(id, cursor, how)),
    waitForEnd: (id, how) => tracked(() => watch.waitForEnd(id, how)),
    cancel: (record, how) => tracked(() => watch.cancel(record, how)),
    isOrphanAlive: watch.isOrphanAlive,
    async [Symbol.asyncDispose]() {
      if (closing.signal.aborted) return;
      closing.abort();
      const jobs = [...live.values()];
      for (const job of jobs) job.cancel("the agent that ran it was stopped");
      await Promise.all(jobs.map(({ ended }) => ended));
      await Promise.allSettled(calls);
      stopTimer();
      await ticking;
      stopTimer();
      await Promise.all([...leftovers].map((leftover) => leftover.stop()));
      leftovers.clear();
      await owned.disposeAsync();
    },
  };
}

function tooMany(count: number): OperationError {
  return new OperationError("busy", `Cannot start the command: ${count} jobs run on their own already`, {
    remedy: "Wait until one has ended, or end one with job_cancel",
  });
}

function ending(): OperationError {
  return new OperationError("cancelled", "Cannot look after jobs: the agent on that host is ending");
}
