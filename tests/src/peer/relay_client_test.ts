import assert from "node:assert/strict";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import { createAnomalies } from "../../../src/peer/anomalies.ts";
import { type RelayClient, startRelayClient } from "../../../src/peer/relay_client.ts";
import { CloseCode } from "../../../src/protocol/control.ts";
import { decodeFrames } from "../../../src/protocol/frame.ts";
import { BACKOFF } from "../../../src/transport/reconnect.ts";
import { type FakeClock, turn, until, useFakeClock } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";
import {
  createIdentity,
  createScriptedRelay,
  type ScriptedRelay,
  unreachable,
  untilAborted,
  welcome,
} from "./_scripted_relay.ts";

const identity = await createIdentity();
const roomKey = await hybridSuite.ed25519KeyPair(new Uint8Array(32).fill(1));
const there = sampleAddress(2);

interface Started {
  readonly clock: FakeClock;
  readonly relay: ScriptedRelay;
  readonly client: RelayClient;
  readonly events: unknown[];
}

function start(
  prepare: (relay: ScriptedRelay) => void = () => {},
  options: {
    readonly createCard?: () => Promise<Uint8Array<ArrayBuffer>>;
    readonly onFrame?: (client: RelayClient) => void;
  } = {},
): Started & Disposable {
  const clock = useFakeClock();
  const relay = createScriptedRelay();
  prepare(relay);
  const events: unknown[] = [];
  let cards = 0;
  const client = startRelayClient({
    url: new URL("ws://relay.example"),
    dial: relay.dial,
    suite: hybridSuite,
    roomKey,
    identity,
    client: "test/1",
    watch: true,
    anomalies: createAnomalies(),
    now: clock.now,
    random: () => 0.5,
    createCard: options.createCard ?? (() => Promise.resolve(Uint8Array.of(++cards))),
    handlers: {
      onFrame: () => options.onFrame?.(client),
      onRoster: () => {},
      onJoined: () => {},
      onLeft: () => {},
      onUndeliverable: () => {},
      onConnected: ({ observed }) => events.push(["connected", observed]),
      onDown: (reason, wasConnected) => events.push(["down", reason, wasConnected]),
    },
  });
  return { clock, relay, client, events, [Symbol.dispose]: () => clock[Symbol.dispose]() };
}

function isConnected({ state }: RelayClient): boolean {
  return state.status === "connected";
}

/** Moves the clock to the next attempt and no further: an attempt has a deadline by the same clock. */
async function toNextAttempt({ client, clock }: Started): Promise<void> {
  while (client.state.status === "waiting") await clock.advance(100);
}

Deno.test("startRelayClient() connects and says since when", async () => {
  using started = start();
  const { client, clock, events } = started;
  assert.deepEqual(client.state, { status: "connecting" });
  await until("it is connected", () => isConnected(client));
  assert.deepEqual(client.state, { status: "connected", observed: "192.0.2.1:5", since: clock.now() });
  assert.deepEqual(events, [["connected", "192.0.2.1:5"]]);
  await client[Symbol.asyncDispose]();
});

Deno.test("startRelayClient() reconnects after the relay went away, with a card of its own for each connection", async () => {
  using started = start();
  const { client, events, relay } = started;
  for (let number = 1; number <= 3; number++) {
    await until("it is connected", () => isConnected(client));
    const connection = await relay.connection(number);
    assert.deepEqual((await connection.joined()).card, Uint8Array.of(number));
    connection.close(CloseCode.restarting, "the relay is restarting");
    await until("it waits", () => client.state.status === "waiting");
    assert.deepEqual(events.at(-1), ["down", "the relay is restarting", true]);
    await toNextAttempt(started);
  }
  await client[Symbol.asyncDispose]();
});

Deno.test("startRelayClient() goes on for ever while the relay cannot be reached, and says why", async () => {
  using started = start((relay) => relay.beforeOpen = unreachable);
  const { client, clock, events, relay } = started;
  await until("it waits", () => client.state.status === "waiting");
  for (let i = 0; i < 60; i++) await clock.advance(BACKOFF.maxMs);
  assert.ok(relay.urls.length > 60, `${relay.urls.length}`);
  const { state } = client;
  assert.ok(state.status === "waiting" && state.attempts >= 60);
  assert.match(state.reason, /refused/);
  assert.ok(events.every((event) => JSON.stringify(event).endsWith("false]")));
  relay.beforeOpen = () => Promise.resolve();
  await toNextAttempt(started);
  await until("it is connected", () => isConnected(client));
  await client[Symbol.asyncDispose]();
});

Deno.test("startRelayClient() keeps the reason of the last failure while it tries again", async () => {
  using started = start((relay) => relay.beforeOpen = unreachable);
  const { client, relay } = started;
  await until("it waits", () => client.state.status === "waiting");
  relay.beforeOpen = untilAborted;
  await toNextAttempt(started);
  assert.ok(client.state.status === "connecting");
  assert.match(client.state.reason ?? "", /refused/);
  await client[Symbol.asyncDispose]();
});

Deno.test("startRelayClient() names the code of a connection that ended without a reason", async () => {
  using started = start();
  const { client, events, relay } = started;
  await until("it is connected", () => isConnected(client));
  (await relay.connection(1)).close(1006);
  await until("it waits", () => client.state.status === "waiting");
  assert.deepEqual(events.at(-1), ["down", "the connection ended (1006)", true]);
  await client[Symbol.asyncDispose]();
});

Deno.test("sendFrame() and sendControl() are ignored without a connection, and nobody waits for one", async () => {
  using started = start((relay) => relay.beforeOpen = unreachable);
  const { client } = started;
  await until("it waits", () => client.state.status === "waiting");
  client.sendFrame(there, Uint8Array.of(1));
  client.sendControl({ type: "watch", on: true });
  client.tick();
  await client.drained();
  await client[Symbol.asyncDispose]();
});

Deno.test("sendFrame() answers a frame that comes in the very turn of the welcome", async () => {
  using started = start((relay) => {
    relay.onJoin = (connection, join) => {
      welcome(connection, join);
      connection.send({ address: there, payload: Uint8Array.of(1) });
    };
  }, { onFrame: (client) => client.sendFrame(there, Uint8Array.of(2)) });
  const { client, relay } = started;
  await until("it is connected", () => isConnected(client));
  const connection = await relay.connection(1);
  await until("the answer is there", () => connection.messages.length > 0);
  assert.deepEqual(
    connection.messages.flatMap((message) => decodeFrames(message)).map(({ payload }) => payload[0]),
    [
      2,
    ],
  );
  await client[Symbol.asyncDispose]();
});

/** The moments at which a client may be disposed of. */
const moments: readonly (readonly [string, Parameters<typeof start>, (started: Started) => unknown])[] = [
  ["at once, while its card is made", [], () => {}],
  [
    "while it dials",
    [(relay) => relay.beforeOpen = untilAborted],
    ({ relay }) => until("it dials", () => relay.urls.length > 0),
  ],
  [
    "while it waits for the challenge",
    [(relay) => relay.onOpen = () => {}],
    ({ relay }) => relay.connection(1),
  ],
  ["while it waits for the welcome", [(relay) => relay.onJoin = () => {}], async ({ relay }) => {
    await (await relay.connection(1)).joined();
  }],
  ["while it is connected", [], ({ client }) => until("it is connected", () => isConnected(client))],
  [
    "while it waits for the next attempt",
    [(relay) => relay.beforeOpen = unreachable],
    ({ client }) => until("it waits", () => client.state.status === "waiting"),
  ],
];
for (const [when, [prepare], reach] of moments) {
  Deno.test(`startRelayClient() leaves nothing when it is disposed of ${when}`, async () => {
    using started = start(prepare);
    const { client, clock, relay, events } = started;
    await reach(started);
    const downs = events.length;
    await client[Symbol.asyncDispose]();
    await turn();
    assert.deepEqual(client.state, { status: "closed" });
    assert.equal(clock.timers, 0);
    assert.ok(relay.connections.every(({ closed }) => closed !== undefined));
    assert.equal(events.length, downs);
    const { length } = relay.urls;
    await clock.advance(10 * BACKOFF.maxMs);
    assert.equal(relay.urls.length, length);
    await client[Symbol.asyncDispose]();
  });
}

Deno.test("startRelayClient() closes its connection in order at the end: what was sent before arrives", async () => {
  using started = start();
  const { client, relay } = started;
  await until("it is connected", () => isConnected(client));
  client.sendFrame(there, Uint8Array.of(5));
  await turn();
  await client[Symbol.asyncDispose]();
  const connection = await relay.connection(1);
  await until("the end arrived", () => connection.closed !== undefined);
  assert.deepEqual([connection.messages.length, connection.closed], [1, { code: 1000, reason: "" }]);
});
