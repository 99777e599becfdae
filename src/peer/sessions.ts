/**
 * The sessions of one process with its peers: records, and the replacing of keys, after WireGuard's model.
 * `send` and `receive` never wait; what takes time goes on beside the read loop, in order for each peer.
 */
import { AuthenticationError } from "../crypto/cipher_suite.ts";
import { ReplayError } from "../crypto/session.ts";
import { OperationError } from "../errors.ts";
import { type Bytes, EMPTY, equalBytes } from "../protocol/bytes.ts";
import { decodePacket, encodeUnknown, type Packet, PacketError } from "../protocol/packet.ts";
import type { Anomalies } from "./anomalies.ts";
import { createHandshakes, type HandshakesOptions } from "./handshakes.ts";
import { createOrdered } from "./ordered.ts";
import {
  createSessionTable,
  type Established,
  isDueForRekey,
  type PeerState,
  SESSION_LIMITS,
  usableSession,
} from "./session_table.ts";

/** What sessions need of the rest of the peer. */
export interface SessionsOptions extends HandshakesOptions {
  /** Takes an authentic plaintext, in the order in which its peer sent it. */
  readonly deliver: (address: Bytes, plaintext: Bytes) => void;
  /** The peer had lost its session: unanswered requests must be asked again on the new one. */
  readonly onRenewed: (address: Bytes) => void;
  /** Sessions that peers started and have not used. @default SESSION_LIMITS.halfOpen */
  readonly maxHalfOpen?: number;
}

/** The sessions of a process. */
export interface Sessions {
  /**
   * Encrypts and sends a plaintext, after a handshake if there is no session yet.
   *
   * @throws {OperationError} With code `busy` if too much waits for the handshake.
   */
  send(address: Bytes, plaintext: Bytes): void;
  /** Takes a frame's payload from the read loop; both may be views. */
  receive(address: Bytes, payload: Bytes): void;
  /** Starts a handshake ahead of need; does nothing if there is a session or a handshake. */
  open(address: Bytes): void;
  /** Starts a handshake although there is a session, which may be broken; what is unanswered is asked again after it. */
  renew(address: Bytes): void;
  /**
   * The link broke. Its handshakes are over, what waited for them has failed and must not be sent later, and others may
   * have been told that this peer left: whoever is sent to next is asked for a new session.
   */
  interrupt(): void;
  /** Forgets everything about a peer that left. */
  drop(address: Bytes): void;
  /** Repeats late handshakes and retires old keys; called about once a second. */
  tick(): void;
}

/** Makes the sessions of a process. */
export function createSessions(options: SessionsOptions): Sessions {
  const { suite, anomalies, now } = options;
  let lastHintAt = -Infinity;
  const table = createSessionTable({
    randomIndex: () => new DataView(suite.randomBytes(4).buffer).getUint32(0),
    sendFrame: options.sendFrame,
    tasks: options.tasks,
    maxHalfOpen: options.maxHalfOpen,
  });

  const seal = (session: Established, plaintext: Bytes) =>
    session.peer.outbox.push(session.layer.seal(plaintext));

  /** Sends on the newest session from now on; the one before it goes on to receive for a while. */
  const makeCurrent = (session: Established) => {
    const { peer } = session;
    const previous = peer.current;
    if (previous !== undefined && previous !== session) {
      if (previous.createdAt > session.createdAt) return;
      previous.retiresAt = Math.min(previous.retiresAt, now() + SESSION_LIMITS.graceMs);
    }
    peer.current = session;
    const { queue } = peer;
    peer.queue = [];
    peer.queuedBytes = 0;
    for (const plaintext of queue) seal(session, plaintext);
  };

  const handshakes = createHandshakes(options, table, {
    createInbox: (session) =>
      createOrdered(
        (plaintext) => receivePlaintext(session(), plaintext),
        (error) => countRecordError(anomalies, error),
        options.tasks,
      ),
    onEstablished(session) {
      const { peer } = session;
      const { isRenewing } = peer;
      peer.isRenewing = false;
      makeCurrent(session);
      if (isRenewing) options.onRenewed(peer.address);
      // The responder may not send before it received a record: an empty one tells it that the session stands.
      if (session.layer.sent === 0) seal(session, EMPTY);
    },
  });

  const receivePlaintext = (session: Established, plaintext: Bytes) => {
    const { peer } = session;
    // It was retired or its peer dropped while the record was being decrypted.
    if (table.find(session.index) !== session) return;
    if (!session.isConfirmed) {
      table.confirm(session);
      makeCurrent(session);
    }
    if (plaintext.length > 0) options.deliver(peer.address, plaintext);
  };

  const receiveRecord = (address: Bytes, packet: Extract<Packet, { type: "record" }>) => {
    const session = table.find(packet.receiverIndex);
    if (session?.kind !== "established") {
      anomalies.count("unknown_session");
      if (now() - lastHintAt < SESSION_LIMITS.hintIntervalMs) return;
      lastHintAt = now();
      options.sendFrame(address.slice(), encodeUnknown(packet.receiverIndex));
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

  const receiveHint = (address: Bytes, { receiverIndex }: Extract<Packet, { type: "unknown" }>) => {
    const peer = table.findPeer(address);
    const isOurs = peer?.sessions.some((session) => session.remoteIndex === receiverIndex) ?? false;
    if (peer === undefined || !isOurs || now() - peer.renewedAt < SESSION_LIMITS.hintIntervalMs) {
      anomalies.count("unknown_hint");
      return;
    }
    // Hints are not authentic: the session stays until the handshake that follows proves that the peer wants another.
    peer.renewedAt = now();
    peer.isRenewing = true;
    startUnlessUnderWay(peer);
  };

  const startUnlessUnderWay = (peer: PeerState) => {
    if (peer.initiating === undefined) handshakes.start(peer);
  };

  return {
    send(address, plaintext) {
      const peer = table.peer(address);
      const session = usableSession(peer, now());
      if (session !== undefined) {
        if (isDueForRekey(session, now())) startUnlessUnderWay(peer);
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
      startUnlessUnderWay(peer);
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
        case "initiation":
          return handshakes.answer(address, packet);
        case "reply":
          return handshakes.complete(address, packet);
        case "record":
          return receiveRecord(address, packet);
        case "unknown":
          return receiveHint(address, packet);
      }
    },

    open(address) {
      const peer = table.peer(address);
      if (usableSession(peer, now()) === undefined) startUnlessUnderWay(peer);
    },

    renew(address) {
      const peer = table.peer(address);
      peer.isRenewing = true;
      startUnlessUnderWay(peer);
    },

    interrupt: () => table.interrupt(),

    drop: (address) => table.drop(address),

    tick() {
      for (const { peer } of table.sweep(now())) handshakes.retry(peer);
    },
  };
}

function countRecordError(anomalies: Anomalies, error: unknown): void {
  if (error instanceof ReplayError) anomalies.count("replayed_record");
  else if (error instanceof AuthenticationError) anomalies.count("bad_record");
  else throw error;
}
