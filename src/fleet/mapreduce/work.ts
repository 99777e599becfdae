/**
 * Carries out one action of a plan on its host, and tells the plan how it ended. Used by `run.ts`.
 */
import { OperationError } from "../../errors.ts";
import { partRead } from "../../protocol/operations/part_read.ts";
import { partRun } from "../../protocol/operations/part_run.ts";
import type { AttemptFailure } from "./attempts.ts";
import { isLoss, pause, requestPatiently } from "./patience.ts";
import type { PlanAction, PlanEvent } from "./plan.ts";
import type { MapReduceSpec, Ports } from "./ports.ts";
import { inputName, mapSteps, type PartRunParams, reduceStep } from "./steps.ts";

/** Characters of stderr that a failure keeps. */
const STDERR_CHARACTERS = 2_000;
/** Probes of parts that are under way at once. */
const PROBES_AT_ONCE = 16;
/** Milliseconds for which a host that did not answer may still be reported as gone, before it is tried again. */
const LOSS_DELAY_MS = 1_000;
/** The longest that a timer can be set to. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Milliseconds beyond its limit that a command may wait for a place on its host, and take to be ended. */
const ENDING_MS = 300_000;

/** Actions that have an end. */
export type Work = Exclude<PlanAction, { type: "cancel" }>;

/** Carries out the actions of one run. Never rejects: a failure is an event too. */
export interface Worker {
  carryOut(work: Work, signal: AbortSignal): Promise<PlanEvent>;
}

/** Makes the worker of a run. */
export function createWorker(spec: MapReduceSpec, ports: Ports): Worker {
  const published = new Map<number, Promise<void>>();
  const { run, ticket } = spec;

  const addInput = async (partition: number): Promise<void> => {
    const input = spec.inputs[partition];
    const { spool } = ports.self;
    if (input?.type === "range") await spool.addRange(inputName(partition), input);
    else if (input?.type === "bytes") await spool.addBytes(inputName(partition), input.bytes);
  };
  const publish = (partition: number): Promise<void> => {
    let done = published.get(partition);
    if (done === undefined) {
      published.set(partition, done = addInput(partition));
      // A failure is reported to who waits; the next attempt publishes again.
      done.catch(() => published.delete(partition));
    }
    return done;
  };

  const takeInput = async ({ id, partition, host }: Work & { type: "take_input" }, signal: AbortSignal) => {
    await publish(partition);
    const parts = [{ name: inputName(partition), bytes: sizeOf(spec, partition) }];
    const params = { run, ticket, from: ports.self.address, parts };
    await requestPatiently(ports, { host, op: "part_fetch", params }, { signal, isRepeatable: true });
    return { type: "input_ready", id } as const;
  };

  /** A host ends a command at its limit by itself; one that does not is not waited for. Returns undefined then. */
  const runInTime = async (host: string, params: PartRunParams, signal: AbortSignal): Promise<unknown> => {
    const request = { host, op: "part_run", params };
    if (spec.timeoutMs === undefined) {
      return await requestPatiently(ports, request, { signal, isRepeatable: false });
    }
    const limit = new AbortController();
    const timer = setTimeout(() => limit.abort(), Math.min(MAX_TIMER_MS, spec.timeoutMs + ENDING_MS));
    try {
      const both = AbortSignal.any([signal, limit.signal]);
      return await requestPatiently(ports, request, { signal: both, isRepeatable: false });
    } catch (error) {
      if (!limit.signal.aborted || signal.aborted) throw error;
      return undefined;
    } finally {
      clearTimeout(timer);
    }
  };

  const runAttempt = async (work: Work & { type: "run" }, signal: AbortSignal): Promise<PlanEvent> => {
    const { id, stage, partition, attempt, host, inputs } = work;
    const steps = stage === "map"
      ? mapSteps(spec, partition, attempt)
      : [reduceStep(spec, { partition, attempt, parts: inputs })];
    let bytes: readonly number[] = [];
    for (const params of steps) {
      const answer = await runInTime(host, params, signal);
      if (answer === undefined) return { type: "failed", id, failure: { timedOut: true } };
      const outcome = readOutcome(params, answer);
      if (!Array.isArray(outcome)) return { type: "failed", id, failure: outcome };
      bytes = outcome;
    }
    return { type: "succeeded", id, bytes };
  };

  const isThere = async (host: string, part: { name: string; bytes: number }, signal: AbortSignal) => {
    const params = { run, ticket, part: part.name, offset: part.bytes };
    try {
      const options = { signal, isRepeatable: true, onOutput: () => {} };
      const answer = await requestPatiently(ports, { host, op: "part_read", params }, options);
      return partRead.result.safeParse(answer).data?.bytes === part.bytes;
    } catch {
      // Whatever the reason is: nobody can take it from there.
      return false;
    }
  };
  /** Finds the partitions whose parts are not where they should be: one part stands for all of an attempt. */
  const findLost = async (
    { from, parts }: Work & { type: "fetch" },
    signal: AbortSignal,
  ): Promise<number[]> => {
    const samples = [...new Map(parts.map((part) => [part.partition, part])).values()];
    const lost: number[] = [];
    for (let at = 0; at < samples.length; at += PROBES_AT_ONCE) {
      const some = samples.slice(at, at + PROBES_AT_ONCE);
      const found = await Promise.all(some.map((part) => isThere(from, part, signal)));
      lost.push(...some.filter((_, i) => found[i] === false).map(({ partition }) => partition));
    }
    return lost;
  };
  const fetchParts = async (work: Work & { type: "fetch" }, signal: AbortSignal): Promise<PlanEvent> => {
    const { id, to, from } = work;
    try {
      const address = ports.addressOf(from);
      if (address === undefined) {
        throw new OperationError("peer_gone", `Cannot reach host "${from}": it has left`);
      }
      const parts = work.parts.map(({ name, bytes }) => ({ name, bytes }));
      const params = { run, ticket, from: address, parts };
      await requestPatiently(ports, { host: to, op: "part_fetch", params }, { signal, isRepeatable: true });
      return { type: "fetched", id };
    } catch (thrown) {
      const error = OperationError.from(thrown);
      // If the host that asked has left, that is reported by itself, and is no fault of it.
      if (isLoss(error)) await pause(LOSS_DELAY_MS, signal);
      const failure = { error: error.toWire() };
      const lostTasks = signal.aborted ? [] : await findLost(work, signal);
      return { type: "fetch_failed", id, lostTasks, isCounted: !isLoss(error), failure };
    }
  };

  return {
    async carryOut(work, signal) {
      if (work.type === "fetch") return await fetchParts(work, signal);
      try {
        return work.type === "take_input" ? await takeInput(work, signal) : await runAttempt(work, signal);
      } catch (thrown) {
        const error = OperationError.from(thrown);
        const failure = { error: error.toWire() };
        if (!signal.aborted && !isLoss(error)) return { type: "failed", id: work.id, failure };
        await pause(LOSS_DELAY_MS, signal);
        return { type: "lost", id: work.id, failure };
      }
    },
  };
}

function sizeOf({ inputs }: MapReduceSpec, partition: number): number {
  const input = inputs[partition];
  if (input === undefined) return 0;
  if (input.type === "range") return input.end - input.start;
  return input.type === "bytes" ? input.bytes.length : input.bytes;
}

/** Reads what a host says of a command: the sizes of its parts, or how it failed. */
function readOutcome(
  params: PartRunParams,
  answer: unknown,
): number[] | Omit<AttemptFailure, "host" | "attempt"> {
  const parsed = partRun.result.safeParse(answer);
  if (!parsed.success) return fault("Cannot read the host's answer: perhaps it is of another version");
  const { exitCode, signal, timedOut, stderr, parts } = parsed.data;
  if (exitCode !== 0 || timedOut) {
    const text = `${stderr.head}${stderr.truncated ? "\n...\n" : ""}${stderr.tail}`;
    return { exitCode, signal, timedOut, stderr: text.slice(-STDERR_CHARACTERS) };
  }
  const sizes = new Map(parts.map(({ name, bytes }) => [name, bytes]));
  const { name, reducers } = params.output;
  const bytes = Array.from({ length: reducers }, (_, i) => sizes.get(`${name}.${i}`));
  const whole = bytes.filter((size) => size !== undefined);
  return whole.length === reducers ? whole : fault("Cannot use the host's answer: parts are missing");
}

function fault(message: string): Omit<AttemptFailure, "host" | "attempt"> {
  return { error: { code: "internal", message } };
}
