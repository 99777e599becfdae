/**
 * Keeps a peer connected: dials, joins, and dials again for ever, whatever happens to the relay, the network or the
 * machine. What it cannot do now it says in its state.
 */
import type { Bytes } from "../protocol/bytes.ts";
import type { PeerMessage } from "../protocol/control.ts";
import { nextDelay } from "../transport/reconnect.ts";
import {
  type Connection,
  type ConnectionHandlers,
  type ConnectOptions,
  connectToRelay,
  JoinError,
} from "./relay_connection.ts";

/** Where the connection stands. */
export type ConnectionState =
  | { readonly status: "connecting"; readonly reason?: string }
  | { readonly status: "connected"; readonly observed: string; readonly since: number }
  /** The last attempt failed or the connection ended, for `reason`; the next attempt comes by itself. */
  | { readonly status: "waiting"; readonly reason: string; readonly attempts: number }
  | { readonly status: "closed" };

/** What keeping connected needs beside what one connection needs. */
export interface RelayClientOptions extends Omit<ConnectOptions, "card" | "handlers" | "signal"> {
  /** Makes the card of the connection that is about to be made. */
  readonly createCard: () => Promise<Bytes>;
  readonly handlers: Omit<ConnectionHandlers, "onWelcome" | "onClose"> & {
    readonly onConnected: (state: Extract<ConnectionState, { status: "connected" }>) => void;
    /** The connection was lost, or could not be made. */
    readonly onDown: (reason: string, wasConnected: boolean) => void;
  };
  /** A number from 0 up to 1, for the back-off. */
  readonly random: () => number;
}

/** The kept connection. */
export interface RelayClient extends AsyncDisposable {
  readonly state: ConnectionState;
  /** Sends a frame; ignored while there is no connection, as what was in flight has failed by then. */
  sendFrame(address: Bytes, payload: Bytes): void;
  sendControl(message: PeerMessage): void;
  drained(): Promise<void>;
  tick(): void;
}

/** Starts to connect, and goes on until it is disposed of. */
export function startRelayClient(options: RelayClientOptions): RelayClient {
  const { handlers, now } = options;
  const stopping = new AbortController();
  let isEnding = false;
  let state: ConnectionState = { status: "connecting" };
  let connection: Connection | undefined;

  const holdOne = async (): Promise<{ heldMs: number; code: number | undefined; reason: string }> => {
    const ended = Promise.withResolvers<{ code: number; reason: string }>();
    let since = now();
    try {
      await connectToRelay({
        ...options,
        card: await options.createCard(),
        handlers: {
          ...handlers,
          onClose: ended.resolve,
          // In the turn of the welcome: frames that follow it are answered on this connection.
          onWelcome(opened) {
            since = now();
            connection = opened;
            state = { status: "connected", observed: opened.observed, since };
            handlers.onConnected(state);
          },
        },
        signal: stopping.signal,
      });
    } catch (error) {
      if (!(error instanceof JoinError)) throw error;
      return { heldMs: 0, code: error.code, reason: error.message };
    }
    const { code, reason } = await ended.promise;
    connection = undefined;
    return { heldMs: now() - since, code, reason: reason || `the connection ended (${code})` };
  };

  const keepConnected = async () => {
    let attempts = 0;
    while (!isEnding) {
      const ending = await holdOne();
      if (isEnding) break;
      const wasConnected = state.status === "connected";
      state = { status: "waiting", reason: ending.reason, attempts: attempts + 1 };
      handlers.onDown(ending.reason, wasConnected);
      const next = nextDelay(attempts, { ending, random: options.random() });
      attempts = next.attempts;
      await delay(next.delayMs, stopping.signal);
      if (!isEnding) state = { status: "connecting", reason: ending.reason };
    }
    state = { status: "closed" };
  };
  const running = keepConnected();

  return {
    get state() {
      return state;
    },
    sendFrame: (address, payload) => connection?.sendFrame(address, payload),
    sendControl: (message) => connection?.sendControl(message),
    drained: () => connection?.drained() ?? Promise.resolve(),
    tick: () => connection?.tick(),
    async [Symbol.asyncDispose]() {
      isEnding = true;
      // A connection is closed in order, so that what was sent last still arrives; everything else just ends.
      if (connection === undefined) stopping.abort();
      else connection.close();
      await running;
    },
  };
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, ms);
    signal.addEventListener("abort", done);
  });
}
