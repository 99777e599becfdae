/**
 * The handshakes of a process: starts them, answers those of others, and makes sessions of those that succeed.
 * Each is worked on beside the read loop, a few in each turn of the event loop.
 */
import { AuthenticationError, type CipherSuite } from "../crypto/cipher_suite.ts";
import type { SessionIdentity } from "../crypto/identity.ts";
import { createHandshake, type Handshake } from "../crypto/noise.ts";
import { CardError, type VerifiedCard } from "../crypto/seal.ts";
import { createRecordLayer } from "../crypto/session.ts";
import { OperationError } from "../errors.ts";
import { type Bytes, concatBytes, encodeTuple, equalBytes, utf8 } from "../protocol/bytes.ts";
import { encodeInitiation, encodeReply, type Packet } from "../protocol/packet.ts";
import { LABEL } from "../protocol/version.ts";
import type { Anomalies } from "./anomalies.ts";
import {
  type Established,
  type Initiating,
  type PeerState,
  SESSION_LIMITS,
  type SessionTable,
  usableSession,
} from "./session_table.ts";
import type { Tasks } from "./tasks.ts";
import { createTurns } from "./turns.ts";

const COUNTER_BYTES = 8;

/** What handshakes need of the rest of the peer. */
export interface HandshakesOptions {
  readonly suite: CipherSuite;
  readonly identity: SessionIdentity;
  readonly psk: Bytes;
  readonly roomPublicKey: Bytes;
  /** The own newest sealed card, sent with each handshake. */
  readonly ownCard: () => Bytes;
  /** The X25519 key of a peer, if its card is known. */
  readonly dhKeyOf: (address: Bytes) => Bytes | undefined;
  /** Checks the card that came with a handshake, and remembers who the peer is. */
  readonly acceptCard: (address: Bytes, sealed: Bytes) => Promise<VerifiedCard>;
  readonly sendFrame: (address: Bytes, payload: Bytes) => void;
  /** What was queued for a peer cannot be sent. */
  readonly onUnreachable: (address: Bytes, error: OperationError) => void;
  readonly anomalies: Anomalies;
  /** Holds what goes on beside the read loop. */
  readonly tasks: Tasks;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
}

/** The handshakes of a process. */
export interface Handshakes {
  /** Starts a handshake unless one is under way. */
  start(peer: PeerState): void;
  /** Starts again what had no good reply, or gives up. */
  retry(peer: PeerState): void;
  /** Answers message 1 of a peer; both arguments may be views. */
  answer(address: Bytes, packet: Extract<Packet, { type: "initiation" }>): void;
  /** Takes message 2 for a handshake of ours. */
  complete(address: Bytes, packet: Extract<Packet, { type: "reply" }>): void;
}

/** What a session does with what arrives on it; see `sessions.ts`. */
export interface SessionHooks {
  /** Makes the inbox of a new session. */
  readonly createInbox: (session: () => Established) => Established["inbox"];
  /** A session of ours can be sent on. */
  readonly onEstablished: (session: Established) => void;
}

/** Makes the handshakes of a process. */
export function createHandshakes(
  options: HandshakesOptions,
  table: SessionTable,
  hooks: SessionHooks,
): Handshakes {
  const { suite, identity, anomalies, tasks, now } = options;
  let initiations = 0n;
  // Each kind has turns of its own: a flood of others' initiations does not keep our handshakes waiting.
  const { handshakesPerTurn } = SESSION_LIMITS;
  const starting = createTurns(handshakesPerTurn, tasks);
  const answering = createTurns(handshakesPerTurn, tasks);
  const completing = createTurns(handshakesPerTurn, tasks);

  const prologue = (initiator: Bytes, responder: Bytes) =>
    encodeTuple(utf8(LABEL), options.roomPublicKey, initiator, responder);

  const giveUp = (peer: PeerState, error: OperationError) => {
    table.setInitiating(peer, undefined);
    peer.queue = [];
    peer.queuedBytes = 0;
    peer.attempts = 0;
    peer.isRenewing = false;
    // Keys that could not be replaced are good for a while, and the next message tries again.
    if (usableSession(peer, now()) === undefined) options.onUnreachable(peer.address, error);
  };

  const sendInitiation = async (peer: PeerState, remoteStaticKey: Bytes) => {
    if (table.findPeer(peer.address) !== peer) return; // It left while it waited.
    const handshake = await createHandshake({
      role: "initiator",
      staticKey: identity.dhKey,
      staticPublicKey: identity.dhPublicKey,
      remoteStaticKey,
      psk: options.psk,
      prologue: prologue(identity.address, peer.address),
      suite,
    });
    const counter = new Uint8Array(COUNTER_BYTES);
    new DataView(counter.buffer).setBigUint64(0, ++initiations);
    const message = await handshake.writeMessage(concatBytes(counter, options.ownCard()));
    if (table.findPeer(peer.address) !== peer) return; // It left meanwhile.
    const index = table.freshIndex();
    table.setInitiating(peer, {
      kind: "initiating",
      peer,
      index,
      handshake,
      startedAt: now(),
      isBusy: false,
    });
    options.sendFrame(peer.address, encodeInitiation(index, message));
  };

  const start = (peer: PeerState) => {
    if (peer.isStarting) return;
    const remoteStaticKey = options.dhKeyOf(peer.address);
    if (remoteStaticKey === undefined) {
      giveUp(
        peer,
        new OperationError("unknown_agent", "Cannot open a session: the peer's card is not known"),
      );
      return;
    }
    table.setInitiating(peer, undefined);
    peer.isStarting = true;
    peer.attempts++;
    starting.add(() =>
      sendInitiation(peer, remoteStaticKey)
        .catch((cause: unknown) =>
          giveUp(
            peer,
            new OperationError("internal", "Cannot start a session: the handshake failed", { cause }),
          )
        )
        .finally(() => (peer.isStarting = false))
    );
  };

  const retry = (peer: PeerState) => {
    if (peer.attempts < SESSION_LIMITS.handshakeAttempts) start(peer);
    else {giveUp(
        peer,
        new OperationError("peer_gone", "Cannot open a session: the host did not answer the handshake"),
      );}
  };

  const createSession = async (
    peer: PeerState,
    handshake: Handshake,
    { index, remoteIndex, isConfirmed }: Pick<Established, "index" | "remoteIndex" | "isConfirmed">,
  ): Promise<Established> => {
    const createdAt = now();
    const session: Established = {
      kind: "established",
      peer,
      index,
      remoteIndex,
      layer: await createRecordLayer({ suite, keys: await handshake.split(), remoteIndex }),
      inbox: hooks.createInbox(() => session),
      createdAt,
      isConfirmed,
      retiresAt: createdAt + SESSION_LIMITS.rekeyAfterMs + SESSION_LIMITS.graceMs,
    };
    return session;
  };

  const respond = async (address: Bytes, remoteIndex: number, message: Bytes) => {
    const handshake = await createHandshake({
      role: "responder",
      staticKey: identity.dhKey,
      staticPublicKey: identity.dhPublicKey,
      psk: options.psk,
      prologue: prologue(address, identity.address),
      suite,
    });
    const payload = await handshake.readMessage(message);
    if (payload.length < COUNTER_BYTES) {
      throw new AuthenticationError("Cannot accept handshake: its payload is cut off");
    }
    const { dhKey } = await options.acceptCard(address, payload.slice(COUNTER_BYTES));
    if (handshake.remoteStaticKey === undefined || !equalBytes(dhKey, handshake.remoteStaticKey)) {
      throw new AuthenticationError("Cannot accept handshake: its key is not the one on the card");
    }
    const peer = table.peer(address);
    const counter = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0);
    if (counter <= peer.newestInitiation) {
      anomalies.count("replayed_handshake");
      return;
    }
    peer.newestInitiation = counter;
    const reply = await handshake.writeMessage();
    const index = table.freshIndex();
    const session = await createSession(peer, handshake, { index, remoteIndex, isConfirmed: false });
    if (table.findPeer(address) !== peer) return; // It left meanwhile.
    table.add(session);
    options.sendFrame(address, encodeReply(index, remoteIndex, reply));
  };

  const finish = async (
    initiating: Initiating,
    { senderIndex, noise }: Extract<Packet, { type: "reply" }>,
  ) => {
    const { peer, handshake, index } = initiating;
    await handshake.readMessage(noise);
    const session = await createSession(peer, handshake, {
      index,
      remoteIndex: senderIndex,
      isConfirmed: true,
    });
    if (peer.initiating !== initiating) return; // It left, or another handshake was started, meanwhile.
    table.setInitiating(peer, undefined);
    peer.attempts = 0;
    table.add(session);
    hooks.onEstablished(session);
  };

  /** Works on a message that may be forged. */
  const judge = async (task: () => Promise<void>, onFailure: () => void): Promise<void> => {
    try {
      await task();
    } catch (error) {
      if (!(error instanceof AuthenticationError || error instanceof CardError)) throw error;
      anomalies.count("bad_handshake", error.message);
      onFailure();
    }
  };

  return {
    start,
    retry,
    answer(address, { senderIndex, noise }) {
      if (answering.waiting >= SESSION_LIMITS.waitingInitiations) {
        anomalies.count("dropped_handshake");
        return;
      }
      const from = address.slice();
      const message = noise.slice();
      answering.add(() => judge(() => respond(from, senderIndex, message), () => {}));
    },
    complete(address, packet) {
      const initiating = table.find(packet.receiverIndex);
      if (
        initiating?.kind !== "initiating" || initiating.isBusy ||
        !equalBytes(initiating.peer.address, address)
      ) {
        anomalies.count(initiating?.kind === "established" ? "replayed_handshake" : "bad_handshake");
        return;
      }
      const reply = { ...packet, noise: packet.noise.slice() };
      initiating.isBusy = true;
      // A forged reply leaves the handshake's state unusable, so another is started at once, not at the timeout.
      const startAnew = () => {
        if (initiating.peer.initiating === initiating) retry(initiating.peer);
      };
      completing.add(() => judge(() => finish(initiating, reply), startAnew));
    },
  };
}
