/**
 * Peers inside the test's process: the real peer, executors and cryptography, with keys that live in memory, a home
 * that is gone afterwards, and a clock that a test can move.
 */
import { hostname } from "node:os";
import { deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { hostIdentity } from "../../src/crypto/identity.ts";
import type { Executors } from "../../src/executors/mod.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { detectPlatform } from "../../src/host/platform.ts";
import type { Anomaly } from "../../src/peer/anomalies.ts";
import { type ExecuteForMember, type Peer, startPeer } from "../../src/peer/peer.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import type { Role } from "../../src/protocol/card.ts";
import { PING_TEXT, PONG_TEXT } from "../../src/protocol/control.ts";
import type { Mode } from "../../src/protocol/mode.ts";
import type { Dial, LinkHandlers } from "../../src/transport/link.ts";
import { dialWebSocket } from "../../src/transport/websocket_link.ts";
import { openTestHost } from "./local_host.ts";

/** Silence after which a peer pings its relay, and a little more. */
const PING_DUE_MS = 16_000;
/** Longer than the second between two looks at the clock. */
const LOOK_MS = 1_500;
/** Milliseconds between the steps of a fast clock. */
const STEP_MS = 25;

/** What a test peer is made from. */
export interface TestPeerOptions {
  readonly relayUrl: string;
  readonly token: string;
  readonly room: string;
  readonly name: string;
  readonly encryptionKey?: string | undefined;
  /** @default ["test"] */
  readonly tags?: readonly string[];
  /** @default "bypass" */
  readonly mode?: Mode;
  /** @default "service" */
  readonly role?: Role;
  /** @default true */
  readonly accepts?: boolean;
  /** Whether it follows who is in the room; those that ask others do. @default true */
  readonly watch?: boolean;
  /** Seed of the host key; a test that starts the same machine twice passes one. @default random */
  readonly seed?: Bytes;
  /** How many times faster than the wall clock the peer's clock goes. @default 1 */
  readonly speed?: number;
  /** @default Math.random; 0 makes it reconnect without a delay */
  readonly random?: () => number;
  readonly maxRunning?: number;
  readonly maxQueued?: number;
  /** The environment of commands. @default the test's own */
  readonly environment?: () => Readonly<Record<string, string>>;
  /** Carries requests out in place of the real executors. */
  readonly execute?: ExecuteForMember;
}

/** A running peer. */
export interface TestPeer extends AsyncDisposable {
  readonly name: string;
  readonly peer: Peer;
  readonly executors: Executors;
  readonly address: Bytes;
  /** Where commands run; removed at the end. */
  readonly home: string;
  /** How often an anomaly was counted here. */
  count(kind: Anomaly): number;
  /** Why connections failed or ended, oldest first. */
  readonly downs: readonly string[];
  /**
   * Moves the clock of a connected peer ahead, by at least `ms` and 16 s, and resolves when the peer has looked at
   * it. The connection to the relay does not count as silent for it.
   */
  elapse(ms?: number): Promise<void>;
  /** Moves the clock ahead, and nothing else: a silent relay stays silent. */
  skip(ms: number): void;
}

/** Starts a peer that joins in the background; `await peer.peer.ready()` waits until it did. */
export async function startTestPeer(options: TestPeerOptions): Promise<TestPeer> {
  const { name, mode = "bypass", role = "service", accepts = true, watch = true, speed = 1 } = options;
  const tags = [...options.tags ?? ["test"]];
  await using starting = new AsyncDisposableStack();
  const host = await hostIdentity(hybridSuite, options.seed ?? hybridSuite.randomBytes(32));
  const platform = detectPlatform();
  const version = "0.0.0-test";
  const local = await openTestHost({
    settings: {
      mode,
      ...(options.maxRunning === undefined ? {} : { max_running: options.maxRunning }),
      ...(options.maxQueued === undefined ? {} : { max_queued: options.maxQueued }),
    },
    description: { id: host.agentId, name, tags, role, platform, hostname: hostname(), accepts, version },
    endGraceMs: 500,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  const { executors, home } = local;
  const clock = starting.use(createClock(speed));
  const downs: string[] = [];
  const peer = await startPeer({
    url: new URL(options.relayUrl),
    dial: clock.dial,
    suite: hybridSuite,
    secret: await deriveRoomSecret({
      token: options.token,
      room: options.room,
      encryptionKey: options.encryptionKey,
      suite: hybridSuite,
    }),
    host,
    describe: () => ({ name, tags, platform, mode, accepts, role, version }),
    watch,
    execute: options.execute ?? (({ op, params, caller }, context) =>
      executors.execute(op, params, {
        ...context,
        caller: { id: caller.agentId, name: caller.card.name, isLocal: false },
      })),
    events: { onDown: (reason) => void downs.push(reason) },
    now: clock.now,
    ...(options.random === undefined ? {} : { random: options.random }),
  });
  // The order of the node: commands end first, while there is a connection.
  starting.use(peer);
  starting.use(local);
  const owned = starting.move();
  return {
    name,
    peer,
    executors,
    address: peer.address,
    home,
    downs,
    count: (kind) => peer.anomalies.snapshot()[kind] ?? 0,
    elapse: clock.elapse,
    skip: clock.skip,
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The peer's clock, and the link by which it can be seen that the peer looked at it. */
function createClock(speed: number) {
  let offsetMs = 0;
  let fastMs = 0;
  let lastMs = performance.now();
  // A fast clock goes on only while the event loop turns: a stalled machine must not look like a silent relay.
  const timer = speed === 1 ? undefined : setInterval(() => {
    const time = performance.now();
    fastMs += Math.min(time - lastMs, 2 * STEP_MS) * speed;
    lastMs = time;
  }, STEP_MS);
  let handlers: LinkHandlers | undefined;
  let pings = 0;
  const dial: Dial = async (url, given, signal) => {
    handlers = given;
    const link = await dialWebSocket(url, given, signal);
    return {
      ...link,
      sendText(text) {
        if (text === PING_TEXT) pings++;
        link.sendText(text);
      },
    };
  };
  return {
    dial,
    now: () => (timer === undefined ? performance.now() : fastMs) + offsetMs,
    [Symbol.dispose]: () => clearInterval(timer),
    skip(ms: number) {
      offsetMs += ms;
    },
    async elapse(ms = 0) {
      offsetMs += Math.max(0, ms - PING_DUE_MS);
      const before = pings;
      while (pings === before) {
        // A word of the relay at the new time, so that the connection does not count as dead; then enough silence for
        // a ping, which shows that the peer's once-a-second work was done at the new time. Other traffic may break
        // the silence, and then there is another.
        handlers?.onText(PONG_TEXT);
        offsetMs += PING_DUE_MS;
        const deadline = performance.now() + LOOK_MS;
        while (pings === before && performance.now() < deadline) await delay(10);
      }
      // The ping is the first thing that a look at the clock does: let it finish.
      await delay(0);
    },
  };
}

function delay(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
