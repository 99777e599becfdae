/**
 * Reads one output pipe of a child and hands every chunk to a consumer that is awaited: while the consumer is not
 * ready nothing is read, so the pipe fills and the child waits.
 */
import type { Bytes } from "../protocol/bytes.ts";

/**
 * Milliseconds that we wait, in all, for more output once the command itself has ended and others still hold its
 * pipe. What the command wrote is in the pipe by then and needs no waiting; this is for helpers that end right after
 * it, such as `tee` in `> >(tee log)`.
 */
export const SETTLE_MS = 250;
/**
 * Silence is counted in slices. One that took twice its time or more does not count: the event loop was busy, and what is in
 * the pipe may not have been read for that reason. Nor does one with a large chunk: that is what was left in the pipe.
 */
const SETTLE_SLICES = 5;
const LARGE_CHUNK_BYTES = 4096;
const TIMER_SLACK_MS = 10;
/**
 * Bytes that are still taken as the command's own after it has ended. It can have left no more than a full pipe
 * (64 KiB, at most 1 MiB on Linux); beyond that it is a background process that writes.
 */
const SETTLE_BYTES = 1024 * 1024;

/**
 * Room for one read. Most commands write little, and the runtime's own 64 KiB for each read, cleared and thrown away, cost more than
 * the command; one that fills its room is given more.
 */
const FIRST_READ_BYTES = 4096;
const MAX_READ_BYTES = 64 * 1024;

/** What is done with each chunk; reading goes on when it resolves. */
export type Consume = (bytes: Bytes) => Promise<void>;

/** Owns the reading of one pipe, from the start to the close of the pipe or {@link PipePump.stop}. */
export class PipePump {
  /** Resolves when the pipe was read to its end or stopped, and the consumer has taken its last chunk. Never rejects. */
  readonly closed: Promise<void>;
  readonly #reader: ReadableStreamBYOBReader;
  readonly #finished = Promise.withResolvers<void>();
  #consume: Consume | undefined;
  #readBytes = FIRST_READ_BYTES;
  #isWaiting = false;
  #isClosed = false;
  #bytesLeft = Infinity;
  #hasReadLarge = false;
  #hasDropped = false;

  /**
   * Starts to read.
   *
   * @param pipe - a stream of bytes
   * @param onFailure - called once if `consume` rejects; from then on output is read and dropped
   */
  constructor(pipe: ReadableStream<Bytes>, consume: Consume, onFailure: (error: unknown) => void) {
    this.#reader = pipe.getReader({ mode: "byob" });
    this.#consume = consume;
    this.closed = this.#run(onFailure);
  }

  /** Whether others still hold the pipe. */
  get isOpen(): boolean {
    return !this.#isClosed;
  }

  /** Whether something was read that nobody took. */
  get hasDropped(): boolean {
    return this.#hasDropped;
  }

  /**
   * To be called when the command has ended. Resolves when the consumer has taken all that the command wrote: at the
   * end of the pipe, or, if a background process keeps it open, after a short silence. Time in which the consumer is
   * not ready does not count.
   */
  async settle(settleMs: number = SETTLE_MS): Promise<void> {
    this.#bytesLeft = SETTLE_BYTES;
    let isOver = false;
    let wake = () => {};
    void this.#finished.promise.then(() => {
      isOver = true;
      wake();
    });
    const sliceMs = settleMs / SETTLE_SLICES;
    for (let silentSlices = 0; silentSlices < SETTLE_SLICES && !isOver;) {
      const startedAt = performance.now();
      this.#hasReadLarge = false;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, sliceMs);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
      const isOnTime = performance.now() - startedAt < sliceMs + Math.max(sliceMs, TIMER_SLACK_MS);
      if (this.#isWaiting && isOnTime && !this.#hasReadLarge) silentSlices++;
    }
    this.discard();
  }

  /** Goes on reading, so that whoever holds the pipe can write, and drops what comes. */
  discard(): void {
    this.#consume = undefined;
    this.#finished.resolve();
  }

  /** Stops reading at once, even if others hold the pipe or the consumer never becomes ready. */
  async stop(): Promise<void> {
    this.discard();
    await this.#reader.cancel();
    this.#isClosed = true;
  }

  async #run(onFailure: (error: unknown) => void): Promise<void> {
    try {
      for (;;) {
        this.#isWaiting = true;
        const value = await this.#read();
        this.#isWaiting = false;
        if (value === undefined) break;
        this.#hasReadLarge ||= value.length >= LARGE_CHUNK_BYTES;
        if (this.#consume === undefined) this.#hasDropped = true;
        await this.#consume?.(value);
        this.#bytesLeft -= value.length;
        if (this.#bytesLeft <= 0) this.discard();
      }
    } catch (error) {
      this.discard();
      onFailure(error);
      await this.#drain();
    }
    this.#isClosed = true;
    this.#finished.resolve();
  }

  /** Returns the next chunk, which is the caller's to keep; undefined at the end. */
  async #read(): Promise<Bytes | undefined> {
    const { value, done } = await this.#reader.read(new Uint8Array(this.#readBytes));
    if (done) return undefined;
    if (value.length === this.#readBytes) this.#readBytes = Math.min(MAX_READ_BYTES, 2 * this.#readBytes);
    return value;
  }

  async #drain(): Promise<void> {
    try {
      while (await this.#read() !== undefined);
    } catch {
      // The first failure was reported; a pipe that cannot be read has nothing more to tell.
    }
  }
}
