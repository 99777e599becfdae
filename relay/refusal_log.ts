/**
 * The relay's log of refused and ended connections: one line each with address and reason, and a summary
 * instead of lines once there are many, so that a flood does not fill a disk.
 */
import type { RelayErrorCode } from "../src/protocol/control.ts";
import type { Refusal } from "./core/effect.ts";

/** Lines that are written in full in one window. */
const LINES_PER_WINDOW = 20;
const WINDOW_MS = 10_000;

/** Where log lines go; a LogTape logger is one. */
export interface LineLog {
  debug(line: string): void;
  warn(line: string): void;
}

/** Writes refusals, bounded. Its owner calls {@link RefusalLog.tick} now and then, and at the end. */
export class RefusalLog {
  readonly #log: LineLog;
  #windowStartMs = -Infinity;
  #lines = 0;
  readonly #suppressed = new Map<RelayErrorCode, number>();

  /** @param log - takes lines that hold no secret, card or payload */
  constructor(log: LineLog) {
    this.#log = log;
  }

  /**
   * Notes that a connection was refused or ended.
   *
   * @param remote - `ip:port` of the TCP peer
   * @param nowMs - milliseconds of a clock that never goes back
   */
  note(remote: string, refusal: Refusal, nowMs: number): void {
    this.tick(nowMs);
    if (this.#lines < LINES_PER_WINDOW) {
      this.#lines++;
      this.#log.warn(`Closed ${remote}: ${refusal.code}: ${printable(refusal.message)}`);
    } else {
      this.#suppressed.set(refusal.code, (this.#suppressed.get(refusal.code) ?? 0) + 1);
    }
  }

  /** Ends a window that is over, with one line for what it left out. */
  tick(nowMs: number): void {
    if (nowMs - this.#windowStartMs < WINDOW_MS) return;
    this.flush();
    this.#windowStartMs = nowMs;
    this.#lines = 0;
  }

  /** Writes the summary of what was left out so far. */
  flush(): void {
    if (this.#suppressed.size === 0) return;
    const counts = [...this.#suppressed].map(([code, count]) => `${count} ${code}`).join(", ");
    this.#log.warn(`Closed more connections, not listed: ${counts}`);
    this.#suppressed.clear();
  }
}

/** A message may quote what a peer sent: one line of bounded length, no control characters. */
export function printable(message: string): string {
  return message.replace(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, "?").slice(0, 300);
}
