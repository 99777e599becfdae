/**
 * One WebSocket of the relay, from its challenge to its close: checks every message that comes in and holds the
 * sender to its limits. What a message does to others is decided by the room; `hub.ts` owns connections.
 */
import {
  ControlError,
  decodePeerMessage,
  encodeRelayMessage,
  type PeerMessage,
  PING_TEXT,
  PONG_TEXT,
} from "../src/protocol/control.ts";
import { FrameError, frameOffsets } from "../src/protocol/frame.ts";
import { MAX_MESSAGE_BYTES, MAX_PEER_TEXT_BYTES } from "../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../src/protocol/version.ts";
import { type Refusal, refuse } from "./core/effect.ts";
import { createNonce } from "./core/join.ts";
import { CONTROL_PER_SEC, createBucket, takeTokens, type TokenBucket } from "./core/limits.ts";
import { countRosterPages, type RoomInput, type RoomState } from "./core/room.ts";
import { Outbox } from "./socket.ts";
import { terminateSocket } from "./terminate.ts";

/** The longest text of an `error` message. */
const MAX_ERROR_CHARACTERS = 2048;

/** Where a connection stands. Only `joined` ones take part in a room; `closing` ones are read no more. */
export type ConnectionStage = "pending" | "verifying" | "joined" | "closing" | "gone";

/** Facts of the upgrade request. */
export interface Caller {
  /** `ip:port` of the TCP peer. */
  readonly remote: string;
  /** The Host header of the upgrade. */
  readonly host: string;
}

/** What a connection asks of its owner. */
export interface ConnectionOwner {
  /** Milliseconds of a clock that never goes back. */
  now(): number;
  /** The one text message that may come before the join. */
  onJoinText(connection: Connection, text: string): void;
  /** Something that the connection's room decides about. */
  onInput(connection: Connection, input: RoomInput<Connection>): void;
  /** The relay ended the connection; the close is on its way. */
  onEnded(connection: Connection, refusal: Refusal): void;
  /** The socket is closed. */
  onGone(connection: Connection): void;
}

/** What one connection may send and hold. */
export interface ConnectionLimits {
  readonly framesPerSec: number;
  readonly bytesPerSec: number;
  readonly maxOutboundBytes: number;
}

/** A connection. Its owner sets `room` when it joined. */
export class Connection {
  readonly caller: Caller;
  readonly nonce = createNonce();
  readonly outbox: Outbox;
  stage: ConnectionStage = "pending";
  /** When it was accepted, for the join timeout. */
  readonly sinceMs: number;
  /** The room and its id, while the connection is a member. */
  room: { readonly id: string; readonly state: RoomState<Connection> } | undefined;
  #refusal: Refusal | undefined;
  readonly #socket: WebSocket;
  readonly #owner: ConnectionOwner;
  readonly #frames: TokenBucket;
  readonly #bytes: TokenBucket;
  readonly #control: TokenBucket;

  /** @param socket - a socket of an upgrade that is not open yet */
  constructor(
    socket: WebSocket,
    caller: Caller,
    { owner, limits }: { readonly owner: ConnectionOwner; readonly limits: ConnectionLimits },
  ) {
    this.caller = caller;
    this.#socket = socket;
    this.#owner = owner;
    this.sinceMs = owner.now();
    this.#frames = createBucket(limits.framesPerSec, this.sinceMs);
    this.#bytes = createBucket(limits.bytesPerSec, this.sinceMs);
    this.#control = createBucket(CONTROL_PER_SEC, this.sinceMs);
    this.outbox = new Outbox(socket, {
      maxBytes: limits.maxOutboundBytes,
      onTooSlow: () =>
        this.end(refuse("too_slow", "Cannot keep the connection: it reads more slowly than it is sent to")),
    });
    socket.binaryType = "arraybuffer";
    socket.onopen = () => this.#open();
    socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data === "string") this.#readText(data);
      else this.#readBinary(data);
    };
    // A close event follows every error and says all that is done about it.
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = () => this.#gone();
  }

  /** Tells the peer why and closes. Does nothing when it is closing already. */
  end(refusal: Refusal): void {
    if (this.stage === "closing" || this.stage === "gone") return;
    this.stage = "closing";
    this.#refusal = refusal;
    this.#close(refusal);
    this.#owner.onEnded(this, refusal);
  }

  /** Gives up on a peer that does not answer the close. */
  terminate(): void {
    if (this.stage === "gone") return;
    terminateSocket(this.#socket);
    this.#gone();
  }

  #close({ closeCode, code, message }: Refusal): void {
    const text = encodeRelayMessage({ type: "error", code, message: message.slice(0, MAX_ERROR_CHARACTERS) });
    this.outbox.close(closeCode, message, text);
  }

  #open(): void {
    if (this.#refusal !== undefined) {
      this.#close(this.#refusal); // Ended before it was open.
      return;
    }
    this.outbox.sendText(
      encodeRelayMessage({ type: "challenge", protocol: PROTOCOL_VERSION, nonce: this.nonce }),
    );
  }

  #gone(): void {
    if (this.stage === "gone") return; // The runtime may say it twice.
    this.stage = "gone";
    this.outbox.discard();
    this.#owner.onGone(this);
  }

  #readText(text: string): void {
    if (this.stage === "closing" || this.stage === "gone") return;
    if (isLargerThan(text, MAX_PEER_TEXT_BYTES)) {
      this.end(refuse("too_large", `Cannot read text message: the limit is ${MAX_PEER_TEXT_BYTES} bytes`));
      return;
    }
    if (this.stage === "pending") {
      this.stage = "verifying";
      this.#owner.onJoinText(this, text);
    } else if (this.stage === "verifying") {
      this.end(refuse("bad_message", "Cannot accept a second message before the welcome"));
    } else {
      this.#readControl(text);
    }
  }

  #readControl(text: string): void {
    if (!this.#take({ frames: 1, bytes: text.length, control: 1 })) return;
    if (text === PING_TEXT) {
      this.outbox.sendText(PONG_TEXT);
      return;
    }
    let message: PeerMessage;
    try {
      message = decodePeerMessage(text);
    } catch (error) {
      if (!(error instanceof ControlError)) throw error;
      this.end(refuse("bad_message", error.message));
      return;
    }
    const input = this.#toInput(message);
    if (input !== undefined) this.#owner.onInput(this, input);
  }

  #toInput(message: PeerMessage): RoomInput<Connection> | undefined {
    switch (message.type) {
      case "join":
        this.end(refuse("bad_message", "Cannot join twice on one connection"));
        return undefined;
      case "card":
        return { kind: "card", connection: this, card: message.card };
      case "watch": {
        const pages = this.room === undefined ? 1 : countRosterPages(this.room.state);
        // The first page is the message's own token; a large room may cost all there are, never more.
        const cost = Math.min(pages - 1, CONTROL_PER_SEC - 1);
        if (message.on && !this.#take({ frames: 0, bytes: 0, control: cost })) return undefined;
        return { kind: "watch", connection: this, on: message.on };
      }
      case "list":
        return { kind: "list", connection: this, after: message.after };
      case "follow":
        return {
          kind: "follow",
          connection: this,
          address: message.address,
          ...(message.card === undefined ? {} : { card: message.card }),
        };
    }
  }

  #readBinary(data: ArrayBuffer): void {
    if (this.stage === "closing" || this.stage === "gone") return;
    if (this.stage !== "joined") {
      this.end(refuse("bad_message", "Cannot accept frames before a join: join the room first"));
      return;
    }
    if (data.byteLength > MAX_MESSAGE_BYTES) {
      this.end(refuse("too_large", `Cannot read binary message: the limit is ${MAX_MESSAGE_BYTES} bytes`));
      return;
    }
    const message = new Uint8Array(data);
    let offsets: number[];
    try {
      offsets = frameOffsets(message);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.end(refuse("bad_message", error.message));
      return;
    }
    if (!this.#take({ frames: offsets.length - 1, bytes: message.length, control: 0 })) return;
    this.#owner.onInput(this, { kind: "frames", connection: this, message, offsets });
  }

  #take({ frames, bytes, control }: Cost): boolean {
    const nowMs = this.#owner.now();
    const exceeded = !takeTokens(this.#frames, frames, nowMs)
      ? `${this.#frames.perSec} frames`
      : !takeTokens(this.#bytes, bytes, nowMs)
      ? `${this.#bytes.perSec} bytes`
      : control > 0 && !takeTokens(this.#control, control, nowMs)
      ? `${this.#control.perSec} control messages`
      : undefined;
    if (exceeded === undefined) return true;
    this.end(refuse("rate_limited", `Cannot keep the connection: it sends more than ${exceeded} a second`));
    return false;
  }
}

interface Cost {
  readonly frames: number;
  readonly bytes: number;
  readonly control: number;
}

/** Counts the bytes of UTF-8 only where the characters do not decide. */
function isLargerThan(text: string, maxBytes: number): boolean {
  if (text.length > maxBytes) return true;
  return text.length * 3 > maxBytes && new TextEncoder().encode(text).length > maxBytes;
}
