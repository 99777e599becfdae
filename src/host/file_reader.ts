/**
 * Reads an open file piece by piece, and ends when its caller does, even if the disk does not answer.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** Bytes that are read at a time; an even number keeps UTF-16 whole. */
export const PIECE_BYTES = 256 * 1024;

/** Reads one file; it does not close it. */
export class FileReader implements Disposable {
  readonly #file: Deno.FsFile;
  readonly #signal: AbortSignal;
  readonly #aborted = Promise.withResolvers<never>();
  readonly #onAbort = () => this.#aborted.reject(this.#signal.reason);

  constructor(file: Deno.FsFile, signal: AbortSignal) {
    this.#file = file;
    this.#signal = signal;
    this.#aborted.promise.catch(() => {}); // Whoever waits gets it; nobody may be waiting.
    signal.addEventListener("abort", this.#onAbort, { once: true });
  }

  [Symbol.dispose](): void {
    this.#signal.removeEventListener("abort", this.#onAbort);
  }

  /**
   * Reads up to `length` bytes from `position`, fewer only at the end of the file.
   *
   * @throws the reason of the signal if it aborts
   */
  async readAt(position: number, length: number): Promise<Bytes> {
    await this.#wait(this.#file.seek(position, Deno.SeekMode.Start));
    return await this.#fill(new Uint8Array(length));
  }

  /**
   * Reads from `position` to the end of the file, or until `take` returns false. The pieces are full but the last one, and
   * only valid until the next.
   *
   * @returns whether the end was reached
   */
  async readFrom(position: number, take: (piece: Bytes) => boolean): Promise<boolean> {
    await this.#wait(this.#file.seek(position, Deno.SeekMode.Start));
    const buffer = new Uint8Array(PIECE_BYTES);
    for (;;) {
      const piece = await this.#fill(buffer);
      if (piece.length > 0 && !take(piece)) return false;
      if (piece.length < buffer.length) return true;
    }
  }

  async #fill(buffer: Bytes): Promise<Bytes> {
    let length = 0;
    while (length < buffer.length) {
      const count = await this.#wait(this.#file.read(buffer.subarray(length)));
      if (count === null || count === 0) break;
      length += count;
    }
    return buffer.subarray(0, length);
  }

  async #wait<T>(work: Promise<T>): Promise<T> {
    this.#signal.throwIfAborted();
    return await Promise.race([work, this.#aborted.promise]);
  }
}
