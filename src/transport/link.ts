/**
 * The port to whatever carries messages between a peer and its relay. The peer knows nothing of sockets; tests pass
 * links of their own.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** Why a link ended. */
export interface LinkClosed {
  /** The WebSocket close code; 1006 if the link broke without one. */
  readonly code: number;
  readonly reason: string;
}

/** What a link tells its owner. The handlers run in the link's read loop, so they never wait for anything. */
export interface LinkHandlers {
  onText(text: string): void;
  /** The message is a view that lives as long as the call: its memory may be given back right after. */
  onBinary(message: Bytes): void;
  /** Called once, after which nothing else is. */
  onClose(closed: LinkClosed): void;
}

/** An open connection that keeps the order of messages. */
export interface Link {
  /** Sends a text; ignored once the link is closed. */
  sendText(text: string): void;
  /** Sends a binary message of at most 1 MiB; ignored once the link is closed. */
  sendBinary(message: Bytes): void;
  /** Resolves when the link can take more without growing its buffer; at once if it can now, or is closed. */
  drained(): Promise<void>;
  /** Closes the link; `onClose` follows. */
  close(code?: number, reason?: string): void;
}

/**
 * Opens a link.
 *
 * @throws {LinkError} If the relay cannot be reached or refuses.
 */
export type Dial = (url: URL, handlers: LinkHandlers, signal: AbortSignal) => Promise<Link>;

/** Thrown when a link cannot be opened; the message is for people. */
export class LinkError extends Error {
  override readonly name = "LinkError";
}

/** Bytes in a link's buffer past which senders wait for `drained()`. */
export const LINK_HIGH_WATER_BYTES = 1024 * 1024;
