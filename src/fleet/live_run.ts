/**
 * A run that this process carries out: begins hosts as its rollout says, follows commands that go on as jobs, and writes down what
 * became of each. It belongs to the node and not to the call that began it.
 */
import { OperationError } from "../errors.ts";
import type { OperationName, ResultOf } from "../protocol/operation.ts";
import type { RunId } from "../protocol/run.ts";
import { askHost, type HostRequest } from "./ask_host.ts";
import { execParams, outputBytesOf } from "./exec_params.ts";
import { failedHost } from "./failed_host.ts";
import { followJob } from "./follow_job.ts";
import type { HeldResults } from "./held_results.ts";
import { judge, type Judgement } from "./judge.ts";
import { createRollout, type Rollout } from "./rollout.ts";
import type { HostCall, HostOutcome, Run, RunPlan, RunProgress, RunRecord } from "./run.ts";
import { RunResults } from "./run_results.ts";
import type { RunStore } from "./run_store.ts";
import { RunWriter } from "./run_writer.ts";

/** Characters of the reason for which a run is cancelled, as it stands at each host. */
const MAX_REASON_CHARACTERS = 1_000;

/** What {@link LiveRun} needs. */
export interface LiveRunOptions {
  readonly request: HostRequest;
  readonly store: RunStore;
  readonly now: () => number;
  readonly held: HeldResults;
  /** Frees memory that is held for other runs. */
  readonly freeMemory: (run: LiveRun) => void;
  /** Called when something begins to go on. */
  readonly onBusy: (run: LiveRun) => void;
  /** Called when nothing goes on any more, and that is written down. */
  readonly onIdle: (run: LiveRun) => void;
}

/** What a host answered. */
interface Answer {
  readonly op: OperationName;
  readonly result: unknown;
}

/** What became of a host; its answer is not in memory yet. */
interface Ending {
  readonly outcome: HostOutcome;
  readonly answer?: Answer;
}

/** A run of this process. */
export class LiveRun implements Run {
  readonly id: RunId;
  readonly #options: LiveRunOptions;
  readonly #hosts: HostOutcome[];
  #head: Omit<RunRecord, "hosts">;
  #snapshot: RunRecord | undefined;
  #plan: RunPlan | undefined;
  #rollout: Rollout | undefined;
  #isPumping = false;
  #cancelReason: string | undefined;
  /** Set when this process ends and the jobs can be followed by another one. */
  #isLeft = false;
  readonly #working = new Map<number, AbortController>();
  #done = 0;
  #idle: PromiseWithResolvers<void> | undefined;
  readonly #listeners = new Set<(progress: RunProgress) => void>();
  readonly #results: RunResults;
  readonly #writer: RunWriter;

  /** @param record - with hosts that wait, or as it was read back; nothing goes on until `begin` or `wait` */
  constructor(record: RunRecord, options: LiveRunOptions) {
    const { hosts, ...head } = record;
    this.id = record.id;
    this.#head = head;
    this.#hosts = [...hosts];
    this.#options = options;
    this.#results = new RunResults({
      held: options.held,
      host: (index) => this.#host(index),
      change: (index, host) => this.#set(index, host),
    });
    this.#writer = new RunWriter({
      store: options.store,
      record: () => this.record,
      onKept: (notKept) => {
        const { notKept: _, ...head } = this.#head;
        this.#head = head;
        this.#setHead(notKept === undefined ? {} : { notKept });
      },
    });
    this.#done = hosts.filter(({ status }) => status !== "waiting" && status !== "running").length;
  }

  get record(): RunRecord {
    return this.#snapshot ??= { ...this.#head, hosts: [...this.#hosts] };
  }

  /** Whether something goes on. */
  get isBusy(): boolean {
    return this.#idle !== undefined;
  }

  /** Hosts that it has. */
  get size(): number {
    return this.#hosts.length;
  }

  /** Begins the hosts that wait. */
  begin(plan: RunPlan): void {
    this.#plan = plan;
    this.#rollout = createRollout({ hosts: this.#hosts.length, flow: this.#head.flow });
    this.#becomeBusy();
    void this.#writer.save();
    this.#pump();
  }

  async wait(ms: number, signal?: AbortSignal): Promise<void> {
    this.#resume();
    if (this.#idle === undefined || ms <= 0 || signal?.aborted) return;
    const over = Promise.withResolvers<void>();
    const timer = setTimeout(over.resolve, ms);
    const onAbort = () => over.resolve();
    signal?.addEventListener("abort", onAbort, { once: true });
    try {
      const isBeingCancelled = this.#cancelReason !== undefined;
      await Promise.race([this.#idle.promise, over.promise]);
      if (isBeingCancelled) this.#resume(); // What goes on now are jobs, whose end is waited for too.
      await Promise.race([this.#idle?.promise, over.promise]);
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", onAbort);
    }
  }

  onProgress(listener: (progress: RunProgress) => void): () => void {
    const own = (progress: RunProgress) => listener(progress);
    this.#listeners.add(own);
    return () => void this.#listeners.delete(own);
  }

  cancel(reason: string): void {
    if (this.#idle === undefined || this.#cancelReason !== undefined) return;
    this.#cancelReason = reason.slice(0, MAX_REASON_CHARACTERS);
    this.#rollout?.stop(this.#cancelReason);
    this.#abort(this.#cancelReason);
  }

  /** Ends it because this process ends: another one can follow the jobs, if they are all that goes on. Resolves when it is written down. */
  async close(reason: string): Promise<void> {
    const isBegun = this.#rollout === undefined || this.#rollout.begun === this.#hosts.length;
    const hasJob = (index: number) => this.#hosts[index]?.job !== undefined;
    if (isBegun && this.#working.keys().every(hasJob)) {
      this.#isLeft = true;
      this.#abort(reason);
    } else this.cancel(reason);
    await this.#idle?.promise;
    await this.#writer.save();
    this.#writer.stop();
  }

  /** Gives up all results, and says so. */
  dropResults(): void {
    this.#results.dropAll();
  }

  /** Frees the memory of its results; it is not to be looked at any more. */
  forget(): void {
    this.#results.release();
    this.#writer.stop();
  }

  /** Writes all of it down, as it was taken over. */
  async keep(): Promise<void> {
    for (const index of this.#hosts.keys()) this.#writer.hostChanged(index);
    await this.#writer.save();
  }

  #host(index: number): HostOutcome {
    const host = this.#hosts[index];
    if (host === undefined) {
      throw new RangeError(`Cannot find host ${index}: the run has ${this.#hosts.length}`);
    }
    return host;
  }

  #set(index: number, host: HostOutcome): void {
    this.#hosts[index] = host;
    this.#snapshot = undefined;
    this.#writer.hostChanged(index);
  }

  /** Changes what is known of the run as a whole. */
  #setHead(changes: Partial<Omit<RunRecord, "hosts">>): void {
    this.#head = { ...this.#head, ...changes };
    this.#snapshot = undefined;
  }

  /** Begins whoever may begin now. */
  #pump(): void {
    const rollout = this.#rollout;
    if (rollout === undefined || this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (let next = rollout.next(); next.length > 0; next = rollout.next()) {
        for (const index of next) this.#begin(index);
      }
    } finally {
      this.#isPumping = false;
    }
    if (rollout.isOver) void this.#finish();
  }

  #begin(index: number): void {
    const { agent } = this.#host(index);
    let call: HostCall | { readonly skip: string };
    try {
      call = this.#plan?.callFor?.(agent, index) ?? { op: this.#head.op, params: this.#plan?.params };
    } catch (error) {
      this.#end(index, { agent, status: "failed", error: OperationError.from(error).toWire() });
      return;
    }
    if ("skip" in call) this.#end(index, { agent, status: "skipped", note: call.skip });
    else {
      this.#set(index, { agent, status: "running", startedAt: this.#options.now() });
      this.#work(index, (signal) => this.#carryOut(index, call, signal));
    }
  }

  #work(index: number, work: (signal: AbortSignal) => Promise<Ending>): void {
    const controller = new AbortController();
    this.#working.set(index, controller);
    void work(controller.signal).then(
      ({ outcome, answer }) => this.#end(index, outcome, answer),
      (error) => this.#end(index, this.#failed(index, OperationError.from(error))),
    );
  }

  async #carryOut(index: number, call: HostCall, signal: AbortSignal): Promise<Ending> {
    const result = await askHost(this.#options.request, this.#host(index).agent.id, {
      callNow: () => ({ op: call.op, params: this.#paramsFor(call.op, call.params) }),
      signal,
    });
    const judgement = judge(call.op, result);
    const { note: _, ...fields } = judgement;
    if (judgement.status !== "running") return this.#ended(index, judgement, { op: call.op, result });
    this.#take(index, { ...this.#host(index), ...fields }, { op: call.op, result });
    return await this.#follow(index, signal, result as ResultOf<"exec">); // Nothing else goes on as a job.
  }

  #paramsFor(op: OperationName, params: unknown): unknown {
    if (op !== "exec") return params;
    return execParams({ ...params as Record<string, unknown> }, { // Parameters of an operation are an object.
      hosts: this.#hosts.length,
      waitMs: this.#plan?.waitMs ?? 0,
      elapsedMs: this.#options.now() - this.#head.startedAt,
    });
  }

  async #follow(index: number, signal: AbortSignal, begun?: ResultOf<"exec">): Promise<Ending> {
    const { agent, job } = this.#host(index);
    if (job === undefined) return { outcome: this.#host(index) };
    const { judgement, result } = await followJob({
      job,
      maxBytes: outputBytesOf(this.#hosts.length),
      ask: (params) => this.#options.request(agent.id, { op: "job_get", params }, { signal }),
      begun,
      signal,
      now: this.#options.now,
    });
    return this.#ended(index, judgement, { op: "exec", result });
  }

  #ended(index: number, judgement: Judgement, answer: Answer): Ending {
    const { agent, startedAt } = this.#host(index);
    const problem = judgement.status === "succeeded" ? this.#plan?.check?.(answer.result, agent) : undefined;
    const { note: said, ...fields } = judgement;
    const note = problem ?? said;
    const outcome: HostOutcome = {
      agent,
      ...(startedAt === undefined ? {} : { startedAt }),
      durationMs: this.#durationSince(startedAt),
      ...fields,
      ...(problem === undefined ? {} : { status: "failed" }),
      ...(note === undefined ? {} : { note }),
    };
    return { outcome, answer };
  }

  #failed(index: number, error: OperationError): HostOutcome {
    const host = this.#host(index);
    const isAborted = this.#working.get(index)?.signal.aborted === true;
    return failedHost(host, error, {
      durationMs: this.#durationSince(host.startedAt),
      givenUp: isAborted ? { reason: this.#isLeft ? undefined : this.#cancelReason } : undefined,
    });
  }

  #durationSince(startedAt: number | undefined): number {
    const now = this.#options.now();
    return Math.max(0, now - (startedAt ?? now));
  }

  /** Takes what became of a host. */
  #end(index: number, outcome: HostOutcome, answer?: Answer): void {
    this.#working.delete(index);
    this.#take(index, outcome, answer);
    if (outcome.status !== "running") {
      this.#done += 1;
      this.#tell({ done: this.#done, total: this.#hosts.length, last: this.#host(index) });
    }
    if (this.#rollout !== undefined) {
      this.#rollout.ended(index, ["succeeded", "skipped", "running"].includes(outcome.status));
      this.#pump();
    } else if (this.#working.size === 0) void this.#finish();
  }

  /** Follows the jobs that go on and nobody follows. */
  #resume(): void {
    if (this.#idle !== undefined || this.#isLeft) return;
    const indexes = this.#hosts.flatMap(({ status, job }, i) =>
      status === "running" && job !== undefined ? [i] : []
    );
    if (indexes.length === 0) return;
    this.#becomeBusy();
    this.#cancelReason = undefined;
    for (const index of indexes) {
      const { note: _, ...host } = this.#host(index);
      this.#set(index, host);
      this.#work(index, (signal) => this.#follow(index, signal));
    }
  }

  #becomeBusy(): void {
    this.#idle = Promise.withResolvers();
    this.#options.onBusy(this);
  }

  #abort(reason: string): void {
    const error = new OperationError("cancelled", `Cancelled: ${reason}`);
    for (const controller of [...this.#working.values()]) controller.abort(error);
  }

  /** Nothing goes on any more: says so once it is written down. */
  async #finish(): Promise<void> {
    const rollout = this.#rollout;
    this.#rollout = undefined;
    const reason = this.#cancelReason ?? rollout?.stopReason;
    const skipped = this.#hosts.flatMap(({ status }, index) => status === "waiting" ? [index] : []);
    for (const index of skipped) {
      this.#set(index, {
        agent: this.#host(index).agent,
        status: "skipped",
        note: reason ?? "it was not begun",
      });
    }
    this.#done += skipped.length;
    if (this.#head.status === "running" && !this.#isLeft) {
      const status = this.#cancelReason !== undefined
        ? "cancelled"
        : reason !== undefined
        ? "stopped"
        : "ended";
      this.#setHead({
        status,
        ...(reason === undefined ? {} : { reason }),
        endedAt: this.#options.now(),
      });
    }
    this.#writer.headChanged();
    if (skipped.length > 0) this.#tell({ done: this.#done, total: this.#hosts.length });
    await this.#writer.save();
    const idle = this.#idle;
    this.#idle = undefined;
    idle?.resolve();
    this.#options.onIdle(this);
  }

  /** Sets a host's line, with its answer as far as there is memory for it. */
  #take(index: number, host: HostOutcome, answer: Answer | undefined): void {
    if (answer === undefined) return this.#set(index, host);
    const { result, note: memory } = this.#results.hold(index, answer.op, answer.result);
    const notes = [host.note, memory].filter((note) => note !== undefined);
    this.#set(index, { ...host, result, ...(notes.length === 0 ? {} : { note: notes.join("; ") }) });
    const { held, freeMemory } = this.#options;
    if (!held.isOverfull) return;
    freeMemory(this);
    if (held.isOverfull) this.#results.saveMemory(index);
  }

  #tell(progress: RunProgress): void {
    for (const listener of [...this.#listeners]) {
      try {
        listener(progress);
      } catch {
        // Who only looks, and fails at it, must not end the run.
      }
    }
  }
}
