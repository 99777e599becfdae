import assert from "node:assert/strict";
import { hostIdentity } from "../../../src/crypto/identity.ts";
import { createToken, deriveRoomSecret } from "../../../src/crypto/room_secret.ts";
import { OperationError } from "../../../src/errors.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import { LOOKUP_LIMITS } from "../../../src/peer/lookups.ts";
import { type Peer, type PeerOptions, startPeer } from "../../../src/peer/peer.ts";
import { type Bytes, equalBytes } from "../../../src/protocol/bytes.ts";
import type { PeerMessage } from "../../../src/protocol/control.ts";
import { dialWebSocket } from "../../../src/transport/websocket_link.ts";
import { until } from "../../helpers/fake_clock.ts";
import { startTestRelay } from "../../helpers/relay.ts";
import { SAMPLE_PLATFORM, sampleAddress } from "../../helpers/sample_card.ts";
import { createScriptedRelay, type ScriptedConnection } from "./_scripted_relay.ts";

const secret = await deriveRoomSecret({
  token: await createToken(hybridSuite),
  room: "lookups",
  suite: hybridSuite,
});
const call = { op: "x", params: { text: "hello" } };

/** A member that does not watch the room, as services are. */
async function member(url: string, options: Partial<PeerOptions> = {}): Promise<Peer> {
  const peer = await startPeer({
    url: new URL(url),
    dial: dialWebSocket,
    suite: hybridSuite,
    secret,
    host: await hostIdentity(hybridSuite, hybridSuite.randomBytes(32)),
    describe: () => ({
      name: "member",
      tags: [],
      platform: SAMPLE_PLATFORM,
      mode: "edit",
      accepts: true,
      role: "service",
      version: "1",
    }),
    watch: false,
    execute: ({ op, params }) => Promise.resolve({ op, params }),
    ...options,
  });
  if (options.dial === undefined) await peer.ready();
  return peer;
}

function followsOf({ said }: ScriptedConnection): Extract<PeerMessage, { type: "follow" }>[] {
  return said.filter((message) => message.type === "follow");
}

Deno.test("request() reaches a host that a third member named, and both hosts know each other then", async () => {
  await using relay = await startTestRelay();
  await using second = await member(relay.url);
  // The first is told whom to ask by its request, as a host of a run is by its coordinator.
  await using first: Peer = await member(relay.url, {
    execute: ({ params }) => first.request(Uint8Array.fromHex(String(params)), call),
  });
  await using coordinator = await member(relay.url, { watch: true });
  await until("the coordinator knows both", () => coordinator.agents.length === 3);
  const answer = await coordinator.request(first.address, { op: "x", params: second.address.toHex() });
  assert.deepEqual(answer, call);
  assert.deepEqual(
    first.agents.map(({ id }) => id).sort(),
    [second.agentId, coordinator.agentId].sort(),
    "it knows those it was told of and no others",
  );
  // The way back needs no question.
  assert.deepEqual(await second.request(first.address, { op: "x", params: second.address.toHex() }), call);
  assert.ok(await first.ping(second.address, 5_000) >= 0);
  for (const peer of [first, second, coordinator]) assert.deepEqual(peer.anomalies.snapshot(), {});
});

Deno.test("request() to many unknown hosts at once asks for each once", async () => {
  await using relay = await startTestRelay();
  await using hosts = new AsyncDisposableStack();
  const others = await Promise.all(Array.from({ length: 12 }, () => member(relay.url)));
  for (const other of others) hosts.use(other);
  await using asker = await member(relay.url);
  const framesOf = () => relay.metrics().frames;
  const before = framesOf();
  const answers = await Promise.all(
    [...others, ...others, ...others].map((other) => asker.request(other.address, call)),
  );
  assert.equal(answers.length, 36);
  for (const answer of answers) assert.deepEqual(answer, call);
  // One handshake of two frames each, one request and one answer a call, and nothing twice.
  assert.ok(framesOf() - before <= 12 * 2 + 36 * 2, `${framesOf() - before} frames`);
});

Deno.test("request() ends at once with peer_gone if the host is not in the room, or leaves later", async () => {
  await using relay = await startTestRelay();
  const host = await member(relay.url, {
    execute: (_call, { signal }) =>
      new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason))),
  });
  await using asker = await member(relay.url);
  await assert.rejects(asker.request(sampleAddress(7), call), { code: "peer_gone" });
  const running = assert.rejects(asker.request(host.address, call), { code: "peer_gone" });
  await asker.ping(host.address, 5_000);
  await host[Symbol.asyncDispose]();
  await running;
  await assert.rejects(asker.request(host.address, call), { code: "peer_gone", message: /not in the room/ });
  assert.deepEqual(asker.agents, []);
});

/** A scripted relay, a peer on it that does not watch, and a card that is real and another's. */
async function askHostileRelay(
  answer: (connection: ScriptedConnection, asked: Bytes, others: { address: Bytes; card: Bytes }) => void,
) {
  const other = createScriptedRelay();
  await using stranger = await member("ws://relay.example", { dial: other.dial });
  const { card } = await (await other.connection(1)).joined();
  const clock = { now: 0 };
  const relay = createScriptedRelay();
  const peer = await member("ws://relay.example", { dial: relay.dial, now: () => clock.now });
  await peer.ready();
  const connection = await relay.connection(1);
  const asked = sampleAddress(9);
  const failure = peer.request(asked, call).then(() => undefined, (error: unknown) => error);
  await until("it asks for the card", () => followsOf(connection).length === 1);
  answer(connection, asked, { address: stranger.address, card });
  return { peer, connection, clock, asked, failure, card };
}

Deno.test("request() is refused when a hostile relay gives another's card, and sends no frame", async () => {
  const { peer, connection, failure } = await askHostileRelay((from, address, { card }) =>
    from.say({ type: "joined", address, card })
  );
  await using _peer = peer;
  const error = await failure;
  assert.ok(error instanceof OperationError, `${error}`);
  assert.deepEqual([error.code, /not its own/.test(error.message)], ["unknown_agent", true]);
  assert.deepEqual([peer.agents, connection.messages], [[], []]);
  assert.deepEqual(peer.anomalies.snapshot(), { bad_card: 1 });
});

Deno.test("request() does not take a right card of another address for the one that was asked for", async () => {
  const { peer, connection, failure, clock } = await askHostileRelay((from, _asked, { address, card }) =>
    from.say({ type: "joined", address, card })
  );
  await using _peer = peer;
  await until("the other is known", () => peer.agents.length === 1);
  assert.deepEqual(connection.messages, []);
  clock.now += LOOKUP_LIMITS.answerMs;
  const error = await failure;
  assert.ok(error instanceof OperationError, `${error}`);
  assert.equal(error.code, "timed_out");
});

Deno.test("request() says that an old relay does not answer, asks once, and ends with the link", async () => {
  const { peer, connection, clock, asked, failure } = await askHostileRelay(() => {});
  await using _peer = peer;
  const second = assert.rejects(peer.request(asked, call), { code: "timed_out" });
  clock.now += LOOKUP_LIMITS.answerMs;
  const error = await failure;
  await second;
  assert.ok(error instanceof OperationError, `${error}`);
  assert.match(error.toWire().remedy ?? "", /older relay/);
  assert.ok(followsOf(connection).every(({ address, card }) => card === true && equalBytes(address, asked)));
  assert.equal(followsOf(connection).length, 1);
  const lost = assert.rejects(peer.request(asked, call), { code: "link_lost" });
  await until("it asks again", () => followsOf(connection).length === 2);
  connection.close(1012, "restarting");
  await lost;
});

Deno.test("onAgentsChange() tells of members that come and go, until it is ended", async () => {
  await using relay = await startTestRelay();
  await using watcher = await member(relay.url, { watch: true });
  let changes = 0;
  const end = watcher.onAgentsChange(() => void changes++);
  const other = await member(relay.url);
  await until("it came", () => watcher.agents.length === 2);
  const { agents } = watcher;
  assert.equal(watcher.agents, agents, "the list is the same until it changes");
  assert.ok(changes >= 1);
  const before = changes;
  await other[Symbol.asyncDispose]();
  await until("it left", () => watcher.agents.length === 1);
  assert.equal(changes, before + 1);
  end();
  await using _third = await member(relay.url);
  await until("another came", () => watcher.agents.length === 2);
  assert.equal(changes, before + 1);
});
