/**
 * The sessions of one process with its peers: handshakes, records, and the replacing of keys, after WireGuard's model.
 * `send` and `receive` never wait; what takes time goes on beside the read loop, in order for each peer.
 */
import { AuthenticationError, type CipherSuite } from "../crypto/cipher_suite.ts";
import type { SessionIdentity } from "../crypto/identity.ts";
import { createHandshake, type Handshake } from "../crypto/noise.ts";
import { createRecordLayer, MAX_RECORDS, type RecordLayer, ReplayError } from "../crypto/session.ts";
import { CardError, type VerifiedCard } from "../crypto/seal.ts";
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import { type Bytes, concatBytes, encodeTuple, equalBytes, utf8 } from "../protocol/bytes.ts";
import {
  decodePacket,
  encodeInitiation,
  encodeReply,
  encodeUnknown,
  type Packet,
  PacketError,
} from "../protocol/packet.ts";
import { LABEL } from "../protocol/version.ts";
import type { Anomalies } from "./anomalies.ts";
import { createOrdered, type Ordered } from "./ordered.ts";

/** Bounds and times of sessions, in milliseconds where not said otherwise. */
export const SESSION_LIMITS = {
  /** Keys are replaced after this. */
  rekeyAfterMs: 3_600_000,
  /** Replaced keys open records for this much longer. */
  graceMs: 60_000,
  /** A handshake is tried again after this without a reply, */
  handshakeTimeoutMs: 4_000,
  /** this many times in all. */
  handshakeAttempts: 3,
  /** Sessions that a peer started and has not used; the oldest goes first. */
  halfOpen: 64,
  /** Handshake messages that are worked on at once; more are dropped. */
  concurrentHandshakes: 64,
  /** Sessions kept for one peer; the oldest goes first. */
  perPeer: 8,
  /** Messages and bytes that wait for one handshake. */
  queuedMessages: 4096,
  queuedBytes: 16 * 1024 * 1024,
  /** Least time between two handshakes that hints of one peer cause, and between two hints of ours. */
  hintIntervalMs: 2_000,
} as const;

/** What sessions need of the rest of the peer. */
export interface SessionsOptions {
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
  /** Sends a frame's payload. */
  readonly sendFrame: (address: Bytes, payload: Bytes) => void;
  /** Takes an authentic plaintext, in the order in which its peer sent it. */
  readonly deliver: (address: Bytes, plaintext: Bytes) => void;
  /** A session exists now because a peer asked for one: it is going to send requests. */
  readonly onAccepted: (address: Bytes) => void;
  /** What was queued for a peer cannot be sent. */
  readonly onUnreachable: (address: Bytes, error: OperationError) => void;
  /** The peer had lost its session: unanswered requests must be asked again on the new one. */
  readonly onRenewed: (address: Bytes) => void;
  readonly anomalies: Anomalies;
  /** Milliseconds since any fixed moment. */
  readonly now: () => number;
}

/** The sessions of a process. */
export interface Sessions {
  /**
   * Encrypts and sends a plaintext, after a handshake if there is no session yet.
   *
   * @throws {OperationError} With code `busy` if too much waits for the handshake, `unknown_agent` without a card.
   */
  send(address: Bytes, plaintext: Bytes): void;
  /** Takes a frame's payload from the read loop. */
  receive(address: Bytes, payload: Bytes): void;
  /** Starts a handshake ahead of need; does nothing if there is a session or a handshake. */
  open(address: Bytes): void;
  /** Forgets everything about a peer that left. */
  drop(address: Bytes): void;
  /** Repeats late handshakes and retires old keys; called about once a second. */
  tick(): void;
}

interface Established {
  readonly kind: "established";
  readonly peer: PeerState;
  readonly index: number;
  readonly remoteIndex: number;
  readonly layer: RecordLayer;
  readonly inbox: Ordered<Bytes>;
  readonly createdAt: number;
  /** False on the responder until the first authentic record: only then it may send. */
  isConfirmed: boolean;
  retiresAt: number;
}

interface Initiating {
  readonly kind: "initiating";
  readonly peer: PeerState;
  readonly index: number;
  readonly handshake: Handshake;
  readonly startedAt: number;
  /** True while a reply is being worked on. */
  isBusy: boolean;
}

interface PeerState {
  readonly address: Bytes;
  current: Established | undefined;
  initiating: Initiating | undefined;
  isStarting: boolean;
  attempts: number;
  /** Whether unanswered requests are to be repeated when the handshake is through. */
  isRenewing: boolean;
  sessions: Established[];
  queue: Bytes[];
  queuedBytes: number;
  readonly outbox: Ordered<Bytes>;
  newestInitiation: bigint;
  renewedAt: number;
}

/** Makes the sessions of a process. */
export function createSessions(options: SessionsOptions): Sessions {
  const { suite, identity, anomalies, now } = options;
  const peers = new Map<string, PeerState>();
  const byIndex = new Map<number, Established | Initiating>();
  let initiations = 0n;
  let handshakesInWork = 0;
  let lastHintAt = -Infinity;

  const prologue = (initiator: Bytes, responder: Bytes) =>
    encodeTuple(utf8(LABEL), options.roomPublicKey, initiator, responder);

  const peerOf = (address: Bytes): PeerState => {
    const key = formatAddress(address);
    let peer = peers.get(key);
    if (peer === undefined) {
      const own = address.slice();
      peer = {
        address: own,
        current: undefined,
        initiating: undefined,
        isStarting: false,
        attempts: 0,
        isRenewing: false,
        sessions: [],
        queue: [],
        queuedBytes: 0,
        outbox: createOrdered((record) => options.sendFrame(own, record), (error) => {
          throw error; // Sealing fails only by a fault of ours.
        }),
        newestInitiation: -1n,
        renewedAt: -Infinity,
      };
      peers.set(key, peer);
    }
    return peer;
  };

  const freshIndex = (): number => {
    for (;;) {
      const index = new DataView(suite.randomBytes(4).buffer).getUint32(0);
      if (!byIndex.has(index)) return index;
    }
  };

  const retire = (session: Established) => {
    byIndex.delete(session.index);
    session.peer.sessions = session.peer.sessions.filter((other) => other !== session);
    if (session.peer.current === session) session.peer.current = undefined;
  };

  const seal = (session: Established, plaintext: Bytes) =>
    session.peer.outbox.push(session.layer.seal(plaintext));

  const usable = ({ current }: PeerState): Established | undefined =>
    current !== undefined && current.layer.sent < MAX_RECORDS && now() < current.retiresAt
      ? current
      : undefined;

  const flush = (peer: PeerState) => {
    const session = usable(peer);
    if (session === undefined) return;
    const queue = peer.queue;
    peer.queue = [];
    peer.queuedBytes = 0;
    for (const plaintext of queue) seal(session, plaintext);
  };

  const establish = (session: Established) => {
    const { peer } = session;
    byIndex.set(session.index, session);
    peer.sessions.push(session);
    while (peer.sessions.length > SESSION_LIMITS.perPeer) {
      const oldest = peer.sessions[0];
      if (oldest === undefined) break;
      retire(oldest);
    }
    if (session.isConfirmed) return;
    const halfOpen = [...byIndex.values()].filter((entry) =>
      entry.kind === "established" && !entry.isConfirmed
    );
    if (halfOpen.length > SESSION_LIMITS.halfOpen && halfOpen[0]?.kind === "established") retire(halfOpen[0]);
  };

  const makeCurrent = (session: Established) => {
    const previous = session.peer.current;
    if (previous !== undefined && previous !== session) {
      if (previous.createdAt > session.createdAt) return;
      previous.retiresAt = Math.min(previous.retiresAt, now() + SESSION_LIMITS.graceMs);
    }
    session.peer.current = session;
    flush(session.peer);
  };

  const newSession = async (
    peer: PeerState,
    handshake: Handshake,
    { index, remoteIndex, isConfirmed }: { index: number; remoteIndex: number; isConfirmed: boolean },
  ): Promise<Established> => {
    const layer = await createRecordLayer({ suite, keys: await handshake.split(), remoteIndex });
    const createdAt = now();
    const session: Established = {
      kind: "established",
      peer,
      index,
      remoteIndex,
      layer,
      createdAt,
      isConfirmed,
      retiresAt: createdAt + SESSION_LIMITS.rekeyAfterMs + SESSION_LIMITS.graceMs,
      inbox: createOrdered(
        (plaintext) => {
          if (!session.isConfirmed) {
            session.isConfirmed = true;
            makeCurrent(session);
            options.onAccepted(peer.address);
          }
          if (plaintext.length > 0) options.deliver(peer.address, plaintext);
        },
        (error) => countRecordError(anomalies, error),
      ),
    };
    return session;
  };

  const fail = (peer: PeerState, error: OperationError) => {
    peer.queue = [];
    peer.queuedBytes = 0;
    peer.attempts = 0;
    peer.isRenewing = false;
    options.onUnreachable(peer.address, error);
  };

  const initiate = (peer: PeerState) => {
    if (peer.isStarting) return;
    const remoteStaticKey = options.dhKeyOf(peer.address);
    if (remoteStaticKey === undefined) {
      fail(peer, new OperationError("unknown_agent", "Cannot open a session: the peer's card is not known"));
      return;
    }
    if (peer.initiating !== undefined) byIndex.delete(peer.initiating.index);
    peer.initiating = undefined;
    peer.isStarting = true;
    peer.attempts++;
    const index = freshIndex();
    const start = async () => {
      const handshake = await createHandshake({
        role: "initiator",
        staticKey: identity.dhKey,
        remoteStaticKey,
        psk: options.psk,
        prologue: prologue(identity.address, peer.address),
        suite,
      });
      const counter = new Uint8Array(8);
      new DataView(counter.buffer).setBigUint64(0, ++initiations);
      const message = await handshake.writeMessage(concatBytes(counter, options.ownCard()));
      peer.initiating = { kind: "initiating", peer, index, handshake, startedAt: now(), isBusy: false };
      byIndex.set(index, peer.initiating);
      options.sendFrame(peer.address, encodeInitiation(index, message));
    };
    start()
      .catch((cause: unknown) =>
        fail(peer, new OperationError("internal", "Cannot start a session: the handshake failed", { cause }))
      )
      .finally(() => (peer.isStarting = false));
  };

  const respond = async (address: Bytes, packet: Extract<Packet, { type: "initiation" }>) => {
    const handshake = await createHandshake({
      role: "responder",
      staticKey: identity.dhKey,
      psk: options.psk,
      prologue: prologue(address, identity.address),
      suite,
    });
    const payload = await handshake.readMessage(packet.noise);
    if (payload.length < 8) throw new AuthenticationError("Cannot accept handshake: its payload is cut off");
    const { dhKey } = await options.acceptCard(address, payload.slice(8));
    if (handshake.remoteStaticKey === undefined || !equalBytes(dhKey, handshake.remoteStaticKey)) {
      throw new AuthenticationError("Cannot accept handshake: its key is not the one on the card");
    }
    const peer = peerOf(address);
    const counter = new DataView(payload.buffer, payload.byteOffset).getBigUint64(0);
    if (counter <= peer.newestInitiation) {
      anomalies.count("replayed_handshake");
      return;
    }
    peer.newestInitiation = counter;
    const index = freshIndex();
    const reply = await handshake.writeMessage();
    establish(
      await newSession(peer, handshake, { index, remoteIndex: packet.senderIndex, isConfirmed: false }),
    );
    options.sendFrame(address, encodeReply(index, packet.senderIndex, reply));
  };

  const complete = async (initiating: Initiating, packet: Extract<Packet, { type: "reply" }>) => {
    const { peer, handshake, index } = initiating;
    await handshake.readMessage(packet.noise);
    const session = await newSession(peer, handshake, {
      index,
      remoteIndex: packet.senderIndex,
      isConfirmed: true,
    });
    if (peer.initiating !== initiating || peers.get(formatAddress(peer.address)) !== peer) return;
    peer.initiating = undefined;
    peer.attempts = 0;
    establish(session);
    const isRenewing = peer.isRenewing;
    peer.isRenewing = false;
    makeCurrent(session);
    if (isRenewing) options.onRenewed(peer.address);
    if (peer.current === session && session.layer.sent === 0) {
      // The responder may not send before it received a record: an empty one tells it that the session stands.
      seal(session, new Uint8Array(0));
    }
  };

  const work = (task: () => Promise<void>, onFailure: () => void) => {
    if (handshakesInWork >= SESSION_LIMITS.concurrentHandshakes) {
      anomalies.count("dropped_handshake");
      return;
    }
    handshakesInWork++;
    task()
      .catch((error: unknown) => {
        onFailure();
        const isForged = error instanceof AuthenticationError || error instanceof CardError;
        anomalies.count("bad_handshake", isForged ? error.message : String(error));
      })
      .finally(() => handshakesInWork--);
  };

  const receiveRecord = (address: Bytes, packet: Extract<Packet, { type: "record" }>) => {
    const session = byIndex.get(packet.receiverIndex);
    if (session?.kind !== "established") {
      anomalies.count("unknown_session");
      if (now() - lastHintAt >= SESSION_LIMITS.hintIntervalMs) {
        lastHintAt = now();
        options.sendFrame(address, encodeUnknown(packet.receiverIndex));
      }
      return;
    }
    if (!equalBytes(session.peer.address, address)) {
      anomalies.count("misdirected_record");
      return;
    }
    try {
      session.inbox.push(session.layer.open(packet));
    } catch (error) {
      countRecordError(anomalies, error);
    }
  };

  const receiveReply = (address: Bytes, packet: Extract<Packet, { type: "reply" }>) => {
    const initiating = byIndex.get(packet.receiverIndex);
    if (
      initiating?.kind !== "initiating" || initiating.isBusy || !equalBytes(initiating.peer.address, address)
    ) {
      anomalies.count(initiating?.kind === "established" ? "replayed_handshake" : "bad_handshake");
      return;
    }
    initiating.isBusy = true;
    // A forged reply kills this handshake's state, so the next attempt starts at once instead of at the timeout.
    work(
      () => complete(initiating, packet),
      () => initiating.peer.initiating === initiating && retry(initiating.peer),
    );
  };

  const receiveHint = (address: Bytes, { receiverIndex }: Extract<Packet, { type: "unknown" }>) => {
    const peer = peers.get(formatAddress(address));
    const session = peer?.sessions.find((candidate) => candidate.remoteIndex === receiverIndex);
    if (
      peer === undefined || session === undefined || now() - peer.renewedAt < SESSION_LIMITS.hintIntervalMs
    ) {
      anomalies.count("unknown_hint");
      return;
    }
    // Hints are not authentic: the session stays until the handshake that follows proves that the peer wants another.
    peer.renewedAt = now();
    peer.isRenewing = true;
    if (peer.initiating === undefined) initiate(peer);
  };

  const retry = (peer: PeerState) => {
    if (peer.attempts < SESSION_LIMITS.handshakeAttempts) {
      initiate(peer);
      return;
    }
    if (peer.initiating !== undefined) byIndex.delete(peer.initiating.index);
    peer.initiating = undefined;
    fail(
      peer,
      new OperationError("peer_gone", "Cannot open a session: the host did not answer the handshake"),
    );
  };

  return {
    send(address, plaintext) {
      const peer = peerOf(address);
      const session = usable(peer);
      if (session !== undefined) {
        const isDue = now() - session.createdAt > SESSION_LIMITS.rekeyAfterMs ||
          session.layer.sent > MAX_RECORDS / 2;
        if (isDue && peer.initiating === undefined) initiate(peer);
        seal(session, plaintext);
        return;
      }
      if (
        peer.queue.length >= SESSION_LIMITS.queuedMessages ||
        peer.queuedBytes + plaintext.length > SESSION_LIMITS.queuedBytes
      ) {
        throw new OperationError("busy", "Cannot send to the host: too much waits for its session to open");
      }
      peer.queue.push(plaintext);
      peer.queuedBytes += plaintext.length;
      if (peer.initiating === undefined) initiate(peer);
    },

    receive(address, payload) {
      let packet: Packet;
      try {
        packet = decodePacket(payload);
      } catch (error) {
        if (!(error instanceof PacketError)) throw error;
        anomalies.count("bad_frame", error.message);
        return;
      }
      switch (packet.type) {
        case "initiation": {
          const { senderIndex, noise } = packet;
          // The frame may be a view into a message that the caller reuses.
          const from = address.slice();
          const message = noise.slice();
          work(() => respond(from, { type: "initiation", senderIndex, noise: message }), () => {});
          return;
        }
        case "reply":
          return receiveReply(address, packet);
        case "record":
          return receiveRecord(address, packet);
        case "unknown":
          return receiveHint(address, packet);
      }
    },

    open(address) {
      const peer = peerOf(address);
      if (usable(peer) === undefined && peer.initiating === undefined) initiate(peer);
    },

    drop(address) {
      const key = formatAddress(address);
      const peer = peers.get(key);
      if (peer === undefined) return;
      peers.delete(key);
      for (const session of peer.sessions) byIndex.delete(session.index);
      if (peer.initiating !== undefined) byIndex.delete(peer.initiating.index);
      peer.initiating = undefined;
    },

    tick() {
      const time = now();
      for (const entry of [...byIndex.values()]) {
        if (entry.kind === "established") {
          if (time >= entry.retiresAt) retire(entry);
        } else if (!entry.isBusy && time - entry.startedAt >= SESSION_LIMITS.handshakeTimeoutMs) {
          retry(entry.peer);
        }
      }
      for (const [key, peer] of peers) {
        const isIdle = peer.sessions.length === 0 && peer.initiating === undefined && !peer.isStarting;
        if (isIdle && peer.queue.length === 0) peers.delete(key);
      }
    },
  };
}

function countRecordError(anomalies: Anomalies, error: unknown): void {
  if (error instanceof ReplayError) anomalies.count("replayed_record");
  else if (error instanceof AuthenticationError) anomalies.count("bad_record");
  else throw error;
}
