/**
 * What is kept of a distributed run so that it can be resumed: what is finished, and where. Used by `run.ts`.
 */
import * as z from "zod";
import { OperationError } from "../../errors.ts";
import { Ticket } from "../../protocol/part.ts";
import { RunId } from "../../protocol/run.ts";
import type { Finished } from "./plan.ts";
import type { MapReduceSpec } from "./ports.ts";
import { countReducers } from "./steps.ts";

/** Numbers of attempts between one time of a run and the next: more than a partition can use up. */
const ATTEMPTS_PER_TIME = 1_000;

const count = z.number().int().nonnegative();
const FinishedPartition = z.object({
  partition: count,
  host: z.string(),
  attempt: count,
  bytes: z.array(count),
});

/** A run at rest, as plain data. */
export const Snapshot = z.object({
  v: z.literal(1),
  run: RunId,
  ticket: Ticket,
  inputIdentity: z.string(),
  partitions: count,
  reducers: count,
  /** How often the run was resumed. */
  times: count,
  maps: z.array(FinishedPartition),
  reduces: z.array(FinishedPartition),
});
export type Snapshot = z.infer<typeof Snapshot>;

/** Makes a snapshot. */
export function takeSnapshot(spec: MapReduceSpec, finished: Finished, times: number): Snapshot {
  const copy = (list: Finished["maps"]) => list.map((one) => ({ ...one, bytes: [...one.bytes] }));
  return {
    v: 1,
    run: spec.run,
    ticket: spec.ticket,
    inputIdentity: spec.inputIdentity,
    partitions: spec.inputs.length,
    reducers: countReducers(spec),
    times,
    maps: copy(finished.maps),
    reduces: copy(finished.reduces),
  };
}

/**
 * Checks that a snapshot is of this run and this input.
 *
 * @returns what a plan is told; attempts get new numbers, so that parts of this time and the last are never mixed up
 * @throws {OperationError} `bad_request` if it is of another run, or the input has changed.
 */
export function readSnapshot(
  spec: MapReduceSpec,
  value: unknown,
): { finished: Finished; firstAttempt: number; times: number } {
  const parsed = Snapshot.safeParse(value);
  if (!parsed.success) {
    throw new OperationError("bad_request", "Cannot resume the run: what was kept of it cannot be read", {
      cause: parsed.error,
    });
  }
  const { data } = parsed;
  if (data.run !== spec.run || data.ticket !== spec.ticket) {
    throw new OperationError("bad_request", `Cannot resume the run: what was kept is of run "${data.run}"`);
  }
  const isSame = data.inputIdentity === spec.inputIdentity && data.partitions === spec.inputs.length &&
    data.reducers === countReducers(spec);
  if (!isSame) {
    throw new OperationError(
      "bad_request",
      "Cannot resume the run: its input, or how it is divided, has changed",
      {
        remedy: "Start a new run",
      },
    );
  }
  const times = data.times + 1;
  return {
    finished: { maps: data.maps, reduces: data.reduces },
    firstAttempt: times * ATTEMPTS_PER_TIME,
    times,
  };
}
