/**
 * The sending side of one connection: packs what goes to a peer in one turn into one message, keeps texts and
 * binaries in order, and bounds what a peer that does not read can make the relay hold.
 */
import { setImmediate } from "node:timers";
import type { Bytes } from "../src/protocol/bytes.ts";
import { MAX_MESSAGE_BYTES } from "../src/protocol/limits.ts";

/** Bytes that may wait for one connection before it is too slow. */
export const MAX_OUTBOUND_BYTES = 16 * 1024 * 1024;
/**
 * Bytes that are handed to the runtime at a time. The rest waits here, because the runtime cannot give up a
 * write that it has begun: what a dead peer holds after its close must be this and not 16 MiB.
 */
export const WINDOW_BYTES = 1024 * 1024;
/** Segments, and bytes, that go out without waiting for the end of the turn. */
const PACK_SEGMENTS = 128;
const PACK_BYTES = 64 * 1024;
/** How often a full window is looked at again; WebSocket has no event for it. */
const DRAIN_INTERVAL_MS = 2;
/** The longest close reason that a WebSocket carries, in bytes. */
const MAX_REASON_BYTES = 123;

/** The part of a WebSocket that is written to. */
export interface SendingSocket {
  readonly readyState: number;
  readonly bufferedAmount: number;
  send(data: string | Bytes): void;
  close(code: number, reason: string): void;
}

/** What an {@link Outbox} needs besides its socket. */
export interface OutboxOptions {
  /** Called once, after the turn in which more than `maxBytes` waited; the owner closes the connection. */
  readonly onTooSlow: () => void;
  /** @default MAX_OUTBOUND_BYTES */
  readonly maxBytes?: number;
}

/** The queue in front of one WebSocket. */
export class Outbox {
  readonly #socket: SendingSocket;
  readonly #onTooSlow: () => void;
  readonly #maxBytes: number;
  /** Frames of this turn, not packed yet. */
  #segments: Bytes[] = [];
  #segmentBytes = 0;
  /** Whole messages that wait for the window, and the first that still does. */
  #waiting: (string | Bytes)[] = [];
  #firstWaiting = 0;
  #waitingBytes = 0;
  #flushDue = false;
  #drainTimer: ReturnType<typeof setTimeout> | undefined;
  #ended = false;
  #closed = false;

  /** @param socket - an open socket that nobody else writes to */
  constructor(socket: SendingSocket, { onTooSlow, maxBytes = MAX_OUTBOUND_BYTES }: OutboxOptions) {
    this.#socket = socket;
    this.#onTooSlow = onTooSlow;
    this.#maxBytes = maxBytes;
  }

  /** Sends a text message, after all frames given before it. */
  sendText(text: string): void {
    if (this.#ended) return;
    this.#pack();
    this.#offer(text, text.length);
  }

  /**
   * Sends whole frames before the turn ends. They are not copied until then.
   *
   * `setImmediate` ends the turn, because the runtime hands over many messages in one turn: senders that do not
   * batch pass 2 times as many frames as with a microtask, which comes after every message, and a lone
   * frame is no slower. A turn may last milliseconds under load, so a full pack goes out at once.
   */
  forward(segment: Bytes): void {
    if (this.#ended) return;
    if (this.#segmentBytes + segment.length > MAX_MESSAGE_BYTES) this.#pack();
    if (this.#ended) return;
    this.#segments.push(segment);
    this.#segmentBytes += segment.length;
    if (this.#segments.length >= PACK_SEGMENTS || this.#segmentBytes >= PACK_BYTES) {
      this.#pack();
    } else if (!this.#flushDue) {
      this.#flushDue = true;
      setImmediate(this.#flush);
    }
  }

  /**
   * Says a last text and closes; what still waits behind a full window is dropped. A socket that is not open yet
   * cannot be closed with a code: the owner calls again when it is.
   *
   * The close itself comes one turn later: Deno drops a closing connection at the next message that it reads,
   * before the close frame is out, so messages that are here already must be read first. A peer that goes on
   * sending may still lose the code, and then has the text.
   */
  close(code: number, reason: string, lastText: string): void {
    if (this.#closed || this.#socket.readyState === WebSocket.CONNECTING) return;
    this.#closed = true;
    this.#pack();
    this.discard();
    if (this.#socket.readyState !== WebSocket.OPEN) return;
    this.#socket.send(lastText);
    setImmediate(() => this.#socket.close(code, cutReason(reason)));
  }

  /** Forgets everything that waits: the connection is gone. */
  discard(): void {
    this.#ended = true;
    this.#segments = [];
    this.#segmentBytes = 0;
    this.#waiting = [];
    this.#waitingBytes = 0;
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
  }

  readonly #flush = (): void => {
    this.#flushDue = false;
    if (!this.#ended) this.#pack();
  };

  #pack(): void {
    const [only] = this.#segments;
    if (only === undefined) return;
    const message = this.#segments.length === 1 ? only : join(this.#segments, this.#segmentBytes);
    this.#segments = [];
    this.#segmentBytes = 0;
    this.#offer(message, message.length);
  }

  #offer(message: string | Bytes, bytes: number): void {
    if (this.#ended) return;
    if (this.#waitingBytes === 0 && this.#socket.bufferedAmount < WINDOW_BYTES) {
      if (this.#socket.readyState === WebSocket.OPEN) this.#socket.send(message);
      return;
    }
    this.#waiting.push(typeof message === "string" ? message : compact(message));
    this.#waitingBytes += bytes;
    this.#drain();
    if (this.#waitingBytes + this.#socket.bufferedAmount <= this.#maxBytes) return;
    this.discard();
    queueMicrotask(this.#onTooSlow); // Not within the effects that are being carried out.
  }

  /** Hands over what fits the window, and looks again soon while something waits. */
  readonly #drain = (): void => {
    clearTimeout(this.#drainTimer);
    this.#drainTimer = undefined;
    if (this.#socket.readyState !== WebSocket.OPEN) return this.discard();
    while (this.#firstWaiting < this.#waiting.length && this.#socket.bufferedAmount < WINDOW_BYTES) {
      const message = this.#waiting[this.#firstWaiting++];
      if (message === undefined) break;
      this.#waitingBytes -= message.length;
      this.#socket.send(message);
    }
    if (this.#firstWaiting === this.#waiting.length) {
      this.#waiting = [];
      this.#firstWaiting = 0;
      return;
    }
    if (this.#firstWaiting > 1024) {
      this.#waiting = this.#waiting.slice(this.#firstWaiting);
      this.#firstWaiting = 0;
    }
    this.#drainTimer = setTimeout(this.#drain, DRAIN_INTERVAL_MS);
  };
}

function join(segments: readonly Bytes[], length: number): Bytes {
  const message = new Uint8Array(length);
  let at = 0;
  for (const segment of segments) {
    message.set(segment, at);
    at += segment.length;
  }
  return message;
}

/** A small view would keep its whole message alive for as long as it waits. */
function compact(message: Bytes): Bytes {
  return message.buffer.byteLength > 2 * message.length ? message.slice() : message;
}

function cutReason(reason: string): string {
  const bytes = new TextEncoder().encode(reason);
  if (bytes.length <= MAX_REASON_BYTES) return reason;
  return new TextDecoder().decode(bytes.subarray(0, MAX_REASON_BYTES - 3)).replace(/\uFFFD$/, "");
}
