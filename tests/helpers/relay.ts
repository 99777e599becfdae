/**
 * A relay in this process and peers that speak to it by hand, for tests of the relay and of what it must withstand.
 */
import { addressOf } from "../../src/protocol/address.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import {
  decodeRelayMessage,
  encodePeerMessage,
  joinProofInput,
  type PeerMessage,
  type RelayMessage,
} from "../../src/protocol/control.ts";
import { decodeFrames, encodeFrames, type Frame } from "../../src/protocol/frame.ts";
import { CONNECT_PATH } from "../../src/protocol/limits.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/version.ts";
import { DEFAULT_CONFIG, type RelayConfig } from "../../relay/config.ts";
import { type Relay, type RelayDeps, startRelay } from "../../relay/serve.ts";

/** Starts a relay on a free loopback port of this process; dispose of it with `await using`. */
export function startTestRelay(overrides: Partial<RelayConfig> = {}, deps: RelayDeps = {}): Promise<Relay> {
  return startRelay({ ...DEFAULT_CONFIG, port: 0, ...overrides }, deps);
}

/** An Ed25519 key pair. */
export interface RawKeys {
  readonly publicKey: Bytes;
  readonly privateKey: CryptoKey;
}

/** Makes an Ed25519 key pair, of a room or of a session. */
export async function createRawKeys(): Promise<RawKeys> {
  // The type declarations do not know that Ed25519 gives a pair.
  const pair = await crypto.subtle.generateKey("Ed25519", true, ["sign", "verify"]) as CryptoKeyPair;
  const publicKey = new Uint8Array(await crypto.subtle.exportKey("raw", pair.publicKey));
  return { publicKey, privateKey: pair.privateKey };
}

/** What arrived and was not asked for yet; every wait has a deadline. */
export class Inbox<T> {
  readonly #items: T[] = [];
  readonly #waiters: { resolve: (item: T) => void; reject: (error: Error) => void }[] = [];
  #ended: string | undefined;

  /** Adds an item. */
  push(item: T): void {
    const waiter = this.#waiters.shift();
    if (waiter === undefined) this.#items.push(item);
    else waiter.resolve(item);
  }

  /** Fails those who wait, and everybody later once it is empty. */
  end(reason: string): void {
    this.#ended = reason;
    for (const waiter of this.#waiters.splice(0)) waiter.reject(new Error(`Cannot wait: ${reason}`));
  }

  /** Items that wait to be taken. */
  get size(): number {
    return this.#items.length;
  }

  /** Takes the next item, waiting for at most `timeoutMs`. */
  async next(timeoutMs = 10_000): Promise<T> {
    const [item] = this.#items.splice(0, 1);
    if (item !== undefined) return item;
    if (this.#ended !== undefined) throw new Error(`Cannot wait: ${this.#ended}`);
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    this.#waiters.push({ resolve, reject });
    const timer = setTimeout(
      () => reject(new Error(`Cannot wait: nothing came in ${timeoutMs} ms`)),
      timeoutMs,
    );
    try {
      return await promise;
    } finally {
      clearTimeout(timer);
    }
  }
}

/** A WebSocket to a relay that does nothing by itself. */
export interface RawSocket extends AsyncDisposable {
  readonly socket: WebSocket;
  /** The Host that was dialled. */
  readonly host: string;
  readonly texts: Inbox<string>;
  readonly frames: Inbox<Frame>;
  /** How the relay closed it, within 10 s. */
  closed(): Promise<{ readonly code: number; readonly reason: string }>;
  /** The next text as a message of the protocol. */
  next(): Promise<RelayMessage>;
  /** The next text, which must be of that type. */
  expect<T extends RelayMessage["type"]>(type: T): Promise<Extract<RelayMessage, { type: T }>>;
  /** Sends a control message. */
  say(message: PeerMessage): void;
}

/** Opens a WebSocket to a relay without joining; the challenge is the first text. */
export async function openRaw(url: string): Promise<RawSocket> {
  const socket = new WebSocket(`${url}${CONNECT_PATH}`);
  socket.binaryType = "arraybuffer";
  const texts = new Inbox<string>();
  const frames = new Inbox<Frame>();
  const closes = new Inbox<{ code: number; reason: string }>();
  const gone = Promise.withResolvers<void>();
  const opened = Promise.withResolvers<void>();
  socket.onopen = () => opened.resolve();
  socket.onerror = (event) => event.preventDefault();
  socket.onmessage = ({ data }: MessageEvent<string | ArrayBuffer>) => {
    if (typeof data === "string") texts.push(data);
    else for (const frame of decodeFrames(new Uint8Array(data))) frames.push(frame);
  };
  socket.onclose = ({ code, reason }) => {
    opened.reject(new Error(`Cannot open ${url}: closed with ${code}`));
    closes.push({ code, reason });
    texts.end(`the connection was closed with ${code} "${reason}"`);
    frames.end(`the connection was closed with ${code} "${reason}"`);
    gone.resolve();
  };
  await opened.promise;
  const next = async () => decodeRelayMessage(await texts.next());
  return {
    socket,
    host: new URL(url).host,
    texts,
    frames,
    closed: () => closes.next(),
    next,
    expect: async (type) => {
      const message = await next();
      if (message.type !== type) {
        throw new Error(`Cannot go on: expected "${type}", got ${JSON.stringify(message)}`);
      }
      // The type was just compared; TypeScript does not narrow a union by a generic.
      return message as Extract<RelayMessage, { type: typeof type }>;
    },
    say: (message) => socket.send(encodePeerMessage(message)),
    [Symbol.asyncDispose]: async () => {
      socket.close();
      await gone.promise;
    },
  };
}

/** What a raw peer joins with. */
export interface RawPeerOptions {
  /** @default fresh keys: a room of its own */
  readonly room?: RawKeys;
  /** @default fresh keys */
  readonly session?: RawKeys;
  /** @default false */
  readonly watch?: boolean;
  /** @default one byte */
  readonly card?: Bytes;
}

/** Signs the join message that answers `challenge`; tests change the result to misbehave. */
export async function createJoin(
  host: string,
  challenge: Extract<RelayMessage, { type: "challenge" }>,
  options: RawPeerOptions = {},
): Promise<Extract<PeerMessage, { type: "join" }>> {
  const room = options.room ?? await createRawKeys();
  const session = options.session ?? await createRawKeys();
  const data = joinProofInput({
    host,
    nonce: challenge.nonce,
    room: room.publicKey,
    session: session.publicKey,
  });
  const sign = async (keys: RawKeys) =>
    new Uint8Array(await crypto.subtle.sign("Ed25519", keys.privateKey, data));
  return {
    type: "join",
    protocol: PROTOCOL_VERSION,
    room: room.publicKey,
    session: session.publicKey,
    roomProof: await sign(room),
    sessionProof: await sign(session),
    host,
    card: options.card ?? new Uint8Array([1]),
    client: "raw-peer",
    watch: options.watch ?? false,
  };
}

/** A joined connection that is driven by hand. */
export interface RawPeer extends RawSocket {
  readonly address: Bytes;
  readonly room: RawKeys;
  readonly session: RawKeys;
  readonly welcome: Extract<RelayMessage, { type: "welcome" }>;
  /** Sends payloads to one address, in one message. */
  send(to: Bytes, ...payloads: readonly Bytes[]): void;
}

/** Joins a relay with given or fresh keys and returns once it was welcomed. */
export async function rawPeer(url: string, options: RawPeerOptions = {}): Promise<RawPeer> {
  const room = options.room ?? await createRawKeys();
  const session = options.session ?? await createRawKeys();
  const raw = await openRaw(url);
  const challenge = await raw.expect("challenge");
  raw.say(await createJoin(raw.host, challenge, { ...options, room, session }));
  const welcome = await raw.expect("welcome");
  return {
    ...raw,
    address: await addressOf(session.publicKey),
    room,
    session,
    welcome,
    send: (to, ...payloads) =>
      raw.socket.send(encodeFrames(payloads.map((payload) => ({ address: to, payload })))),
  };
}
