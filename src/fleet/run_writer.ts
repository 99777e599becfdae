/**
 * Writes a run down as it goes on: what changed in one go, a few times a second, and at the end before the run counts as ended. A full
 * disk does not stop a run; it is tried again, and the run says that it is not kept.
 */
import type { RunRecord } from "./run.ts";
import { HOSTS_IN_ROW, type RunStore } from "./run_store.ts";

/** Milliseconds between two writes of what changed. */
export const SAVE_MS = 250;
/** Milliseconds until it is tried again where it could not be written. */
const SAVE_AGAIN_MS = 5_000;

/** What {@link RunWriter} needs. */
export interface RunWriterOptions {
  readonly store: Pick<RunStore, "save">;
  readonly record: () => RunRecord;
  /** Told why the run is not kept, or undefined once it is again. */
  readonly onKept: (problem: string | undefined) => void;
}

/** The writer of one run. */
export class RunWriter {
  readonly #options: RunWriterOptions;
  readonly #changed = new Set<number>();
  #isHeadChanged = true;
  #problem: string | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #saving: Promise<void> = Promise.resolve();

  constructor(options: RunWriterOptions) {
    this.#options = options;
  }

  /** Something changed about a host. */
  hostChanged(index: number): void {
    this.#changed.add(Math.floor(index / HOSTS_IN_ROW));
    this.#timer ??= setTimeout(() => void this.save(), this.#problem === undefined ? SAVE_MS : SAVE_AGAIN_MS);
  }

  /** Something changed about the run itself, which the next write takes along. */
  headChanged(): void {
    this.#isHeadChanged = true;
  }

  /** Writes down what changed, after what is being written. Never rejects. */
  save(): Promise<void> {
    this.stop();
    return this.#saving = this.#saving.then(() => this.#write());
  }

  /** Writes no more by itself. */
  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  async #write(): Promise<void> {
    if (this.#changed.size === 0 && !this.#isHeadChanged) return;
    const parts = [...this.#changed];
    this.#changed.clear();
    this.#isHeadChanged = false;
    let problem: string | undefined;
    try {
      await this.#options.store.save(this.#options.record(), parts);
    } catch (error) {
      for (const part of parts) this.#changed.add(part);
      this.#isHeadChanged = true;
      problem = error instanceof Error ? error.message : String(error);
    }
    if (problem === this.#problem) return;
    this.#problem = problem;
    this.#options.onKept(problem);
  }
}
