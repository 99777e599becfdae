/**
 * A relay in memory that does what a test tells it to, for one connection after the other.
 */
import { createHash } from "node:crypto";
import { createSessionIdentity, type SessionIdentity } from "../../../src/crypto/identity.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import {
  decodePeerMessage,
  encodeRelayMessage,
  type PeerMessage,
  PING_TEXT,
  type RelayLimits,
  type RelayMessage,
} from "../../../src/protocol/control.ts";
import { encodeFrames, type Frame } from "../../../src/protocol/frame.ts";
import { type Dial, type LinkClosed, LinkError } from "../../../src/transport/link.ts";
import { createMemoryLinks } from "../../../src/transport/memory_link.ts";
import { until } from "../../helpers/fake_clock.ts";

export const LIMITS: RelayLimits = { framesPerSec: 1e6, bytesPerSec: 1e9, idleTimeoutSecs: 90 };
export const NONCE: Bytes = new Uint8Array(32).fill(3);

/** The relay's end of one connection. */
export interface ScriptedConnection {
  /** What the peer said, but for pings. */
  readonly said: PeerMessage[];
  readonly pings: number;
  readonly messages: Bytes[];
  readonly closed: LinkClosed | undefined;
  say(message: RelayMessage): void;
  sayText(text: string): void;
  send(...frames: readonly Frame[]): void;
  sendBytes(message: Bytes): void;
  close(code?: number, reason?: string): void;
  /** Waits for the join and returns it. */
  joined(): Promise<Extract<PeerMessage, { type: "join" }>>;
}

/** The relay. */
export interface ScriptedRelay {
  readonly dial: Dial;
  /** What was dialled. */
  readonly urls: string[];
  readonly connections: ScriptedConnection[];
  /** What it does with a new connection. @default sends a challenge */
  onOpen: (connection: ScriptedConnection) => void;
  /** What it does with a join. @default welcomes it */
  onJoin: (connection: ScriptedConnection, join: Extract<PeerMessage, { type: "join" }>) => void;
  /** Makes dialling fail, or wait. @default it succeeds */
  beforeOpen: (signal: AbortSignal) => Promise<void>;
  /** The newest connection, once there are that many. */
  connection(number: number): Promise<ScriptedConnection>;
}

/** Makes a relay that welcomes everybody. */
export function createScriptedRelay(): ScriptedRelay {
  const relay: ScriptedRelay = {
    urls: [],
    connections: [],
    onOpen: (connection) => connection.say({ type: "challenge", protocol: 1, nonce: NONCE }),
    onJoin: welcome,
    beforeOpen: () => Promise.resolve(),
    async connection(number) {
      await until(`there are ${number} connections`, () => relay.connections.length >= number);
      const connection = relay.connections[number - 1];
      if (connection === undefined) throw new Error("Cannot go on: connections are counted from 1");
      return connection;
    },
    async dial(url, handlers, signal) {
      relay.urls.push(url.href);
      await relay.beforeOpen(signal);
      const [own, theirs] = createMemoryLinks();
      own.attach(handlers);
      const connection = createConnection(relay, theirs);
      relay.connections.push(connection);
      relay.onOpen(connection);
      return own.link;
    },
  };
  return relay;
}

/** Welcomes a peer at the address that its key gives. */
export function welcome(
  connection: ScriptedConnection,
  { session }: { readonly session: Bytes },
  limits: RelayLimits = LIMITS,
): void {
  // In one turn: a test that has ended must leave no work behind.
  const address = new Uint8Array(createHash("sha256").update(session).digest().subarray(0, 16));
  connection.say({ type: "welcome", address, members: 1, observed: "192.0.2.1:5", limits });
}

/** Fails as a link does whose relay does not answer; for `beforeOpen`. */
export function unreachable(): Promise<void> {
  return Promise.reject(new LinkError("Cannot connect to relay.example: refused"));
}

/** Waits until the dial is given up, as a link does; for `beforeOpen`. */
export function untilAborted(signal: AbortSignal): Promise<void> {
  return new Promise((_resolve, reject) => {
    const abort = () => reject(new LinkError("Cannot connect to relay.example: given up"));
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}

/** Keys of a process. */
export function createIdentity(): Promise<SessionIdentity> {
  return createSessionIdentity(hybridSuite);
}

function createConnection(
  relay: ScriptedRelay,
  end: ReturnType<typeof createMemoryLinks>[number],
): ScriptedConnection {
  const state = { pings: 0, closed: undefined as LinkClosed | undefined };
  const connection: ScriptedConnection = {
    said: [],
    messages: [],
    get pings() {
      return state.pings;
    },
    get closed() {
      return state.closed;
    },
    say: (message) => end.link.sendText(encodeRelayMessage(message)),
    sayText: (text) => end.link.sendText(text),
    send: (...frames) => end.link.sendBinary(encodeFrames(frames)),
    sendBytes: (message) => end.link.sendBinary(message),
    close: (code, reason) => end.link.close(code, reason),
    async joined() {
      const find = () => connection.said.find((message) => message.type === "join");
      await until("the peer joins", () => find() !== undefined);
      const join = find();
      if (join === undefined) throw new Error("Cannot go on: there is no join");
      return join;
    },
  };
  end.attach({
    onText(text) {
      if (text === PING_TEXT) return void state.pings++;
      const message = decodePeerMessage(text);
      connection.said.push(message);
      if (message.type === "join") relay.onJoin(connection, message);
    },
    onBinary: (message) => void connection.messages.push(message),
    onClose: (closed) => state.closed = closed,
  });
  return connection;
}
