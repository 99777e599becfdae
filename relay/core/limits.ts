/**
 * Token buckets: how much a connection may send. Pure; the time comes in as an argument.
 */

/** Frames a second that one connection may send, unless configured: far above what a host's commands need. */
export const DEFAULT_FRAMES_PER_SEC = 200_000;
/** Bytes a second that one connection may send, unless configured: above what one loopback transfer reaches. */
export const DEFAULT_BYTES_PER_SEC = 512 * 1024 * 1024;
/** Control messages a second that one connection may send; a page of a roster costs as much as a message. */
export const CONTROL_PER_SEC = 100;

/** A bucket that fills at a steady rate and holds one second's worth; {@link takeTokens} changes it in place. */
export interface TokenBucket {
  readonly perSec: number;
  tokens: number;
  filledAtMs: number;
}

/**
 * Makes a full bucket.
 *
 * @param perSec - tokens a second, which is also what the bucket holds at most
 * @param nowMs - milliseconds of a clock that never goes back
 */
export function createBucket(perSec: number, nowMs: number): TokenBucket {
  return { perSec, tokens: perSec, filledAtMs: nowMs };
}

/**
 * Takes `count` tokens at once, or none. More than a second's worth at once is never had.
 *
 * @param nowMs - milliseconds of the same clock; an earlier time than the last one adds nothing
 * @returns whether the tokens were there
 */
export function takeTokens(bucket: TokenBucket, count: number, nowMs: number): boolean {
  const elapsedMs = nowMs - bucket.filledAtMs;
  if (elapsedMs > 0) {
    bucket.tokens = Math.min(bucket.perSec, bucket.tokens + (elapsedMs * bucket.perSec) / 1000);
    bucket.filledAtMs = nowMs;
  }
  if (bucket.tokens < count) return false;
  bucket.tokens -= count;
  return true;
}
