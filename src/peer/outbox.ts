/**
 * Packs the frames of one turn into as few WebSocket messages as fit, and keeps to the rate that the relay allows.
 */
import { type Bytes, releaseBytes } from "../protocol/bytes.ts";
import type { RelayLimits } from "../protocol/control.ts";
import { encodeFrames, type Frame, FRAME_HEADER_BYTES } from "../protocol/frame.ts";
import { MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import { type Link, LINK_HIGH_WATER_BYTES } from "../transport/link.ts";

/** The share of the relay's rate that is used, so that jitter does not exceed it. */
const RATE_SHARE = 0.8;
/** A relay may name any rate; a timer takes 24 days at most, and fires at once past that. */
const MAX_WAIT_MS = 60_000;
/** How far ahead of the rate a burst may go, in milliseconds: the relay's bucket holds one second's worth. */
const BURST_MS = 1_000;
/** After a full burst, what waits is gathered until this much of it may go at once. */
const GATHER_MS = BURST_MS / 2;

/** The frames on their way to one link. It lives as long as the link. */
export interface Outbox {
  /** Takes a frame; the payload's memory belongs to the outbox from then on. */
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
      const time = now();
      paidAt = Math.max(paidAt, time);
      const aheadMs = paidAt - time;
      const firstMs = costMs(1, sizeOf(frames[next]));
      // A frame that costs more than a burst goes when everything before it is paid for.
      const waitMs = Math.min(aheadMs, Math.max(aheadMs - GATHER_MS, aheadMs + firstMs - BURST_MS));
      if (waitMs > 0) {
        isScheduled = true;
        timer = setTimeout(flush, Math.min(Math.ceil(waitMs), MAX_WAIT_MS));
        break;
      }
      const batch: Frame[] = [];
      let bytes = 0;
      for (let frame = frames[next]; frame !== undefined; frame = frames[next]) {
        const size = sizeOf(frame);
        if (bytes + size > MAX_MESSAGE_BYTES) break;
        if (batch.length > 0 && aheadMs + costMs(batch.length + 1, bytes + size) > BURST_MS) break;
        batch.push(frame);
        bytes += size;
        next++;
      }
      paidAt += costMs(batch.length, bytes);
      queuedBytes -= bytes;
      link.sendBinary(encodeFrames(batch));
      for (const { payload } of batch) releaseBytes(payload);
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

function sizeOf(frame: Frame | undefined): number {
  return FRAME_HEADER_BYTES + (frame?.payload.length ?? 0);
}
