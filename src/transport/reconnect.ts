/**
 * When to dial again: exponential back-off with full jitter. Pure; the waiting is the caller's.
 */
import { CloseCode } from "../protocol/control.ts";

/** Bounds of the delay in milliseconds. */
export const BACKOFF = { minMs: 500, maxMs: 30_000 } as const;
/**
 * The bound stays at `ms` until `attempts` have failed, which is about half a minute without a relay: most outages
 * are restarts, and peers should be back within 3 s of its return. Only then does it grow to the maximum.
 */
export const PLATEAU = { ms: 2_000, attempts: 30 } as const;
/** A connection that held this long counts as good and resets the back-off, in milliseconds. */
export const GOOD_CONNECTION_MS = 10_000;

/** Refusals that will be the same in a moment: the relay is asked again, slowly, in case its operator changes it. */
const LASTING_REFUSALS: ReadonlySet<number> = new Set([
  CloseCode.joinRefused,
  CloseCode.roomNotAllowed,
  CloseCode.replaced,
]);

/** How the last connection, or the attempt at one, ended. */
export interface Ending {
  /** How long the connection held after its welcome, in milliseconds; 0 if there was none. */
  readonly heldMs: number;
  /** The WebSocket close code, if it came to one. */
  readonly code?: number | undefined;
}

/**
 * Returns the delay before the next attempt, and how many attempts have failed since the last good connection.
 * Full jitter (a delay drawn from 0 up to the bound) spreads a fleet whose relay restarts.
 *
 * @param attempts - failed attempts so far
 * @param options.random - a number from 0 up to, but not including, 1
 * @returns `delayMs` in milliseconds, at most {@link BACKOFF.maxMs}
 */
export function nextDelay(
  attempts: number,
  { ending, random }: { ending: Ending; random: number },
): { delayMs: number; attempts: number } {
  if (ending.code !== undefined && LASTING_REFUSALS.has(ending.code)) {
    return { delayMs: Math.floor(BACKOFF.maxMs * (0.5 + random / 2)), attempts: attempts + 1 };
  }
  const failed = ending.heldMs >= GOOD_CONNECTION_MS ? 0 : attempts;
  const boundMs = failed < PLATEAU.attempts
    ? Math.min(PLATEAU.ms, BACKOFF.minMs * 2 ** failed)
    : Math.min(BACKOFF.maxMs, PLATEAU.ms * 2 ** (failed - PLATEAU.attempts + 1));
  return { delayMs: Math.floor(random * boundMs), attempts: failed + 1 };
}
