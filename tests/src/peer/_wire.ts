/**
 * Sessions of several peers joined by a wire in memory that a test can bend, under a clock that a test moves.
 */
import assert from "node:assert/strict";
import type { CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import { createSessionIdentity } from "../../../src/crypto/identity.ts";
import { CardError } from "../../../src/crypto/seal.ts";
import type { OperationError } from "../../../src/errors.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import { type Anomaly, createAnomalies } from "../../../src/peer/anomalies.ts";
import { createTasks } from "../../../src/peer/tasks.ts";
import { createSessions, type Sessions } from "../../../src/peer/sessions.ts";
import { formatAddress } from "../../../src/protocol/address.ts";
import { type Bytes, equalBytes, fromUtf8, utf8 } from "../../../src/protocol/bytes.ts";
import { turn } from "../../helpers/fake_clock.ts";
import { sampleCard } from "../../helpers/sample_card.ts";

/** The first byte of a payload by what it is. */
export const TYPE = { initiation: 1, reply: 2, record: 3, hint: 4 } as const;

/** A frame on the wire. */
export interface WireFrame {
  readonly from: Bytes;
  readonly to: Bytes;
  readonly payload: Bytes;
}

/** One peer. */
export interface WirePeer {
  readonly address: Bytes;
  readonly sessions: Sessions;
  /** Plaintexts as text, in the order in which they were delivered. */
  readonly received: string[];
  readonly unreachable: OperationError[];
  /** How often it was told to repeat its requests. */
  renewed: number;
  send(to: WirePeer, text: string): void;
  count(kind: Anomaly): number;
}

/** The wire. */
export interface Wire {
  /** Adds a peer that everybody knows, unless `isUnknown`. */
  peer(
    options?: { readonly isUnknown?: boolean; readonly psk?: Bytes; readonly maxHalfOpen?: number },
  ): Promise<WirePeer>;
  /** Delivers until nothing moves any more. */
  settle(): Promise<void>;
  /** Moves the clock, a second at a time, with what the sessions do each second. */
  pass(ms: number): Promise<void>;
  /** Puts a frame on the wire. */
  inject(frame: WireFrame): void;
  /** Every frame that was sent, also those that were changed or lost. */
  readonly log: WireFrame[];
  /** Frames of a type in the log. */
  sent(type: number): WireFrame[];
  /** What becomes of each frame. @default it arrives */
  bend: (frame: WireFrame) => readonly WireFrame[];
  time: number;
}

/** Makes a wire without peers. */
export function createWire(): Wire {
  const peers = new Map<string, { peer: WirePeer; dhKey: Bytes; isUnknown: boolean }>();
  let queue: WireFrame[] = [];
  let inWork = 0;
  const tasks = createTasks();
  const suite = countWork(hybridSuite, (change) => inWork += change);

  const wire: Wire = {
    log: [],
    time: 10_000,
    bend: (frame) => [frame],
    sent: (type) => wire.log.filter(({ payload }) => payload[0] === type),
    inject: (frame) => void queue.push(frame),

    async peer({ isUnknown = false, psk = new Uint8Array(32).fill(7), ...bounds } = {}) {
      const identity = await createSessionIdentity(hybridSuite);
      const { address } = identity;
      const anomalies = createAnomalies();
      const sessions = createSessions({
        ...bounds,
        suite,
        identity,
        psk,
        roomPublicKey: new Uint8Array(32),
        ownCard: () => identity.dhPublicKey,
        dhKeyOf(of) {
          const known = peers.get(formatAddress(of));
          return known === undefined || known.isUnknown ? undefined : known.dhKey;
        },
        acceptCard(of, sealed) {
          const known = peers.get(formatAddress(of));
          if (known === undefined || !equalBytes(known.dhKey, sealed)) {
            return Promise.reject(new CardError("No"));
          }
          known.isUnknown = false;
          return Promise.resolve(sampleCard({}, { dhKey: sealed }));
        },
        sendFrame(to, payload) {
          const frame = { from: address, to, payload };
          wire.log.push(frame);
          queue.push(...wire.bend(frame));
        },
        deliver: (_from, plaintext) => void peer.received.push(fromUtf8(plaintext)),
        onRenewed: () => void peer.renewed++,
        onUnreachable: (_address, error) => void peer.unreachable.push(error),
        anomalies,
        tasks,
        now: () => wire.time,
      });
      const peer: WirePeer = {
        address,
        sessions,
        received: [],
        unreachable: [],
        renewed: 0,
        send: (to, text) => sessions.send(to.address, utf8(text)),
        count: (kind) => anomalies.snapshot()[kind] ?? 0,
      };
      peers.set(formatAddress(address), { peer, dhKey: identity.dhPublicKey, isUnknown });
      return peer;
    },

    async settle() {
      for (let quietTurns = 0; quietTurns < 3;) {
        await turn();
        await tasks.settled();
        wire.time += 0.01; // Nothing happens at the very same moment.
        if (queue.length > 0 || inWork > 0) quietTurns = 0;
        else quietTurns++;
        const frames = queue;
        queue = [];
        for (const frame of frames) deliver(frame);
      }
    },

    async pass(ms) {
      for (let left = ms; left > 0; left -= 1_000) {
        wire.time += Math.min(1_000, left);
        for (const { peer } of peers.values()) peer.sessions.tick();
        await wire.settle();
      }
    },
  };

  /** As from a read loop: what is handed over are views that are worthless after the call. */
  const deliver = ({ from, to, payload }: WireFrame) => {
    const message = new Uint8Array(from.length + payload.length);
    message.set(from);
    message.set(payload, from.length);
    peers.get(formatAddress(to))?.peer.sessions.receive(
      message.subarray(0, from.length),
      message.subarray(from.length),
    );
    message.fill(0xee);
  };
  return wire;
}

/** Reports the beginning and end of everything that the suite does beside the calling turn. */
function countWork(suite: CipherSuite, report: (change: number) => void): CipherSuite {
  const watch = <T>(result: T): T => {
    if (result instanceof Promise) {
      report(1);
      const done = () => report(-1);
      result.then(done, done);
    }
    return result;
  };
  return {
    ...suite,
    async aesGcm(key) {
      const cipher = await watch(suite.aesGcm(key));
      return {
        seal: (nonce, aad, plaintext) => watch(cipher.seal(nonce, aad, plaintext)),
        open: (nonce, aad, ciphertext) => watch(cipher.open(nonce, aad, ciphertext)),
      };
    },
  };
}

/** Opens a session from `a` to `b`, and checks that it works in both directions. */
export async function connect(wire: Wire, a: WirePeer, b: WirePeer): Promise<void> {
  a.send(b, "hello");
  await wire.settle();
  b.send(a, "welcome");
  await wire.settle();
  assert.equal(b.received.at(-1), "hello");
  assert.equal(a.received.at(-1), "welcome");
}
