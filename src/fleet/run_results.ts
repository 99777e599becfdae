/**
 * The results of one run, as far as there is memory for them: whole at first, then the ends of their outputs, then none.
 */
import type { OperationName } from "../protocol/operation.ts";
import { cutResult, type Held, type HeldResults } from "./held_results.ts";
import type { HostOutcome } from "./run.ts";
import { isKept, MAX_KEPT_CHARACTERS } from "./run_store.ts";

const CUT = "only the ends of its output are held";
const DROPPED = "its output is not held any more";

/** What {@link RunResults} needs. */
export interface RunResultsOptions {
  /** The memory of all runs. */
  readonly held: HeldResults;
  readonly host: (index: number) => HostOutcome;
  /** Takes a host whose result was cut or given up. */
  readonly change: (index: number, host: HostOutcome) => void;
}

/** The results of one run, by the index of the host. */
export class RunResults {
  readonly #options: RunResultsOptions;
  readonly #held = new Map<number, Held>();
  #isCutting = false;

  constructor(options: RunResultsOptions) {
    this.#options = options;
  }

  /** Takes a result into memory, in the place of the host's earlier one; what is returned belongs to the host's outcome. */
  hold(index: number, op: OperationName, result: unknown): Pick<HostOutcome, "result" | "note"> {
    this.#forget(index);
    if (isKept(op) && JSON.stringify(result).length <= MAX_KEPT_CHARACTERS) return { result };
    const { value, isCut } = this.#isCutting ? cutResult(result) : { value: result, isCut: false };
    const held = this.#options.held.hold(value);
    this.#held.set(index, held);
    return { result: held.value, ...(isCut ? { note: CUT } : {}) };
  }

  /** Gives up what is between the ends of outputs, and if that is not enough, the newest result. */
  saveMemory(newest: number): void {
    const { held } = this.#options;
    if (!this.#isCutting) {
      this.#isCutting = true;
      for (const index of [...this.#held.keys()]) this.#cut(index);
    }
    if (held.isOverfull) this.#drop(newest);
  }

  /** Gives up all. */
  dropAll(): void {
    for (const index of [...this.#held.keys()]) this.#drop(index);
  }

  /** Gives up all without a word, as nobody looks at the run any more. */
  release(): void {
    for (const index of [...this.#held.keys()]) this.#forget(index);
  }

  #cut(index: number): void {
    const before = this.#held.get(index);
    if (before === undefined) return;
    const { value, isCut } = cutResult(before.value);
    if (!isCut) return;
    const { held, host, change } = this.#options;
    held.drop(before);
    const after = held.hold(value);
    this.#held.set(index, after);
    change(index, { ...host(index), result: after.value, note: noteWith(host(index), CUT) });
  }

  #drop(index: number): void {
    if (!this.#forget(index)) return;
    const { result: _, ...host } = this.#options.host(index);
    this.#options.change(index, { ...host, note: noteWith(host, DROPPED) });
  }

  #forget(index: number): boolean {
    const held = this.#held.get(index);
    if (held === undefined) return false;
    this.#options.held.drop(held);
    return this.#held.delete(index);
  }
}

/** Adds to what is to be known of a host; where its output can be had, that is said. */
export function noteWith({ note, job }: HostOutcome, more: string): string {
  if (note?.includes(more)) return note;
  const text = job === undefined ? more : `${more}: read it with job_get`;
  return note === undefined ? text : `${note}; ${text}`;
}
