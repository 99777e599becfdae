/**
 * The link over WebSocket, on the `ws` package: the runtime's own client leaves Nagle's algorithm on, which delays
 * small messages of a stream by 20 to 40 ms.
 */
// @ts-types="@types/ws"
import WebSocket from "ws";
import type { Bytes } from "../protocol/bytes.ts";
import { MAX_MESSAGE_BYTES } from "../protocol/limits.ts";
import { type Dial, type Link, LINK_HIGH_WATER_BYTES, LinkError } from "./link.ts";

/** Milliseconds for TCP, TLS and the upgrade together. */
const OPEN_TIMEOUT_MS = 10_000;
/** Milliseconds that a closing handshake may take before the connection is cut; a dead relay never answers it. */
const CLOSE_TIMEOUT_MS = 1_000;
/** A relay's text messages are pages of cards at most; frames have the protocol's limit. */
const MAX_INCOMING_BYTES = 2 * MAX_MESSAGE_BYTES;
const ABNORMAL_CLOSURE = 1006;

/** Opens a WebSocket to `url`, the endpoint of a relay. */
export const dialWebSocket: Dial = (url, handlers, signal) => {
  signal.throwIfAborted();
  const socket = new WebSocket(url, {
    perMessageDeflate: false,
    handshakeTimeout: OPEN_TIMEOUT_MS,
    maxPayload: MAX_INCOMING_BYTES,
    followRedirects: false,
  });
  socket.binaryType = "arraybuffer";
  const { promise, resolve, reject } = Promise.withResolvers<Link>();
  let isOpen = false;
  let waiting: (() => void)[] = [];
  let closing: ReturnType<typeof setTimeout> | undefined;

  const wake = () => {
    for (const waiter of waiting) waiter();
    waiting = [];
  };
  const abort = () => socket.terminate();
  signal.addEventListener("abort", abort, { once: true });

  const link: Link = {
    sendText(text) {
      if (socket.readyState === WebSocket.OPEN) socket.send(text);
    },
    sendBinary(message) {
      if (socket.readyState !== WebSocket.OPEN) return;
      socket.send(message, () => {
        if (waiting.length > 0 && socket.bufferedAmount < LINK_HIGH_WATER_BYTES) wake();
      });
    },
    drained() {
      if (socket.readyState !== WebSocket.OPEN || socket.bufferedAmount < LINK_HIGH_WATER_BYTES) {
        return Promise.resolve();
      }
      return new Promise((wakeUp) => waiting.push(wakeUp));
    },
    close(code = 1000, reason = "") {
      socket.close(code, reason);
      closing ??= setTimeout(abort, CLOSE_TIMEOUT_MS);
    },
  };

  socket.on("open", () => {
    isOpen = true;
    resolve(link);
  });
  socket.on("message", (data: ArrayBuffer, isBinary: boolean) => {
    if (isBinary) handlers.onBinary(new Uint8Array(data) as Bytes);
    else handlers.onText(new TextDecoder().decode(data));
  });
  let failure: Error | undefined;
  socket.on("error", (error: Error) => (failure = error));
  socket.on("close", (code: number, reason: Uint8Array) => {
    signal.removeEventListener("abort", abort);
    clearTimeout(closing);
    wake();
    const text = new TextDecoder().decode(reason) || failure?.message || "";
    if (isOpen) handlers.onClose({ code: code || ABNORMAL_CLOSURE, reason: text });
    else {reject(
        new LinkError(`Cannot connect to ${url.host}: ${text || "the connection was closed"}`, {
          cause: failure,
        }),
      );}
  });
  return promise;
};
