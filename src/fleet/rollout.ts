/**
 * Who begins next in a run: so many at once, canaries first and alone, waves one after the other, and nobody any more once too many
 * have failed. Pure; the runs obey it.
 */
import { OperationError } from "../errors.ts";
import type { Flow } from "./run.ts";

/** Decides about the hosts of one run, which it knows by their index. Hosts are begun in that order. */
export interface Rollout {
  /** Returns who is to be begun now; whoever was returned counts as begun. */
  next(): number[];
  /**
   * Tells that a host that was begun has ended.
   *
   * @param ok - false if it did not succeed; a host where nothing was to be done is no failure
   */
  ended(index: number, ok: boolean): void;
  /** Begins nobody any more, for a reason from outside. */
  stop(reason: string): void;
  /** Hosts that were begun: those below this index. */
  readonly begun: number;
  /** Whether nobody runs and nobody will be begun. */
  readonly isOver: boolean;
  /** Why hosts were left out; undefined as long as none is. */
  readonly stopReason: string | undefined;
}

/**
 * Makes the decisions of a run.
 *
 * @param options.hosts - how many there are
 */
export function createRollout({ hosts, flow }: { readonly hosts: number; readonly flow: Flow }): Rollout {
  const canaries = Math.min(Math.max(0, flow.canary), hosts);
  const parallel = Math.max(1, flow.parallel);
  const waveSize = flow.waveSize > 0 ? flow.waveSize : hosts;
  const running = new Set<number>();
  let begun = 0;
  let failures = 0;
  let reason: string | undefined;
  /** Up to here hosts may be begun, before all of them have ended. */
  let phaseEnd = canaries > 0 ? canaries : Math.min(hosts, waveSize);

  return {
    next() {
      if (reason !== undefined) return [];
      if (begun === phaseEnd && running.size === 0) phaseEnd = Math.min(hosts, phaseEnd + waveSize);
      const count = Math.min(phaseEnd - begun, parallel - running.size);
      const indexes = Array.from({ length: Math.max(0, count) }, (_, i) => begun + i);
      for (const index of indexes) running.add(index);
      begun += indexes.length;
      return indexes;
    },
    ended(index, ok) {
      if (!running.delete(index)) throw new RangeError(`Cannot end host ${index}: it does not run`);
      if (ok) return;
      failures += 1;
      if (index < canaries) {
        reason ??= `A canary did not succeed: all ${canaries} had to, before other hosts were begun`;
      } else if (failures > flow.maxFailures) {
        reason ??= `${failures} ${
          failures === 1 ? "host" : "hosts"
        } did not succeed, and ${flow.maxFailures} were allowed to`;
      }
    },
    stop: (why) => void (reason ??= why),
    get begun() {
      return begun;
    },
    get isOver() {
      return running.size === 0 && (begun === hosts || reason !== undefined);
    },
    get stopReason() {
      return begun === hosts ? undefined : reason;
    },
  };
}

/**
 * Reads how many of all hosts are meant.
 *
 * @param count - a whole number, also as text, or a part of all such as `"10%"`
 * @param total - how many there are
 * @param rounding - `up` for who goes first, so that any part is somebody; `down` for how many may fail
 * @returns 0 to `total`
 * @throws {OperationError} `bad_request` if it is neither.
 */
export function parseCount(count: number | string, total: number, rounding: "up" | "down" = "up"): number {
  const [, digits, percent] = /^(?:(\d{1,9})|(\d{1,3}(?:\.\d{1,9})?)%)$/.exec(String(count).trim()) ?? [];
  if (digits !== undefined) return Math.min(Number(digits), total);
  const part = Number(percent ?? NaN);
  if (!(part <= 100)) {
    throw new OperationError(
      "bad_request",
      `Cannot read "${String(count).slice(0, 64)}" as a number of hosts`,
      {
        remedy: 'Give a whole number such as 3, or a part of the hosts such as "10%"',
      },
    );
  }
  // A part such as 0.3 of 1000 must not become 3.0000000000000004 before it is rounded.
  const exact = Number((total * part / 100).toFixed(9));
  return rounding === "up" ? Math.ceil(exact) : Math.floor(exact);
}
