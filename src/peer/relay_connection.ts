/**
 * One connection to a relay from the challenge to its end: the join by proof, the control messages, and liveness.
 */
import type { CipherSuite, SigningKeyPair } from "../crypto/cipher_suite.ts";
import type { SessionIdentity } from "../crypto/identity.ts";
import { formatAddress } from "../protocol/address.ts";
import { type Bytes, equalBytes } from "../protocol/bytes.ts";
import {
  CLOSE_CODE_OF,
  CloseCode,
  ControlError,
  decodeRelayMessage,
  encodePeerMessage,
  joinProofInput,
  type PeerMessage,
  PING_TEXT,
  PONG_TEXT,
  type RelayMessage,
} from "../protocol/control.ts";
import { decodeFrames, FrameError } from "../protocol/frame.ts";
import { CONNECT_PATH } from "../protocol/limits.ts";
import { PROTOCOL_VERSION } from "../protocol/version.ts";
import { type Dial, type Link, type LinkClosed, LinkError } from "../transport/link.ts";
import type { Anomalies } from "./anomalies.ts";
import { createOutbox, type Outbox } from "./outbox.ts";

/** Times of a connection in milliseconds. */
export const CONNECTION_TIMES = {
  /** From the dial to the welcome. */
  joinMs: 15_000,
  /** Silence after which a ping is sent; less if the relay's idle timeout asks for it. */
  pingAfterMs: 15_000,
  /** Silence after which the connection counts as dead. */
  deadAfterMs: 30_000,
} as const;

/** What a connection tells the peer; called from the read loop. */
export interface ConnectionHandlers {
  /** The join succeeded; frames may follow in the same turn. */
  onWelcome(connection: Connection): void;
  /** A frame came; both arguments are views that live as long as the call. */
  onFrame(address: Bytes, payload: Bytes): void;
  onRoster(peers: readonly { readonly address: Bytes; readonly card: Bytes }[], more: boolean): void;
  onJoined(address: Bytes, card: Bytes): void;
  onLeft(address: Bytes): void;
  onUndeliverable(address: Bytes, count: number): void;
  onClose(closed: LinkClosed): void;
}

/** What joining needs. */
export interface ConnectOptions {
  /** Base URL of the relay, `ws://` or `wss://`. */
  readonly url: URL;
  readonly dial: Dial;
  readonly suite: CipherSuite;
  readonly roomKey: SigningKeyPair;
  readonly identity: SessionIdentity;
  readonly card: Bytes;
  /** Name and version of this software. */
  readonly client: string;
  readonly watch: boolean;
  readonly handlers: ConnectionHandlers;
  readonly anomalies: Anomalies;
  readonly now: () => number;
  readonly signal: AbortSignal;
}

/** A joined connection. */
export interface Connection {
  /** The peer's own address as the relay sees it, `ip:port`. */
  readonly observed: string;
  sendFrame(address: Bytes, payload: Bytes): void;
  drained(): Promise<void>;
  sendControl(message: PeerMessage): void;
  /** Pings a silent relay and gives up a dead one; called about once a second. */
  tick(): void;
  close(): void;
}

/** Thrown when a relay cannot be reached or refuses the join. */
export class JoinError extends Error {
  override readonly name = "JoinError";
  /** The WebSocket close code, if it came to one. */
  readonly code: number | undefined;

  constructor(message: string, options: { code?: number; cause?: unknown } = {}) {
    super(message, { cause: options.cause });
    this.code = options.code;
  }
}

/**
 * Dials a relay and joins the room.
 *
 * @throws {JoinError} If the relay cannot be reached, refuses, or speaks something else.
 */
export async function connectToRelay(options: ConnectOptions): Promise<Connection> {
  const { handlers, anomalies, now } = options;
  if (options.signal.aborted) throw new JoinError("The connection was given up");
  const joined = Promise.withResolvers<Connection>();
  // It may be rejected while the dial is still awaited, which throws by itself then.
  joined.promise.catch(() => {});
  let link: Link | undefined;
  let outbox: Outbox | undefined;
  let refusal: Extract<RelayMessage, { type: "error" }> | undefined;
  let isJoined = false;
  /** What comes after the join has failed means nothing any more. */
  let hasFailed = false;
  let heardAt = now();
  let pingedAt = -Infinity;
  let pingAfterMs: number = CONNECTION_TIMES.pingAfterMs;
  const fail = (error: JoinError, code?: CloseCode) => {
    hasFailed = true;
    joined.reject(error);
    link?.close(code);
  };
  const joinTimer = setTimeout(
    () => fail(new JoinError("The relay did not welcome the connection in time"), CloseCode.joinTimeout),
    CONNECTION_TIMES.joinMs,
  );
  const giveUp = () => fail(new JoinError("The connection was given up"));
  options.signal.addEventListener("abort", giveUp, { once: true });

  const sendControl = (message: PeerMessage) => link?.sendText(encodePeerMessage(message));

  let joining: Promise<void> | undefined;
  const join = async (challenge: Extract<RelayMessage, { type: "challenge" }>) => {
    if (challenge.protocol !== PROTOCOL_VERSION) {
      throw new JoinError(
        `The relay speaks protocol ${challenge.protocol}, this program ${PROTOCOL_VERSION}`,
      );
    }
    const { identity, roomKey, suite, url } = options;
    const claim = {
      host: url.host,
      nonce: challenge.nonce,
      room: roomKey.publicKey,
      session: identity.sessionKey.publicKey,
    };
    const input = joinProofInput(claim);
    sendControl({
      type: "join",
      protocol: PROTOCOL_VERSION,
      room: claim.room,
      session: claim.session,
      roomProof: await suite.ed25519Sign(roomKey, input),
      sessionProof: await suite.ed25519Sign(identity.sessionKey, input),
      host: claim.host,
      card: options.card,
      client: options.client,
      watch: options.watch,
    });
  };

  const welcome = (opened: Link, message: Extract<RelayMessage, { type: "welcome" }>) => {
    if (isJoined || !equalBytes(message.address, options.identity.address)) {
      throw new JoinError(`The relay welcomed another address, "${formatAddress(message.address)}"`);
    }
    isJoined = true;
    pingAfterMs = Math.min(pingAfterMs, (message.limits.idleTimeoutSecs * 1000) / 3);
    outbox = createOutbox(opened, message.limits, now);
    const connection: Connection = {
      observed: message.observed,
      sendFrame: (address, payload) => outbox?.push(address, payload),
      drained: () => outbox?.drained() ?? Promise.resolve(),
      sendControl,
      tick() {
        const silentMs = now() - heardAt;
        if (silentMs > CONNECTION_TIMES.deadAfterMs) opened.close(1000, "the relay was silent");
        else if (silentMs > pingAfterMs && now() - pingedAt > pingAfterMs) {
          pingedAt = now();
          opened.sendText(PING_TEXT);
        }
      },
      close: () => opened.close(),
    };
    handlers.onWelcome(connection);
    joined.resolve(connection);
  };

  const onMessage = (opened: Link, message: RelayMessage) => {
    switch (message.type) {
      case "challenge":
        joining = join(message).catch((cause: unknown) =>
          fail(cause instanceof JoinError ? cause : new JoinError("Cannot prove the membership", { cause }))
        );
        return;
      case "welcome":
        return welcome(opened, message);
      case "error":
        refusal = message;
        return;
      case "roster":
        return handlers.onRoster(message.peers, message.more);
      case "joined":
        return handlers.onJoined(message.address, message.card);
      case "left":
        return handlers.onLeft(message.address);
      case "undeliverable":
        return handlers.onUndeliverable(message.to, message.count);
    }
  };

  const onText = (opened: Link, text: string) => {
    heardAt = now();
    if (text === PONG_TEXT || hasFailed) return;
    try {
      const message = decodeRelayMessage(text);
      const isEarly = !isJoined && !["challenge", "welcome", "error"].includes(message.type);
      if (isEarly) anomalies.count("bad_control", `"${message.type}" before the welcome`);
      else onMessage(opened, message);
    } catch (error) {
      if (error instanceof JoinError) fail(error);
      else if (error instanceof ControlError) anomalies.count("bad_control", error.message);
      else throw error;
    }
  };

  const onBinary = (message: Bytes) => {
    heardAt = now();
    if (hasFailed) return;
    if (!isJoined) {
      anomalies.count("bad_frame", "a frame before the welcome");
      return;
    }
    try {
      for (const { address, payload } of decodeFrames(message)) handlers.onFrame(address, payload);
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      anomalies.count("bad_frame", error.message);
    }
  };

  try {
    // The first messages may come before the dial's promise is resumed.
    const early: (() => void)[] = [];
    const whenOpen = (action: (opened: Link) => void) => {
      if (link !== undefined) action(link);
      else early.push(() => link !== undefined && action(link));
    };
    link = await options.dial(new URL(CONNECT_PATH, options.url), {
      onText: (text) => whenOpen((opened) => onText(opened, text)),
      onBinary,
      onClose(closed) {
        outbox?.close();
        const reason = refusal?.message ?? closed.reason;
        const code = refusal === undefined ? closed.code : CLOSE_CODE_OF[refusal.code];
        if (isJoined) handlers.onClose({ code, reason });
        joined.reject(new JoinError(reason || `The relay closed the connection (${code})`, { code }));
      },
    }, options.signal);
    for (const action of early) action();
    return await joined.promise;
  } catch (cause) {
    link?.close();
    if (cause instanceof LinkError) throw new JoinError(cause.message, { cause });
    if (options.signal.aborted) throw new JoinError("The connection was given up", { cause });
    throw cause;
  } finally {
    options.signal.removeEventListener("abort", giveUp);
    clearTimeout(joinTimer);
    // The proofs of a join that was given up may still be in the making.
    await joining;
  }
}
