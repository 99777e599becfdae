/**
 * The sessions and handshakes of a process, found by index and by peer, within fixed bounds. Pure bookkeeping: the
 * messages are made and read in `handshakes.ts` and `sessions.ts`.
 */
import type { Handshake } from "../crypto/noise.ts";
import { MAX_RECORDS, type RecordLayer } from "../crypto/session.ts";
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { createOrdered, type Ordered } from "./ordered.ts";
import type { Tasks } from "./tasks.ts";

/** Bounds and times of sessions, in milliseconds where not said otherwise. */
export const SESSION_LIMITS = {
  /** Keys are replaced after this. */
  rekeyAfterMs: 3_600_000,
  /** Replaced keys open records for this much longer. */
  graceMs: 60_000,
  /** A handshake is tried again after this without a reply, and twice as long each time after that, */
  handshakeTimeoutMs: 4_000,
  /** this many times in all. */
  handshakeAttempts: 3,
  /** Sessions that peers started and have not used; the oldest goes first. */
  halfOpen: 1024,
  /** Handshakes of a kind that are worked on in one turn of the event loop. */
  handshakesPerTurn: 16,
  /** Handshakes of others that wait to be worked on; more are dropped. */
  waitingInitiations: 1024,
  /** Sessions kept for one peer; the oldest goes first. */
  perPeer: 8,
  /** Messages and bytes that wait for one handshake. */
  queuedMessages: 4096,
  queuedBytes: 16 * 1024 * 1024,
  /** Least time between two handshakes that hints of one peer cause, and between two hints of ours. */
  hintIntervalMs: 2_000,
} as const;

/** A session whose keys are agreed on. */
export interface Established {
  readonly kind: "established";
  readonly peer: PeerState;
  readonly index: number;
  readonly remoteIndex: number;
  readonly layer: RecordLayer;
  /** Delivers what was received, in order. */
  readonly inbox: Ordered<Bytes>;
  readonly createdAt: number;
  /** False on the responder until the first authentic record: only then it may send. */
  isConfirmed: boolean;
  retiresAt: number;
}

/** A handshake that waits for its reply. */
export interface Initiating {
  readonly kind: "initiating";
  readonly peer: PeerState;
  readonly index: number;
  readonly handshake: Handshake;
  readonly startedAt: number;
  /** True while a reply is being worked on. */
  isBusy: boolean;
}

/** All that is known about sessions with one peer. */
export interface PeerState {
  readonly address: Bytes;
  /** The session that is sent on. */
  current: Established | undefined;
  initiating: Initiating | undefined;
  /** True while the first message of a handshake is being made. */
  isStarting: boolean;
  /** Handshakes started since the last that succeeded. */
  attempts: number;
  /** Whether unanswered requests are to be repeated when the handshake is through. */
  isRenewing: boolean;
  /** Oldest first. */
  sessions: Established[];
  queue: Bytes[];
  queuedBytes: number;
  /** Sends records in order. */
  readonly outbox: Ordered<Bytes>;
  /** The highest counter of the peer's handshakes; a lower one is a replay. */
  newestInitiation: bigint;
  renewedAt: number;
}

/** The table. */
export interface SessionTable {
  /** The state of a peer, made if there is none. */
  peer(address: Bytes): PeerState;
  findPeer(address: Bytes): PeerState | undefined;
  find(index: number): Established | Initiating | undefined;
  /** An index that nothing has. */
  freshIndex(): number;
  /** Adds a session; past the bounds, the oldest half-open one or the peer's oldest one is retired. */
  add(session: Established): void;
  /** Notes that an authentic record came on a session. */
  confirm(session: Established): void;
  retire(session: Established): void;
  setInitiating(peer: PeerState, initiating: Initiating | undefined): void;
  /** Forgets a peer with all its sessions. */
  drop(address: Bytes): void;
  /** Drops the handshakes that are under way and what waits for them, and sends on no session that there is. */
  interrupt(): void;
  /** Retires what is past its time and forgets peers without anything; returns the handshakes that are late. */
  sweep(now: number): Initiating[];
}

/** What a table needs. */
export interface SessionTableOptions {
  /** Draws a u32. */
  readonly randomIndex: () => number;
  /** Sends a record. */
  readonly sendFrame: (address: Bytes, record: Bytes) => void;
  /** Holds the encrypting of records. */
  readonly tasks: Tasks;
  /** @default SESSION_LIMITS.halfOpen */
  readonly maxHalfOpen?: number | undefined;
}

/** Makes an empty table. */
export function createSessionTable(options: SessionTableOptions): SessionTable {
  const { maxHalfOpen = SESSION_LIMITS.halfOpen } = options;
  const peers = new Map<string, PeerState>();
  const byIndex = new Map<number, Established | Initiating>();
  /** In the order of their making. */
  const halfOpen = new Set<Established>();

  const retire = (session: Established) => {
    const { peer } = session;
    byIndex.delete(session.index);
    halfOpen.delete(session);
    peer.sessions = peer.sessions.filter((other) => other !== session);
    if (peer.current === session) peer.current = undefined;
  };

  const setInitiating = (peer: PeerState, initiating: Initiating | undefined) => {
    if (peer.initiating !== undefined) byIndex.delete(peer.initiating.index);
    peer.initiating = initiating;
    if (initiating !== undefined) byIndex.set(initiating.index, initiating);
  };

  return {
    peer(address) {
      const key = formatAddress(address);
      const known = peers.get(key);
      if (known !== undefined) return known;
      const peer = createPeerState(address.slice(), options);
      peers.set(key, peer);
      return peer;
    },
    findPeer: (address) => peers.get(formatAddress(address)),
    find: (index) => byIndex.get(index),
    freshIndex() {
      for (;;) {
        const index = options.randomIndex();
        if (!byIndex.has(index)) return index;
      }
    },
    add(session) {
      byIndex.set(session.index, session);
      session.peer.sessions.push(session);
      const [oldest] = session.peer.sessions;
      if (session.peer.sessions.length > SESSION_LIMITS.perPeer && oldest !== undefined) retire(oldest);
      if (session.isConfirmed) return;
      halfOpen.add(session);
      const [oldestHalfOpen] = halfOpen;
      if (halfOpen.size > maxHalfOpen && oldestHalfOpen !== undefined) retire(oldestHalfOpen);
    },
    confirm(session) {
      session.isConfirmed = true;
      halfOpen.delete(session);
    },
    retire,
    setInitiating,
    drop(address) {
      const key = formatAddress(address);
      const peer = peers.get(key);
      if (peer === undefined) return;
      peers.delete(key);
      for (const session of [...peer.sessions]) retire(session);
      setInitiating(peer, undefined);
    },
    interrupt() {
      for (const peer of peers.values()) {
        setInitiating(peer, undefined);
        peer.attempts = 0;
        peer.isRenewing = false;
        peer.renewedAt = -Infinity;
        // What was received on it is remembered, so that a replay is noticed.
        peer.current = undefined;
        peer.queue = [];
        peer.queuedBytes = 0;
      }
    },
    sweep(now) {
      const late: Initiating[] = [];
      for (const [key, peer] of peers) {
        for (const session of [...peer.sessions]) if (now >= session.retiresAt) retire(session);
        const { initiating } = peer;
        if (initiating !== undefined && !initiating.isBusy) {
          if (now - initiating.startedAt >= handshakeTimeout(peer.attempts)) late.push(initiating);
        }
        const isIdle = peer.sessions.length === 0 && initiating === undefined && !peer.isStarting;
        if (isIdle && peer.queue.length === 0) peers.delete(key);
      }
      return late;
    },
  };
}

/**
 * Milliseconds that an attempt waits for its reply: twice as long as the one before, since a new attempt makes the reply to the
 * former useless, and a host that is late because much is asked of it would never be in time.
 *
 * @param attempt - from 1
 */
export function handshakeTimeout(attempt: number): number {
  return SESSION_LIMITS.handshakeTimeoutMs * 2 ** (Math.max(1, attempt) - 1);
}

/** The session on which a peer is sent to, unless its keys are used up. */
export function usableSession({ current }: PeerState, now: number): Established | undefined {
  if (current === undefined || now >= current.retiresAt) return undefined;
  return current.layer.sent < MAX_RECORDS ? current : undefined;
}

/** Tells whether the keys of a session are to be replaced, while they can still be used. */
export function isDueForRekey({ createdAt, layer }: Established, now: number): boolean {
  return now - createdAt > SESSION_LIMITS.rekeyAfterMs || layer.sent > MAX_RECORDS / 2;
}

function createPeerState(address: Bytes, { sendFrame, tasks }: SessionTableOptions): PeerState {
  return {
    address,
    current: undefined,
    initiating: undefined,
    isStarting: false,
    attempts: 0,
    isRenewing: false,
    sessions: [],
    queue: [],
    queuedBytes: 0,
    outbox: createOrdered((record) => sendFrame(address, record), (error) => {
      throw error; // Sealing fails only by a fault of ours.
    }, tasks),
    newestInitiation: -1n,
    renewedAt: -Infinity,
  };
}
