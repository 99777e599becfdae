/**
 * A relay that is hostile on purpose: it lets peers join without checking anything, sees every byte, and does with
 * each frame and control message what a test tells it. Its own code; nothing of relay/ is in it.
 */
import { addressOf, formatAddress } from "../../src/protocol/address.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import {
  decodePeerMessage,
  encodeRelayMessage,
  type PeerMessage,
  PING_TEXT,
  PONG_TEXT,
  type RelayLimits,
  type RelayMessage,
} from "../../src/protocol/control.ts";
import { decodeFrames, encodeFrames } from "../../src/protocol/frame.ts";
import { createTranscript, type Transcript } from "./hostile_transcript.ts";

/** What a payload is, by its first byte: all that a relay can tell. */
export type PacketKind = "initiation" | "reply" | "record" | "unknown" | "other";

/** A peer that fell for the relay: one joined connection. */
export interface Victim {
  readonly address: Bytes;
  /** The sealed cards that it gave, oldest first. */
  readonly cards: readonly Bytes[];
}

/** A frame on its way. */
export interface PassingFrame {
  readonly from: Victim;
  /** Undefined if nobody has that address. */
  readonly to: Victim | undefined;
  readonly payload: Bytes;
  readonly kind: PacketKind;
}

/** What the relay hands out instead of, or beside, what it was given. */
export interface Delivery {
  readonly to: Victim;
  /** The address that it is said to come from. */
  readonly as: Bytes;
  readonly payload: Bytes;
}

/** Decides about a frame: what to deliver in its place, or undefined to let it be. */
export type FrameRule = (frame: PassingFrame) => readonly Delivery[] | undefined;
/** Decides about a control message to a peer: the texts to send in its place, or undefined to let it be. */
export type TellRule = (to: Victim, message: RelayMessage) => readonly string[] | undefined;

/** A rule at work, until it is disposed of. */
export interface Attack extends Disposable {
  readonly name: string;
  /** How often it did something. */
  readonly applied: number;
}

/** The relay. */
export interface HostileRelay extends AsyncDisposable {
  readonly url: string;
  readonly transcript: Transcript;
  /** Who is connected, in the order of joining. */
  readonly victims: readonly Victim[];
  /** Every frame that peers sent, oldest first. */
  readonly seen: readonly PassingFrame[];
  /** Every attack that was ever at work. */
  readonly attacks: readonly Attack[];
  /** Pings that came. */
  readonly pings: number;
  /** Whether it answers pings. */
  answersPings: boolean;
  /** Whether it sends a sign of life all the time, for peers whose clock is faster than the wall's. */
  beats: boolean;
  /** What it tells those who join about its limits. */
  limits: RelayLimits;
  /** Finds who has an address. */
  victim(address: Bytes): Victim;
  /** Lets a rule decide about frames; the first of several rules that does not pass decides. */
  onFrame(name: string, rule: FrameRule): Attack;
  onTell(name: string, rule: TellRule): Attack;
  /** Hands out frames, those to one victim in one message. */
  deliver(deliveries: readonly Delivery[]): void;
  /** Tells a victim what a rule cannot change any more. */
  say(to: Victim, message: RelayMessage | string): void;
  /** Does something later, unless the relay has ended by then. */
  later(ms: number, action: () => void): void;
  /** Sends bytes as one binary message. */
  sendRaw(to: Victim, message: Bytes): void;
  /** Closes one connection, or all. */
  close(code: number, victim?: Victim): void;
}

interface Connection extends Victim {
  readonly socket: WebSocket;
  readonly cards: Bytes[];
  watches: boolean;
  readonly follows: Set<string>;
}

interface Rule<R> extends Attack {
  readonly decide: R;
  applied: number;
}

const GENEROUS: RelayLimits = { framesPerSec: 1e6, bytesPerSec: 1e9, idleTimeoutSecs: 90 };
/** Faster than any clock of a test goes, so that no connection counts as dead by mistake. */
const HEARTBEAT_MS = 200;

/** Names the kind of a payload. */
export function kindOf(payload: Bytes): PacketKind {
  const kinds = ["other", "initiation", "reply", "record", "unknown"] as const;
  return kinds[payload[0] ?? 0] ?? "other";
}

/** Hands a frame on as an honest relay would. */
export function passOn({ from, to, payload }: PassingFrame): Delivery[] {
  return to === undefined ? [] : [{ to, as: from.address, payload }];
}

/** Starts the relay on a free loopback port. */
export function startHostileRelay(): HostileRelay {
  const transcript = createTranscript();
  const connections = new Map<string, Connection>();
  const sockets = new Set<WebSocket>();
  const seen: PassingFrame[] = [];
  const attacks: Attack[] = [];
  const timers = new Set<ReturnType<typeof setTimeout>>();
  let pings = 0;
  let frameRules: Rule<FrameRule>[] = [];
  let tellRules: Rule<TellRule>[] = [];

  const sendText = (socket: WebSocket, text: string) => {
    if (socket.readyState !== WebSocket.OPEN) return;
    transcript.addText(text);
    socket.send(text);
  };
  const sendBinary = (victim: Victim, message: Bytes) => {
    const connection = connections.get(formatAddress(victim.address));
    if (connection?.socket.readyState !== WebSocket.OPEN) return;
    transcript.addBytes(message);
    connection.socket.send(message);
  };
  const apply = <R, T>(rules: readonly Rule<R>[], ask: (decide: R) => T | undefined): T | undefined => {
    for (const rule of rules) {
      const outcome = ask(rule.decide);
      if (outcome === undefined) continue;
      rule.applied++;
      return outcome;
    }
    return undefined;
  };
  const tell = (to: Connection, message: RelayMessage) => {
    const texts = apply(tellRules, (decide) => decide(to, message)) ?? [encodeRelayMessage(message)];
    for (const text of texts) sendText(to.socket, text);
  };
  const deliver = (deliveries: readonly Delivery[]) => {
    const batches = new Map<Victim, { address: Bytes; payload: Bytes }[]>();
    for (const { to, as, payload } of deliveries) {
      const batch = batches.get(to) ?? [];
      batch.push({ address: as, payload });
      batches.set(to, batch);
    }
    for (const [to, frames] of batches) sendBinary(to, encodeFrames(frames));
  };

  const receiveBinary = (from: Connection, message: Bytes) => {
    transcript.addBytes(message);
    const deliveries: Delivery[] = [];
    for (const { address, payload } of decodeFrames(message)) {
      const to = connections.get(formatAddress(address));
      const frame: PassingFrame = { from, to, payload: payload.slice(), kind: kindOf(payload) };
      seen.push(frame);
      const decided = apply(frameRules, (decide) => decide(frame));
      if (decided === undefined && to === undefined) {
        tell(from, { type: "undeliverable", to: address.slice(), count: 1 });
      }
      deliveries.push(...decided ?? passOn(frame));
    }
    // One message a frame: more than one megabyte may have become of this one.
    for (const delivery of deliveries) deliver([delivery]);
  };

  const announce = (who: Connection) => {
    const card = who.cards.at(-1);
    if (card === undefined) return;
    for (const other of connections.values()) {
      if (other.watches && other !== who) tell(other, { type: "joined", address: who.address, card });
    }
  };
  const sendRoster = (to: Connection) => {
    const peers = [...connections.values()].flatMap(({ address, cards }) => {
      const card = cards.at(-1);
      return card === undefined ? [] : [{ address, card }];
    });
    tell(to, { type: "roster", peers, more: false });
  };

  const join = async (socket: WebSocket, message: Extract<PeerMessage, { type: "join" }>, remote: string) => {
    const address = await addressOf(message.session);
    const { watch, card } = message;
    const key = formatAddress(address);
    connections.get(key)?.socket.close(4409);
    const connection: Connection = { socket, address, cards: [card], watches: watch, follows: new Set() };
    connections.set(key, connection);
    tell(connection, {
      type: "welcome",
      address,
      members: connections.size,
      observed: remote,
      limits: relay.limits,
    });
    if (watch) sendRoster(connection);
    announce(connection);
    return connection;
  };

  const receiveControl = (from: Connection, message: PeerMessage) => {
    switch (message.type) {
      case "join":
        return;
      case "card":
        from.cards.push(message.card);
        return announce(from);
      case "watch":
        from.watches = message.on;
        return message.on ? sendRoster(from) : undefined;
      case "list":
        return sendRoster(from);
      case "follow": {
        const key = formatAddress(message.address);
        if (!connections.has(key)) tell(from, { type: "left", address: message.address });
        else from.follows.add(key);
        const card = connections.get(key)?.cards.at(-1);
        if (message.card && card !== undefined) {
          tell(from, { type: "joined", address: message.address, card });
        }
        return;
      }
    }
  };

  const leave = (gone: Connection) => {
    const key = formatAddress(gone.address);
    if (connections.get(key) !== gone) return;
    connections.delete(key);
    for (const other of connections.values()) {
      if (other.watches || other.follows.delete(key)) tell(other, { type: "left", address: gone.address });
    }
  };

  const serve = (socket: WebSocket, remote: string) => {
    let connection: Connection | undefined;
    let hasClosed = false;
    socket.binaryType = "arraybuffer";
    sockets.add(socket);
    socket.onopen = () => {
      const nonce = crypto.getRandomValues(new Uint8Array(32));
      sendText(socket, encodeRelayMessage({ type: "challenge", protocol: 1, nonce }));
    };
    socket.onmessage = async ({ data }: MessageEvent<string | ArrayBuffer>) => {
      if (typeof data !== "string") {
        if (connection !== undefined) receiveBinary(connection, new Uint8Array(data));
        return;
      }
      transcript.addText(data);
      if (data === PING_TEXT) {
        pings++;
        if (relay.answersPings) sendText(socket, PONG_TEXT);
        return;
      }
      const message = decodePeerMessage(data);
      if (connection !== undefined) receiveControl(connection, message);
      else if (message.type === "join") {
        connection = await join(socket, message, remote);
        if (hasClosed) leave(connection);
      }
    };
    socket.onerror = (event) => event.preventDefault();
    socket.onclose = () => {
      hasClosed = true;
      sockets.delete(socket);
      if (connection !== undefined) leave(connection);
    };
  };

  const heartbeat = setInterval(() => {
    if (!relay.beats || !relay.answersPings) return;
    for (const { socket } of connections.values()) sendText(socket, PONG_TEXT);
  }, HEARTBEAT_MS);
  const server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request, { remoteAddr }) => {
      transcript.addText(`${request.method} ${request.url}`);
      for (const [name, value] of request.headers) transcript.addText(`${name}: ${value}`);
      const { socket, response } = Deno.upgradeWebSocket(request, { idleTimeout: 0 });
      serve(socket, remoteAddr.transport === "tcp" ? `127.0.0.1:${remoteAddr.port}` : "unknown");
      return response;
    },
  );

  const addRule = <R>(
    name: string,
    decide: R,
    list: { get: () => Rule<R>[]; set: (rules: Rule<R>[]) => void },
  ): Attack => {
    const rule: Rule<R> = {
      name,
      decide,
      applied: 0,
      [Symbol.dispose]: () => list.set(list.get().filter((other) => other !== rule)),
    };
    list.set([...list.get(), rule]);
    attacks.push(rule);
    return rule;
  };

  const relay: HostileRelay = {
    url: `ws://127.0.0.1:${server.addr.port}`,
    transcript,
    seen,
    attacks,
    answersPings: true,
    beats: false,
    limits: GENEROUS,
    get pings() {
      return pings;
    },
    get victims() {
      return [...connections.values()];
    },
    victim(address) {
      const found = connections.get(formatAddress(address));
      if (found === undefined) {
        throw new Error(`Cannot find "${formatAddress(address)}": it is not connected`);
      }
      return found;
    },
    onFrame: (name, rule) =>
      addRule(name, rule, { get: () => frameRules, set: (rules) => (frameRules = rules) }),
    onTell: (name, rule) =>
      addRule(name, rule, { get: () => tellRules, set: (rules) => (tellRules = rules) }),
    deliver,
    say(to, message) {
      const socket = connections.get(formatAddress(to.address))?.socket;
      if (socket !== undefined) {
        sendText(socket, typeof message === "string" ? message : encodeRelayMessage(message));
      }
    },
    later(ms, action) {
      const timer = setTimeout(() => {
        timers.delete(timer);
        action();
      }, ms);
      timers.add(timer);
    },
    sendRaw: sendBinary,
    close(code, victim) {
      const key = victim === undefined ? undefined : formatAddress(victim.address);
      for (const [address, { socket }] of connections) {
        if (key === undefined || key === address) socket.close(code);
      }
    },
    async [Symbol.asyncDispose]() {
      clearInterval(heartbeat);
      for (const timer of timers) clearTimeout(timer);
      for (const socket of sockets) socket.close();
      await server.shutdown();
    },
  };
  return relay;
}
