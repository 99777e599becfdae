/**
 * The parts that this process keeps for distributed runs: each run has a folder that its ticket opens, and nothing stays behind: not
 * after a run is dropped, not after it was forgotten by everybody, and not after a crash.
 */
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import { lockOwner, type OwnerLock } from "../host/owner_lock.ts";
import { equalBytes, utf8 } from "../protocol/bytes.ts";
import type { Ticket } from "../protocol/part.ts";
import type { RunId } from "../protocol/run.ts";
import { type DiskSpace, PART_LIMITS, type PartLimits, tooManyRuns, wrongTicket } from "./rules.ts";
import { createRunParts, type OwnedRunParts, type RunParts } from "./run_parts.ts";
import { createSpace, diskSpaceOf } from "./space.ts";

/** How often runs that nobody uses any more are looked for. */
const SWEEP_MS = 10 * 60 * 1000;
/** How long a run that is dropped waits for what it runs: TERM, two seconds, KILL, and what the system needs to report it. */
const END_MS = 5_000;
/** Dropped runs that are remembered, so that a request that comes late does not begin one anew. */
const MAX_DROPPED = 1_024;

/** A run while something is done for it. It is not forgotten until it is disposed of. */
export interface RunUse extends Disposable {
  readonly parts: RunParts;
  /** Aborts when the caller's signal does, or the run is dropped. */
  readonly signal: AbortSignal;
}

/** Who uses a run. */
export interface RunKey {
  readonly run: RunId;
  readonly ticket: Ticket;
}

/** The parts of this process. Disposing of it removes them. */
export interface Spool extends AsyncDisposable {
  /** Bytes of the disk that are taken. */
  readonly taken: number;
  /** Runs that have parts here. */
  readonly runs: number;
  /**
   * Uses a run, and begins it if it is not known here. A use without a part is forgotten at its end.
   *
   * @param signal - of the work that is done for it, which a drop ends and waits for; without one the use only keeps the run
   * @throws {OperationError} `refused` if it was begun with another ticket or has been dropped; `busy` if there are too many.
   */
  join(key: RunKey, signal?: AbortSignal): RunUse;
  /**
   * Uses a run that has begun.
   *
   * @throws {OperationError} `refused` if there is none for this ticket.
   */
  open(key: RunKey, signal?: AbortSignal): RunUse;
  /**
   * Ends what runs for a run, and removes its parts. What was dropped before is dropped again.
   *
   * @returns the bytes that were freed
   * @throws {OperationError} `refused` if there is none for this ticket.
   */
  drop(key: RunKey): Promise<number>;
}

/** What a spool stands on. */
export interface SpoolOptions {
  /** Absolute path, in the state folder: commands do not see it. */
  readonly folder: string;
  /** @default {PART_LIMITS} */
  readonly limits?: PartLimits | undefined;
  /** @default asks the system */
  readonly askDisk?: ((folder: string) => Promise<DiskSpace | undefined>) | undefined;
  /** Milliseconds since 1970. @default the system's clock */
  readonly now?: (() => number) | undefined;
  /** Whether to remove what processes left that were killed: for those that last. @default when the first part is written */
  readonly sweepsAtStart?: boolean | undefined;
}

interface Run {
  readonly ticket: Ticket;
  readonly parts: OwnedRunParts;
  readonly folder: string;
  readonly controller: AbortController;
  readonly idle: Set<() => void>;
  hasFolder: boolean;
  /** Who keeps it from being forgotten. */
  users: number;
  /** Those of them that a drop waits for. */
  working: number;
  usedAt: number;
}

/** Opens the spool. Nothing is written before a part is. */
export function openSpool(options: SpoolOptions): Spool {
  const { folder, limits = PART_LIMITS, now = Date.now } = options;
  const askDisk = options.askDisk ?? diskSpaceOf;
  const id = crypto.randomUUID();
  const runs = new Map<RunId, Run>();
  const dropped = new Map<RunId, Ticket>();
  const background = new Set<Promise<unknown>>();
  const space = createSpace(limits, () => askDisk(folder));
  let owner: Promise<OwnerLock> | undefined;
  let timer: ReturnType<typeof setInterval> | undefined;
  const count = { parts: 0 };
  let hasEnded = false;
  let begun = 0;

  const inBackground = (work: Promise<unknown>) => {
    const done = work.catch(() => {}) // What cannot be removed now is tried again at the next start.
      .finally(() => background.delete(done));
    background.add(done);
  };
  /** From then on others see that the folder has an owner; before it, there is none. */
  const own = (): Promise<OwnerLock> => {
    owner ??= lockOwner(join(folder, "owners"), id).then((lock) => {
      if (options.sweepsAtStart !== true) inBackground(sweepLeftovers(folder, lock));
      return lock;
    });
    // The next part may have more luck: the disk was full, for example.
    owner.catch(() => owner = undefined);
    return owner;
  };
  const begin = ({ run: name, ticket }: RunKey): Run => {
    if (runs.size >= limits.maxRuns) forgetIdle();
    if (runs.size >= limits.maxRuns) throw tooManyRuns(limits);
    // Never a name again, as one that was forgotten may still be being removed.
    const path = join(folder, id, `${name}-${begun++}`);
    const run: Run = {
      ticket,
      folder: path,
      parts: createRunParts({
        id: name,
        space,
        limits,
        count,
        folder: async () => {
          if (run.controller.signal.aborted) throw droppedMeanwhile();
          await own();
          run.hasFolder = true;
          await Deno.mkdir(path, { recursive: true, mode: 0o700 });
          return path;
        },
      }),
      controller: new AbortController(),
      idle: new Set(),
      hasFolder: false,
      users: 0,
      working: 0,
      usedAt: now(),
    };
    runs.set(name, run);
    if (timer === undefined) {
      timer = setInterval(forgetIdle, SWEEP_MS);
      Deno.unrefTimer(timer);
    }
    return run;
  };
  const find = ({ run: name, ticket }: RunKey): Run | undefined => {
    const run = runs.get(name);
    // Compared in any case: the time tells nothing.
    const isRight = isSame(ticket, run?.ticket ?? ticket.replace(/./g, "a"));
    return isRight ? run : undefined;
  };
  const use = (name: RunId, run: Run, outer: AbortSignal | undefined): RunUse => {
    run.users++;
    if (outer !== undefined) run.working++;
    run.usedAt = now();
    const controller = new AbortController();
    const onOuter = () => controller.abort(outer?.reason);
    const onRun = () => controller.abort(run.controller.signal.reason);
    outer?.addEventListener("abort", onOuter, { once: true });
    run.controller.signal.addEventListener("abort", onRun, { once: true });
    if (outer?.aborted) onOuter();
    if (run.controller.signal.aborted) onRun();
    let isUsed = true;
    return {
      parts: run.parts,
      signal: controller.signal,
      [Symbol.dispose]() {
        if (!isUsed) return;
        isUsed = false;
        outer?.removeEventListener("abort", onOuter);
        run.controller.signal.removeEventListener("abort", onRun);
        run.usedAt = now();
        if (outer !== undefined && --run.working === 0) { for (const wake of run.idle) wake(); }
        if (--run.users > 0) return;
        // What failed at its first request is nothing to keep a place for.
        if (run.parts.isEmpty && runs.get(name) === run) inBackground(end(name, run));
      },
    };
  };
  const remember = (name: RunId, { ticket }: Run) => {
    dropped.set(name, ticket);
    for (const oldest of dropped.keys()) {
      if (dropped.size <= MAX_DROPPED) break;
      dropped.delete(oldest);
    }
  };
  const end = async (name: RunId, run: Run): Promise<number> => {
    runs.delete(name);
    run.controller.abort(droppedMeanwhile());
    await whenIdle(run);
    const bytes = run.parts.forget();
    if (run.hasFolder) await removeFolder(run.folder);
    return bytes;
  };
  const forgetIdle = () => {
    for (const [name, run] of runs) {
      if (run.users === 0 && now() - run.usedAt > limits.keepMs) inBackground(end(name, run));
    }
  };
  if (options.sweepsAtStart === true) {
    // Without a folder there is nothing to sweep, and none to make.
    inBackground(Deno.stat(folder).then(async () => await sweepLeftovers(folder, await own())));
  }

  return {
    get taken() {
      return space.taken;
    },
    get runs() {
      return runs.size;
    },
    join(key, signal) {
      if (hasEnded) throw droppedMeanwhile();
      const known = find(key);
      if (known !== undefined) return use(key.run, known, signal);
      if (runs.has(key.run) || dropped.has(key.run)) throw wrongTicket();
      return use(key.run, begin(key), signal);
    },
    open(key, signal) {
      const run = find(key);
      if (run === undefined) throw wrongTicket();
      return use(key.run, run, signal);
    },
    async drop(key) {
      const run = find(key);
      if (run !== undefined) {
        remember(key.run, run);
        return await end(key.run, run);
      }
      const before = dropped.get(key.run);
      if (before === undefined || !isSame(before, key.ticket)) throw wrongTicket();
      return 0;
    },
    async [Symbol.asyncDispose]() {
      hasEnded = true;
      clearInterval(timer);
      await Promise.all([...runs].map(([name, run]) => end(name, run)));
      await Promise.all(background);
      if (owner === undefined) return;
      const lock = await owner.catch(() => undefined); // Whoever needed it was told.
      await removeFolder(join(folder, id));
      await lock?.[Symbol.asyncDispose]();
    },
  };
}

/** Removes the folders of processes that are gone. */
async function sweepLeftovers(folder: string, owner: OwnerLock): Promise<void> {
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    if (!isDirectory || name === "owners" || await owner.isAlive(name)) continue;
    await removeFolder(join(folder, name));
  }
  await owner.sweep();
}

async function removeFolder(path: string): Promise<void> {
  await Deno.remove(path, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}

/** Waits until nothing is done for a run, but not for ever: what hangs in the kernel does not end. */
async function whenIdle(run: Run): Promise<void> {
  if (run.working === 0) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, END_MS);
  run.idle.add(over.resolve);
  await over.promise;
  clearTimeout(timer);
}

function isSame(a: Ticket, b: Ticket): boolean {
  return equalBytes(utf8(a), utf8(b));
}

function droppedMeanwhile(): OperationError {
  return new OperationError("cancelled", "Cannot go on: the run was dropped on this host");
}
