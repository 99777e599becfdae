/**
 * Carries out a distributed run: feeds its plan with what happens, does what the plan says, and hands out the result. Used by the
 * tool and the command `mapreduce`.
 */
import { OperationError } from "../../errors.ts";
import type { Bytes } from "../../protocol/bytes.ts";
import type { AgentRef } from "../fleet.ts";
import type { FailedPartition, Output } from "./attempts.ts";
import { dropParts } from "./drop_parts.ts";
import { createPlan, type PlanEvent, type PlanProgress } from "./plan.ts";
import type { MapReduceSpec, Ports } from "./ports.ts";
import { type ResultPart, streamResult } from "./read_result.ts";
import { readSnapshot, type Snapshot, takeSnapshot } from "./snapshot.ts";
import { countReducers, skipsEmptyParts } from "./steps.ts";
import { createWorker, type Work } from "./work.ts";

/** Milliseconds between two looks at what takes long. */
const TICK_MS = 500;

/** How a run went. */
export type MapReduceOutcome =
  | { readonly status: "done" | "cancelled" }
  | { readonly status: "failed"; readonly failed: readonly FailedPartition[] };

/** What is told of a run as it goes on. */
export interface MapReduceProgress extends PlanProgress {
  /** The host at which a partition was finished last. */
  readonly host: string;
}

/** How a run is started. */
export interface MapReduceOptions {
  /** Cancels the run: what runs is ended, and its parts are removed. */
  readonly signal: AbortSignal;
  readonly onProgress?: ((progress: MapReduceProgress) => void) | undefined;
  /** What was kept of an earlier time of the same run. */
  readonly resume?: unknown;
}

/** A run. Disposing of it ends what runs, and leaves the parts for a resume. */
export interface MapReduceRun extends AsyncDisposable {
  /** Resolves when every partition is done or one has failed for good, and nothing runs; never rejects. */
  readonly ended: Promise<MapReduceOutcome>;
  readonly progress: PlanProgress;
  /**
   * Streams the result in order. A piece whose host has gone is done again meanwhile, so dispose of the run afterwards only.
   *
   * @param onBytes - takes the next bytes, which are valid until its promise resolves
   * @returns bytes in all
   * @throws {OperationError} If the run has not ended well, or a piece was lost and could not be done again as it was.
   */
  readResult(
    onBytes: (bytes: Bytes) => void | Promise<void>,
    signal: AbortSignal,
  ): Promise<{ bytes: number }>;
  /** What a resume needs, as plain data. A resumed run is kept anew before anything else. */
  snapshot(): Snapshot;
  /**
   * Ends the run and removes its parts from all hosts that it used.
   *
   * @returns the hosts that did not confirm it; they remove parts by themselves after a day
   */
  drop(): Promise<readonly string[]>;
}

/**
 * Starts a run on the hosts of `ports`; hosts that join later take part. An attempt may run more than once, its result counts
 * once.
 *
 * @throws {OperationError} `bad_request` if what is to be resumed is of another run or input.
 *
 * @example
 * ```ts
 * await using run = startMapReduce(spec, ports, { signal });
 * const outcome = await run.ended;
 * if (outcome.status === "done") await run.readResult((bytes) => file.write(bytes), signal);
 * await run.drop();
 * ```
 */
export function startMapReduce(
  spec: MapReduceSpec,
  ports: Ports,
  { signal, onProgress, resume }: MapReduceOptions,
): MapReduceRun {
  const earlier = resume === undefined ? undefined : readSnapshot(spec, resume);
  const reducers = countReducers(spec);
  let known = addresses(ports);
  const plan = createPlan({
    tasks: spec.inputs.map((input) =>
      input.type === "files"
        ? { bytes: input.bytes, pinned: input.host }
        : { bytes: input.type === "range" ? input.end - input.start : input.bytes.length }
    ),
    reducers,
    skipsEmpty: skipsEmptyParts(spec),
    hosts: [...known.keys()],
    slots: spec.slots,
    maxRetries: spec.maxRetries,
    firstAttempt: earlier?.firstAttempt,
    finished: earlier?.finished,
  });
  const worker = createWorker(spec, ports);
  const used = new Set<string>(
    [...earlier?.finished.maps ?? [], ...earlier?.finished.reduces ?? []].map((o) => o.host),
  );
  /** What is under way, by its id; a promise for each, so that nothing is left behind. */
  const controllers = new Map<number, AbortController>();
  const running = new Set<Promise<void>>();
  const ended = Promise.withResolvers<MapReduceOutcome>();
  let changed = Promise.withResolvers<void>();
  const life = new AbortController();
  let stopped: Promise<void> | undefined;
  let dropped: Promise<readonly string[]> | undefined;
  let cancelled: Promise<void> | undefined;

  const handle = (event: PlanEvent): void => {
    if (stopped !== undefined) return;
    for (const action of plan.handle(event, ports.now())) {
      if (action.type === "cancel") controllers.get(action.id)?.abort();
      else begin(action);
    }
    changed.resolve();
    changed = Promise.withResolvers();
    if (plan.underWay > 0 || running.size > 0) return;
    settle();
  };
  const settle = () => {
    if (plan.status === "done") ended.resolve({ status: "done" });
    if (plan.status === "failed") ended.resolve({ status: "failed", failed: plan.failed });
  };

  const begin = (work: Work): void => {
    const controller = new AbortController();
    controllers.set(work.id, controller);
    used.add(work.type === "fetch" ? work.to : work.host);
    const whole = worker.carryOut(work, controller.signal).then((event) => {
      controllers.delete(work.id);
      running.delete(whole);
      handle(event);
      if (event.type === "succeeded" && work.type === "run") {
        onProgress?.({ ...plan.progress, host: work.host });
      }
    });
    running.add(whole);
  };

  const followHosts = () => {
    const now = addresses(ports);
    const before = known;
    known = now;
    for (const [host, address] of before) {
      // Another address is another process: what the former one ran and kept is gone.
      if (now.get(host) !== address) handle({ type: "left", host });
    }
    for (const [host, address] of now) if (before.get(host) !== address) handle({ type: "joined", host });
  };

  const stop = (): Promise<void> => {
    stopped ??= (async () => {
      clearInterval(timer);
      unsubscribe();
      signal.removeEventListener("abort", cancel);
      life.abort(new OperationError("cancelled", "Cannot read the result: the run is over"));
      for (const controller of controllers.values()) controller.abort();
      await Promise.all(running);
      settle();
      changed.resolve();
      if (cancelled === undefined) ended.resolve({ status: "cancelled" });
    })();
    return stopped;
  };
  const drop = (): Promise<readonly string[]> => dropped ??= stop().then(() => dropParts(spec, ports, used));
  const cancel = () => {
    const finish = () => ended.resolve({ status: "cancelled" });
    // What could not be removed now is removed by age; the run is cancelled all the same.
    cancelled = Promise.resolve().then(drop).then(finish, finish);
  };

  const locate = async (part: ResultPart, reading: AbortSignal): Promise<Output> => {
    for (;;) {
      reading.throwIfAborted();
      if (plan.failed.length > 0) throw failedError(plan.failed);
      const output = plan.outputOf(part.stage, part.partition);
      if (output !== undefined) return output;
      // Besides every change there is the tick, so that an abort is seen.
      await changed.promise;
    }
  };

  const timer = setInterval(() => handle({ type: "tick" }), TICK_MS);
  const unsubscribe = ports.onHostsChange(followHosts);
  signal.addEventListener("abort", cancel, { once: true });
  if (signal.aborted) cancel();
  else handle({ type: "begin" });

  return {
    ended: ended.promise,
    get progress() {
      return plan.progress;
    },
    async readResult(onBytes, reading) {
      const outcome = await ended.promise;
      if (outcome.status === "failed") throw failedError(outcome.failed);
      if (outcome.status === "cancelled") {
        throw new OperationError("cancelled", "Cannot read the result: the run was cancelled");
      }
      const [stage, count] = reducers > 0
        ? ["reduce" as const, reducers]
        : ["map" as const, spec.inputs.length];
      const parts = Array.from({ length: count }, (_, partition) => ({ stage, partition }));
      const reader = {
        spec,
        ports,
        locate,
        reportGone: ({ stage, partition }: ResultPart, attempt: number) =>
          handle({ type: "output_gone", stage, partition, attempt }),
      };
      let bytes = 0;
      const both = AbortSignal.any([reading, life.signal]);
      for await (const chunk of streamResult(reader, parts, both)) {
        both.throwIfAborted();
        bytes += chunk.length;
        await onBytes(chunk);
      }
      return { bytes };
    },
    snapshot: () => takeSnapshot(spec, plan.finished(), earlier?.times ?? 0),
    drop,
    async [Symbol.asyncDispose]() {
      await stop();
      await cancelled;
    },
  };
}

/** The hosts that can be reached, with their addresses. */
function addresses(ports: Ports): Map<string, string> {
  return new Map(
    ports.hosts().flatMap(({ id }: AgentRef) => {
      const address = ports.addressOf(id);
      return address === undefined ? [] : [[id, address] as const];
    }),
  );
}

function failedError(failed: readonly FailedPartition[]): OperationError {
  const [first] = failed;
  const which = first === undefined ? "" : `: ${first.stage} ${first.partition}, as ${first.reason}`;
  const count = failed.length === 1 ? "1 partition" : `${failed.length} partitions`;
  return new OperationError("cannot_run", `Cannot give the result: ${count} failed${which}`);
}
