/**
 * The link over WebSocket, on the `ws` package: the runtime's own client leaves Nagle's algorithm on, which delays
 * small messages of a stream by 20 to 40 ms.
 */
// @ts-types="@types/ws"
import WebSocket from "ws";
import { type Bytes, releaseBytes } from "../protocol/bytes.ts";
import { MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import { type Dial, type Link, LINK_HIGH_WATER_BYTES, LinkError } from "./link.ts";

/** How long a WebSocket waits for its relay, in milliseconds. */
export interface WebSocketTimes {
  /** For TCP, TLS and the upgrade together. @default 10 000 */
  readonly openTimeoutMs?: number;
  /** For the closing handshake, before the connection is cut; a dead relay never answers it. @default 1 000 */
  readonly closeTimeoutMs?: number;
}

/** A relay's text messages are pages of cards at most; frames have the protocol's limit. */
const MAX_INCOMING_BYTES = 2 * MAX_MESSAGE_BYTES;
const ABNORMAL_CLOSURE = 1006;

/** Opens a WebSocket to `url`, the endpoint of a relay. */
export const dialWebSocket: Dial = createWebSocketDial();

/** Makes a dial with times of its own, for tests. */
export function createWebSocketDial(
  { openTimeoutMs = 10_000, closeTimeoutMs = 1_000 }: WebSocketTimes = {},
): Dial {
  return (url, handlers, signal) => {
    signal.throwIfAborted();
    const socket = new WebSocket(url, {
      perMessageDeflate: false,
      maxPayload: MAX_INCOMING_BYTES,
      followRedirects: false,
    });
    socket.binaryType = "arraybuffer";
    const { promise, resolve, reject } = Promise.withResolvers<Link>();
    let isOpen = false;
    let waiting: (() => void)[] = [];
    let failure: Error | undefined;

    const wake = () => {
      for (const waiter of waiting) waiter();
      waiting = [];
    };
    const wakeIfDrained = () => {
      if (waiting.length > 0 && socket.bufferedAmount < LINK_HIGH_WATER_BYTES) wake();
    };
    const abort = () => socket.terminate();
    signal.addEventListener("abort", abort, { once: true });
    // The package's own timeout begins anew with every byte, so a relay that answers drop by drop would never end it.
    const opening = setTimeout(() => {
      failure = new Error(`the relay did not answer in ${openTimeoutMs} ms`);
      abort();
    }, openTimeoutMs);
    let closing: ReturnType<typeof setTimeout> | undefined;

    const link: Link = {
      sendText(text) {
        if (socket.readyState === WebSocket.OPEN) socket.send(text, wakeIfDrained);
      },
      sendBinary(message) {
        if (socket.readyState === WebSocket.OPEN) socket.send(message, wakeIfDrained);
      },
      drained() {
        if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount < LINK_HIGH_WATER_BYTES) {
          return Promise.resolve();
        }
        return new Promise((wakeUp) => waiting.push(wakeUp));
      },
      close(code = 1000, reason = "") {
        if (socket.readyState === WebSocket.CLOSED) return;
        socket.close(code, reason);
        closing ??= setTimeout(abort, closeTimeoutMs);
      },
    };

    socket.on("open", () => {
      clearTimeout(opening);
      isOpen = true;
      resolve(link);
    });
    socket.on("message", (data: ArrayBuffer, isBinary: boolean) => {
      if (isBinary) {
        const message: Bytes = new Uint8Array(data);
        handlers.onBinary(message);
        releaseBytes(message);
      } else handlers.onText(new TextDecoder().decode(data));
    });
    socket.on("error", (error: Error) => (failure ??= error));
    socket.on("close", (code: number, reason: Uint8Array) => {
      signal.removeEventListener("abort", abort);
      clearTimeout(opening);
      clearTimeout(closing);
      wake();
      const text = new TextDecoder().decode(reason) || failure?.message || "";
      if (isOpen) handlers.onClose({ code: code || ABNORMAL_CLOSURE, reason: text });
      else {
        const cause = failure;
        reject(
          new LinkError(`Cannot connect to ${url.host}: ${text || "the connection was closed"}`, { cause }),
        );
      }
    });
    return promise;
  };
}
