/**
 * One distributed run from its preparation to its kept result: looks at the input, has the plan carried out, takes the result, and
 * writes down what a resume needs.
 */
import { OperationError } from "../../errors.ts";
import { type Bytes, EMPTY } from "../../protocol/bytes.ts";
import type { RunId } from "../../protocol/run.ts";
import type { AgentRef, Hosts } from "../fleet.ts";
import type { FailedPartition } from "./attempts.ts";
import { dropParts } from "./drop_parts.ts";
import type { PlanProgress } from "./plan.ts";
import { keepResult } from "./keep_result.ts";
import { prepareRun } from "./prepare.ts";
import type { Reach } from "./reach.ts";
import type { MapReduceRequest } from "./request.ts";
import { type MapReduceRun, startMapReduce } from "./run.ts";
import type { SavedRun, SavedRuns } from "./saved_runs.ts";

/** Milliseconds between two times that what is finished is written down. */
const SAVE_MS = 5_000;
/** The name of the result among the coordinator's parts. */
const RESULT_PART = "result";

/** What is known of a run. */
export interface DistributedStatus {
  readonly id: RunId;
  readonly request: MapReduceRequest;
  readonly status: SavedRun["status"];
  /** What goes on. */
  readonly step: "preparing" | "running" | "taking the result" | "ending" | "ended";
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly hosts: readonly AgentRef[];
  readonly progress?: PlanProgress;
  readonly failed: readonly FailedPartition[];
  /** In words, why it failed. */
  readonly problem?: string;
  /** Bytes of the result. */
  readonly resultBytes?: number;
  /** Where it was written to, if the caller asked for a file. */
  readonly output?: { readonly path: string; readonly backupId: number | null };
  /** Hosts that did not confirm that they removed what the run left there; they do so by themselves after a day. */
  readonly notCleaned: number;
}

/** What it needs. */
export interface DistributedRunOptions {
  readonly fleet: Hosts;
  readonly saved: SavedRuns;
  readonly now: () => number;
  readonly hosts: readonly AgentRef[];
  readonly reach: Reach;
  /** Told when it has ended. */
  readonly onChange: () => void;
}

/** A run. */
export class DistributedRun {
  readonly id: RunId;
  readonly #options: DistributedRunOptions;
  readonly #controller = new AbortController();
  readonly #listeners = new Set<() => void>();
  #saved: Omit<SavedRun, "owner">;
  #step: DistributedStatus["step"] = "ended";
  #run: MapReduceRun | undefined;
  #failed: readonly FailedPartition[] = [];
  #output: DistributedStatus["output"];
  #notCleaned = 0;
  #ended: Promise<void> = Promise.resolve();
  /** Of what was to be written down last; one after the other, so that the last one stays. */
  #saving: Promise<void> = Promise.resolve();
  /** In words, why it could not be written down. */
  #notKept: string | undefined;
  /** Set when the process ends: what is finished stays for a resume. */
  #isBrokenOff = false;

  constructor(saved: Omit<SavedRun, "owner">, options: DistributedRunOptions) {
    this.id = saved.id;
    this.#saved = saved;
    this.#options = options;
  }

  get isGoingOn(): boolean {
    return this.#step !== "ended";
  }

  get status(): DistributedStatus {
    const { id, request, status, startedAt, endedAt, resultBytes } = this.#saved;
    const problems = [this.#saved.problem, this.#notKept].filter((one) => one !== undefined);
    return {
      id,
      request,
      status,
      step: this.#step,
      startedAt,
      ...(endedAt === undefined ? {} : { endedAt }),
      hosts: this.#options.hosts,
      ...(this.#run === undefined ? {} : { progress: this.#run.progress }),
      failed: this.#failed,
      ...(problems.length === 0 ? {} : { problem: problems.join(". ") }),
      ...(resultBytes === undefined ? {} : { resultBytes }),
      ...(this.#output === undefined ? {} : { output: this.#output }),
      notCleaned: this.#notCleaned,
    };
  }

  /** Begins, or goes on from what was kept. */
  begin(): void {
    this.#step = "preparing";
    this.#ended = this.#carryOut();
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    if (!this.isGoingOn || ms <= 0 || signal?.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, ms);
    const onAbort = () => over.resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      await Promise.race([this.#ended, over.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  onProgress(listener: () => void): () => void {
    const own = () => listener();
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  cancel(): void {
    if (!this.isGoingOn && this.#saved.status === "failed") {
      this.#step = "ending";
      this.#ended = this.#discard();
    }
    this.#abort();
  }

  /** Ends what runs, and keeps what is finished. */
  async breakOff(): Promise<void> {
    // Of one that was cancelled before nothing is left to be kept.
    this.#isBrokenOff ||= !this.#controller.signal.aborted;
    if (this.#run !== undefined) await this.#run[Symbol.asyncDispose]();
    this.#abort();
    await this.#ended;
  }

  async readResult(from: number, maxBytes: number): Promise<Bytes> {
    if (this.#saved.status !== "done" || this.#saved.request.output !== undefined) return EMPTY;
    try {
      using file = await Deno.open(await this.#options.saved.resultPath(this.id));
      const { size } = await file.stat();
      const bytes = new Uint8Array(Math.max(0, Math.min(maxBytes, size - from)));
      if (bytes.length === 0) return EMPTY;
      await file.seek(from, Deno.SeekMode.Start);
      let length = 0;
      while (length < bytes.length) {
        const read = await file.read(bytes.subarray(length));
        if (read === null) break;
        length += read;
      }
      return bytes.subarray(0, length);
    } catch (cause) {
      if (!(cause instanceof Deno.errors.NotFound)) throw cause;
      throw new OperationError(
        "cannot_run",
        `Cannot read the result of run ${this.id}: it is not kept any more`,
        { cause },
      );
    }
  }

  /** Never rejects: how it went is in the status. */
  async #carryOut(): Promise<void> {
    let end: Pick<SavedRun, "status"> & Partial<Pick<SavedRun, "problem" | "resultBytes">>;
    try {
      end = await this.#work(this.#controller.signal);
    } catch (thrown) {
      const error = OperationError.from(thrown);
      const isOurs = this.#controller.signal.aborted && !this.#isBrokenOff;
      end = isOurs ? { status: "cancelled" } : {
        status: "failed",
        problem: this.#isBrokenOff
          ? "The program that carried it out ended"
          : [error.message, ...(error.remedy === undefined ? [] : [error.remedy])].join(". "),
      };
    }
    const { snapshot: before, ...saved } = this.#saved;
    const snapshot = end.status === "failed" ? this.#run?.snapshot() ?? before : undefined;
    this.#saved = {
      ...saved,
      ...end,
      endedAt: this.#options.now(),
      ...(snapshot === undefined ? {} : { snapshot }),
    };
    if (end.status !== "done") await this.#forgetResult();
    await this.#save();
    await this.#run?.[Symbol.asyncDispose]();
    this.#step = "ended";
    this.#tell();
    this.#options.onChange();
  }

  async #work(
    signal: AbortSignal,
  ): Promise<{ status: "done"; resultBytes: number } | { status: "failed"; problem: string }> {
    const { fleet, hosts, reach } = this.#options;
    const { id, ticket, request } = this.#saved;
    using ports = await reach({ id, ticket });
    // What cannot be written in the end is refused before the work begins.
    if (request.output !== undefined) await this.#saveOutput(request.output, { signal });
    const spec = await prepareRun(request, { fleet, hosts, run: id, ticket, signal });
    signal.throwIfAborted();
    const { snapshot } = this.#saved;
    const run = startMapReduce(spec, ports, {
      signal,
      onProgress: () => this.#tell(),
      ...(snapshot === undefined ? {} : { resume: snapshot }),
    });
    this.#run = run;
    this.#step = "running";
    this.#tell();
    await this.#save();
    const saving = setInterval(() => void this.#save(), SAVE_MS);
    try {
      const outcome = await run.ended;
      if (outcome.status === "cancelled") throw new OperationError("cancelled", "The run was cancelled");
      if (outcome.status === "failed") {
        this.#failed = outcome.failed;
        return { status: "failed", problem: describeFailure(outcome.failed) };
      }
      this.#step = "taking the result";
      this.#tell();
      const resultBytes = await this.#takeResult(run, signal);
      if (request.output !== undefined) {
        const path = await this.#options.saved.resultPath(id);
        await ports.self.spool.addRange(RESULT_PART, { path, start: 0, end: resultBytes });
        this.#output = await this.#saveOutput(request.output, { part: RESULT_PART, signal });
        await this.#options.saved.removeResult(id);
      }
      this.#notCleaned = await this.#dropParts(run);
      return { status: "done", resultBytes };
    } finally {
      clearInterval(saving);
    }
  }

  /** Removes what is kept of a run that failed. Never rejects: hosts remove by themselves what they were not asked for. */
  async #discard(): Promise<void> {
    const { id, ticket, snapshot, ...saved } = this.#saved;
    try {
      using ports = await this.#options.reach({ id, ticket });
      const outputs = [...snapshot?.maps ?? [], ...snapshot?.reduces ?? []];
      const hosts = new Set([...saved.hosts, ...outputs.map(({ host }) => host)]);
      this.#notCleaned = (await dropParts({ run: id, ticket }, ports, hosts)).length;
    } catch {
      // Nobody could be asked, or this machine's own parts could not be removed.
      this.#notCleaned = saved.hosts.length;
    }
    this.#saved = { id, ticket, ...saved, status: "cancelled" };
    await this.#save();
    this.#step = "ended";
    this.#options.onChange();
  }

  /** The result is taken by then, whatever becomes of the parts. Returns how many hosts did not confirm that they removed theirs. */
  async #dropParts(run: MapReduceRun): Promise<number> {
    try {
      return (await run.drop()).length;
    } catch {
      return 1; // This machine's own parts could not be removed: they are by age.
    }
  }

  async #forgetResult(): Promise<void> {
    try {
      await this.#options.saved.removeResult(this.id);
    } catch {
      // It is removed by age.
    }
  }

  async #takeResult(run: MapReduceRun, signal: AbortSignal): Promise<number> {
    const path = await this.#options.saved.resultPath(this.id);
    return await keepResult(path, { read: (onBytes) => run.readResult(onBytes, signal) });
  }

  /** Writes the result to the caller's file, by this machine's rules; without a part it only asks whether that could be. */
  async #saveOutput(
    path: string,
    { part, signal }: { readonly part?: string; readonly signal: AbortSignal },
  ): Promise<{ path: string; backupId: number | null }> {
    const { id: run, ticket } = this.#saved;
    const params = { run, ticket, path, ...(part === undefined ? {} : { part }) };
    const { result } = await this.#options.fleet.call(undefined, { op: "part_save", params }, { signal });
    return { path: result.path, backupId: result.backupId };
  }

  /** Writes down how it stands when those before it are written; never rejects. */
  #save(): Promise<void> {
    return this.#saving = this.#saving.then(() => this.#saveNow());
  }

  async #saveNow(): Promise<void> {
    const { status } = this.#saved;
    const snapshot = status === "running" ? this.#run?.snapshot() : this.#saved.snapshot;
    try {
      await this.#options.saved.save({ ...this.#saved, ...(snapshot === undefined ? {} : { snapshot }) });
      this.#notKept = undefined;
    } catch (error) {
      // It goes on without; only a resume is not possible then.
      this.#notKept = `It is not kept for a resume: ${OperationError.from(error).message}`;
    }
  }

  #abort(): void {
    this.#controller.abort(new OperationError("cancelled", "The run was cancelled"));
  }

  #tell(): void {
    tellAll(this.#listeners);
  }
}

/** Tells all listeners. Who only looks, and fails at it, must not end a run. */
export function tellAll(listeners: Iterable<() => void>): void {
  for (const listener of [...listeners]) {
    try {
      listener();
    } catch {
      // Its owner has lost what it wanted to show; nothing here depends on it.
    }
  }
}

function describeFailure(failed: readonly FailedPartition[]): string {
  const [first] = failed;
  if (first === undefined) return "It failed";
  const others = failed.length === 1 ? "" : `, and ${failed.length - 1} more`;
  return `${first.stage} ${first.partition} failed for good${others}: ${first.reason}`;
}
