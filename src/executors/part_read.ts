/**
 * The executor of `part_read`: sends a part of a distributed run to whoever holds the run's ticket.
 */
import { OperationError } from "../errors.ts";
import { noSuchPart } from "../parts/run_parts.ts";
import type { Spool } from "../parts/spool.ts";
import type { RunId } from "../protocol/run.ts";
import { Admission, cancelled } from "./admission.ts";
import type { Executor } from "./executor.ts";

/**
 * Parts of one run that are sent at once, and requests that wait for that. They wait for nothing else, and not in the queue of the host:
 * hosts that take parts from each other would wait there for each other. Each run has places of its own: whoever has a ticket may
 * begin to read and never read on, and must not hold up the runs of others by that.
 */
const LIMITS = { maxRunning: 64, maxQueued: 4_096 } as const;

/** What {@link createPartRead} needs. */
export interface PartReadOptions {
  readonly spool: Spool;
}

/** Makes the executor. */
export function createPartRead({ spool }: PartReadOptions): Executor<"part_read"> {
  /** Of the runs that are being read. */
  const admissions = new Map<RunId, Admission>();
  const admissionOf = (run: RunId): Admission => {
    const known = admissions.get(run) ?? new Admission(LIMITS);
    admissions.set(run, known);
    return known;
  };
  const forgetIdle = (run: RunId) => {
    const known = admissions.get(run);
    if (known?.running === 0 && known.queued === 0) admissions.delete(run);
  };
  return async (params, { signal: callerSignal, output }) => {
    if (output === undefined) {
      throw new OperationError("bad_request", "Cannot read the part: nobody takes the output");
    }
    using use = spool.open(params, callerSignal);
    const { parts, signal } = use;
    const info = parts.info(params.part);
    if (info === undefined) throw noSuchPart(params.part);
    if (params.offset > info.bytes) {
      throw new OperationError(
        "bad_request",
        `Cannot read the part "${params.part}" from byte ${params.offset}: it has ${info.bytes}`,
      );
    }
    try {
      using _place = await admissionOf(params.run).acquire(signal);
      for await (const chunk of parts.read(params.part, params.offset)) {
        if (signal.aborted) throw cancelled(signal);
        await output("stdout", chunk);
      }
      if (signal.aborted) throw cancelled(signal);
      return { bytes: info.bytes };
    } finally {
      forgetIdle(params.run);
    }
  };
}
