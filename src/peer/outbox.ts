/**
 * Packs the frames of one turn into as few WebSocket messages as fit, and keeps to the rate that the relay allows.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { RelayLimits } from "../protocol/control.ts";
import { encodeFrames, type Frame, FRAME_HEADER_BYTES } from "../protocol/frame.ts";
import { MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import { type Link, LINK_HIGH_WATER_BYTES } from "../transport/link.ts";

/** The share of the relay's rate that is used, so that jitter does not exceed it. */
const RATE_SHARE = 0.8;

/** The frames on their way to one link. It lives as long as the link. */
export interface Outbox {
  push(address: Bytes, payload: Bytes): void;
  /** Resolves when a sender may go on without growing the queue. */
  drained(): Promise<void>;
  /** Ends the timer and lets waiting senders go. */
  close(): void;
}

/**
 * Makes the outbox of a link.
 *
 * @param limits - the rates of the relay's welcome
 * @param now - milliseconds since any fixed moment
 */
export function createOutbox(link: Link, limits: RelayLimits, now: () => number): Outbox {
  let frames: Frame[] = [];
  let queuedBytes = 0;
  let isScheduled = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isClosed = false;
  let waiting: (() => void)[] = [];
  /** The moment at which what was sent so far is paid for, at the allowed rate. */
  let paidAt = now();

  const costMs = (count: number, bytes: number) =>
    Math.max((count * 1000) / limits.framesPerSec, (bytes * 1000) / limits.bytesPerSec) / RATE_SHARE;

  const flush = () => {
    isScheduled = false;
    timer = undefined;
    let next = 0;
    while (next < frames.length) {
      paidAt = Math.max(paidAt, now());
      // Up to half a second ahead is within the relay's bucket of one second.
      const aheadMs = paidAt - now() - 500;
      if (aheadMs > 0) {
        isScheduled = true;
        timer = setTimeout(flush, aheadMs);
        break;
      }
      const batch: Frame[] = [];
      let bytes = 0;
      for (let frame = frames[next]; frame !== undefined; frame = frames[next]) {
        const size = FRAME_HEADER_BYTES + frame.payload.length;
        if (bytes + size > MAX_MESSAGE_BYTES) break;
        batch.push(frame);
        bytes += size;
        next++;
      }
      paidAt += costMs(batch.length, bytes);
      queuedBytes -= bytes;
      link.sendBinary(encodeFrames(batch));
    }
    frames = next === frames.length ? [] : frames.slice(next);
    if (queuedBytes < LINK_HIGH_WATER_BYTES) wake();
  };

  const wake = () => {
    for (const resolve of waiting) resolve();
    waiting = [];
  };

  return {
    push(address, payload) {
      if (isClosed) return;
      frames.push({ address, payload });
      queuedBytes += FRAME_HEADER_BYTES + payload.length;
      if (isScheduled) return;
      isScheduled = true;
      queueMicrotask(flush);
    },
    async drained() {
      if (queuedBytes >= LINK_HIGH_WATER_BYTES && !isClosed) {
        await new Promise<void>((resolve) => waiting.push(resolve));
      }
      await link.drained();
    },
    close() {
      isClosed = true;
      clearTimeout(timer);
      frames = [];
      queuedBytes = 0;
      wake();
    },
  };
}
