/**
 * Splits what git prints with `-z` into its records, while it comes. Records are counted by whoever takes them, so an answer
 * of any length costs no memory.
 */
import type { Bytes } from "../../protocol/bytes.ts";
import { concatBytes } from "../../protocol/bytes.ts";

/** Bytes of one record that are kept; longer ones are cut. A path has 4 KiB at most, a message is cut further anyway. */
export const MAX_RECORD_BYTES = 64 * 1024;

const strictDecoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const lenientDecoder = new TextDecoder("utf-8", { ignoreBOM: true });

/** Takes chunks and gives out the texts between NULs. */
export class RecordSplitter {
  readonly #onRecord: (record: string) => void;
  #parts: Bytes[] = [];
  #bytes = 0;
  #isInvalid = false;

  constructor(onRecord: (record: string) => void) {
    this.#onRecord = onRecord;
  }

  /** Whether a record held bytes that are not UTF-8, shown as U+FFFD. */
  get invalidUtf8(): boolean {
    return this.#isInvalid;
  }

  /** Takes the next bytes, and copies what it keeps. */
  push(chunk: Bytes): void {
    let from = 0;
    for (let end = chunk.indexOf(0); end >= 0; end = chunk.indexOf(0, from)) {
      this.#keep(chunk.subarray(from, end));
      this.#emit();
      from = end + 1;
    }
    this.#keep(chunk.subarray(from));
  }

  /** Gives out what stands after the last NUL, if anything does. */
  end(): void {
    if (this.#bytes > 0) this.#emit();
  }

  #keep(piece: Bytes): void {
    const room = MAX_RECORD_BYTES - this.#bytes;
    if (piece.length === 0 || room <= 0) return;
    const kept = piece.slice(0, room);
    this.#parts.push(kept);
    this.#bytes += kept.length;
  }

  #emit(): void {
    const bytes = concatBytes(...this.#parts);
    this.#parts = [];
    this.#bytes = 0;
    this.#onRecord(this.#decode(bytes));
  }

  #decode(bytes: Bytes): string {
    try {
      return strictDecoder.decode(bytes);
    } catch {
      // Not UTF-8, or cut within a character: shown with replacement characters, and said so.
      this.#isInvalid = true;
      return lenientDecoder.decode(bytes);
    }
  }
}
