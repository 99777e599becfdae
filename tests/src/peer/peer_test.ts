import assert from "node:assert/strict";
import { hostIdentity } from "../../../src/crypto/identity.ts";
import { createToken, deriveRoomSecret } from "../../../src/crypto/room_secret.ts";
import { OperationError } from "../../../src/errors.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import type { Execute } from "../../../src/peer/dispatch.ts";
import { type CardBody, type Peer, type PeerOptions, startPeer } from "../../../src/peer/peer.ts";
import { equalBytes, utf8 } from "../../../src/protocol/bytes.ts";
import { dialWebSocket } from "../../../src/transport/websocket_link.ts";
import { turn, until, useFakeClock } from "../../helpers/fake_clock.ts";
import { startTestRelay } from "../../helpers/relay.ts";
import { SAMPLE_PLATFORM, sampleAddress } from "../../helpers/sample_card.ts";
import { createScriptedRelay, unreachable, welcome } from "./_scripted_relay.ts";

const secret = await deriveRoomSecret({
  token: await createToken(hybridSuite),
  room: "test",
  suite: hybridSuite,
});
const echo: Execute = ({ op, params }) => Promise.resolve({ op, params });
const never: Execute = (_call, { signal }) =>
  new Promise((_resolve, reject) => signal.addEventListener("abort", () => reject(signal.reason)));

interface MemberOptions extends Partial<PeerOptions> {
  readonly body?: Partial<CardBody>;
}

async function member(url: string, { body, ...options }: MemberOptions = {}): Promise<Peer> {
  return await startPeer({
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
      ...body,
    }),
    watch: true,
    execute: echo,
    ...options,
  });
}

function hasCode(code: string, text = /./) {
  return (error: unknown) => {
    assert.ok(error instanceof OperationError, `${error}`);
    assert.equal(error.code, code);
    assert.match(error.message, text);
    return true;
  };
}

/** Waits until `peer` knows of `other`. */
async function meet(peer: Peer, other: Peer): Promise<void> {
  await peer.ready();
  await until("they know each other", () => peer.agents.some(({ id }) => id === other.agentId));
}

Deno.test("request() works in both directions, in one session", async () => {
  await using relay = await startTestRelay();
  await using a = await member(relay.url);
  await using b = await member(relay.url);
  await Promise.all([meet(a, b), meet(b, a)]);
  const call = { op: "exec", params: { text: "ä€" } };
  assert.deepEqual(await a.request(b.address, call), call);
  assert.deepEqual(await b.request(a.address, call), call);
  assert.ok(await a.ping(b.address, 5_000) > 0);
  assert.deepEqual([a.anomalies.snapshot(), b.anomalies.snapshot()], [{}, {}]);
});

Deno.test("request() serves hundreds at once, and gives each its own answer and output", async () => {
  await using relay = await startTestRelay();
  await using host = await member(relay.url, {
    async execute({ params }, { output }) {
      await output?.("stdout", utf8(`out ${JSON.stringify(params)}`));
      return params;
    },
  });
  await using caller = await member(relay.url);
  await meet(caller, host);
  const answers = await Promise.all(
    Array.from({ length: 300 }, async (_, i) => {
      let text = "";
      const result = await caller.request(host.address, { op: "exec", params: { i } }, {
        onOutput: (_channel, bytes) => void (text += new TextDecoder().decode(bytes)),
      });
      return [result, text];
    }),
  );
  assert.deepEqual(answers, Array.from({ length: 300 }, (_, i) => [{ i }, `out {"i":${i}}`]));
});

Deno.test("request() reaches a host that does not watch the room", async () => {
  await using relay = await startTestRelay();
  await using host = await member(relay.url, { watch: false });
  await using caller = await member(relay.url);
  await meet(caller, host);
  assert.deepEqual(await caller.request(host.address, { op: "x", params: {} }), { op: "x", params: {} });
});

Deno.test("request() ends as soon as its host leaves", async () => {
  await using relay = await startTestRelay();
  const host = await member(relay.url, { execute: never });
  await using caller = await member(relay.url);
  await meet(caller, host);
  const rejected = assert.rejects(caller.request(host.address, { op: "x", params: {} }), OperationError);
  await caller.ping(host.address, 5_000);
  await host[Symbol.asyncDispose]();
  await rejected;
  await until("it is off the list", () => caller.agents.length === 1);
  const gone = caller.request(host.address, { op: "x", params: {} });
  await assert.rejects(gone, hasCode("peer_gone", /not in the room/));
});

for (const watch of [true, false]) {
  Deno.test(`a host that ${watch ? "watches" : "does not watch"} the room ends the commands of a caller that left`, async () => {
    await using relay = await startTestRelay();
    const aborted = Promise.withResolvers<unknown>();
    const begun = Promise.withResolvers<void>();
    await using host = await member(relay.url, {
      watch,
      execute: (_call, { signal }) => {
        begun.resolve();
        return new Promise((_resolve, reject) =>
          signal.addEventListener("abort", () => {
            aborted.resolve(signal.reason.code);
            reject(signal.reason);
          })
        );
      },
    });
    const caller = await member(relay.url);
    await meet(caller, host);
    const rejected = assert.rejects(
      caller.request(host.address, { op: "x", params: {} }),
      hasCode("cancelled"),
    );
    await begun.promise;
    await caller[Symbol.asyncDispose]();
    await rejected;
    assert.equal(await aborted.promise, "link_lost");
  });
}

Deno.test("a host that does not watch the room forgets those who only shook hands with it", async () => {
  await using relay = await startTestRelay();
  await using host = await member(relay.url, { watch: false });
  const caller = await member(relay.url);
  await meet(caller, host);
  await until("the host met the caller", () => host.agents.length === 1);
  await caller[Symbol.asyncDispose]();
  await until("the host forgot it", () => host.agents.length === 0);
});

Deno.test("refreshCard() shows others the new description", async () => {
  await using relay = await startTestRelay();
  const body: { mode: CardBody["mode"] } = { mode: "edit" };
  await using a = await member(relay.url, { body });
  await using b = await member(relay.url);
  await Promise.all([meet(b, a), a.ready()]);
  const shown = () => b.agents.find(({ id }) => id === a.agentId)?.members[0]?.card.mode;
  assert.equal(shown(), "edit");
  body.mode = "plan";
  await a.refreshCard();
  await until("b sees it", () => shown() === "plan");
  assert.deepEqual(b.anomalies.snapshot(), {});
});

Deno.test("refreshCard() while a connection is being made publishes the description once it stands", async () => {
  const relay = createScriptedRelay();
  relay.onJoin = () => {};
  await using peer = await member("ws://relay.example", { dial: relay.dial });
  const there = await relay.connection(1);
  const join = await there.joined();
  await peer.refreshCard();
  welcome(there, join);
  await until("the card is there", () => there.said.some(({ type }) => type === "card"));
});

Deno.test("agents holds oneself and others once the room is known, and nobody without a connection", async () => {
  const relay = createScriptedRelay();
  await using peer = await member("ws://relay.example", { dial: relay.dial });
  const there = await relay.connection(1);
  const { card } = await there.joined();
  await until("it is connected", () => peer.connection.status === "connected");
  there.say({ type: "roster", peers: [{ address: peer.address, card }], more: false });
  await peer.ready();
  assert.deepEqual(peer.agents.map(({ id, name }) => [id, name]), [[peer.agentId, "member"]]);
  there.close(1006);
  await until("it noticed", () => peer.connection.status === "waiting");
  assert.deepEqual(peer.agents, []);
});

Deno.test("a peer counts cards that are forged, of another address, or older than the one known", async () => {
  const relay = createScriptedRelay();
  await using peer = await member("ws://relay.example", { dial: relay.dial });
  const there = await relay.connection(1);
  const { card: older } = await there.joined();
  await until("it is connected", () => peer.connection.status === "connected");
  await peer.refreshCard();
  await until("the card is there", () => there.said.some(({ type }) => type === "card"));
  const newer = there.said.find((message) => message.type === "card")?.card ?? older;
  const { address } = peer;
  const damaged = newer.map((byte, i) => i === 100 ? byte ^ 1 : byte);
  there.say({ type: "joined", address, card: newer });
  there.say({ type: "joined", address, card: older });
  there.say({ type: "joined", address, card: damaged });
  there.say({ type: "joined", address: sampleAddress(3), card: newer });
  there.say({ type: "roster", peers: [], more: false });
  await peer.ready();
  assert.deepEqual(peer.anomalies.snapshot(), { stale_card: 1, bad_card: 2 });
  assert.deepEqual(peer.agents.map(({ members }) => members.map(({ card }) => card.seq)), [[2]]);
});

Deno.test("a peer takes a card and the leaving of its owner in the order in which they came", async () => {
  const relay = createScriptedRelay();
  await using peer = await member("ws://relay.example", { dial: relay.dial });
  const there = await relay.connection(1);
  const { card } = await there.joined();
  await until("it is connected", () => peer.connection.status === "connected");
  there.say({ type: "joined", address: peer.address, card });
  there.say({ type: "left", address: peer.address });
  there.say({ type: "roster", peers: [], more: false });
  await peer.ready();
  assert.deepEqual(peer.agents, []);
});

Deno.test("ready() waits for the last page of the roster", async () => {
  const relay = createScriptedRelay();
  await using peer = await member("ws://relay.example", { dial: relay.dial });
  let isReady = false;
  const ready = peer.ready().then(() => isReady = true);
  const there = await relay.connection(1);
  await there.joined();
  await until("it is connected", () => peer.connection.status === "connected");
  there.say({ type: "roster", peers: [], more: true });
  for (let i = 0; i < 5; i++) await turn();
  assert.equal(isReady, false);
  there.say({ type: "roster", peers: [], more: false });
  await ready;
});

Deno.test("ready() of a peer that does not watch waits for the connection alone", async () => {
  const relay = createScriptedRelay();
  await using peer = await member("ws://relay.example", { dial: relay.dial, watch: false });
  await peer.ready();
  assert.equal(peer.connection.status, "connected");
});

Deno.test("ready() and request() say at once why there is no connection", async () => {
  const relay = createScriptedRelay();
  relay.beforeOpen = unreachable;
  await using peer = await member("ws://relay.example", { dial: relay.dial, random: () => 0.99 });
  await until("it waits", () => peer.connection.status === "waiting");
  const expected = hasCode("not_connected", /retrying: Cannot connect to relay\.example: refused/);
  await assert.rejects(peer.ready(), expected);
  await assert.rejects(peer.request(peer.address, { op: "x", params: {} }), expected);
  await assert.rejects(peer.ping(peer.address, 100), expected);
});

Deno.test("ready() does not wait longer once the first attempt has failed", async () => {
  using clock = useFakeClock();
  const relay = createScriptedRelay();
  relay.beforeOpen = unreachable;
  await using peer = await member("ws://relay.example", {
    dial: relay.dial,
    now: clock.now,
    random: () => 0.99,
  });
  assert.equal(peer.connection.status, "connecting");
  await assert.rejects(peer.ready(), hasCode("not_connected", /refused/));
});

Deno.test("ready() gives up after 5 s, and leaves no timer", async () => {
  using clock = useFakeClock();
  const relay = createScriptedRelay();
  relay.onOpen = () => {};
  await using peer = await member("ws://relay.example", { dial: relay.dial, now: clock.now });
  await relay.connection(1);
  const before = clock.timers;
  const rejected = assert.rejects(peer.ready(), hasCode("not_connected"));
  await clock.advance(5_000);
  await rejected;
  assert.equal(clock.timers, before);
});

Deno.test("disposing of a peer ends everybody who waits for it, and every timer", async () => {
  using clock = useFakeClock();
  const relay = createScriptedRelay();
  relay.onOpen = () => {};
  const peer = await member("ws://relay.example", { dial: relay.dial, now: clock.now });
  const rejected = assert.rejects(peer.ready(), hasCode("cancelled"));
  await turn();
  await peer[Symbol.asyncDispose]();
  await rejected;
  assert.equal(clock.timers, 0);
  assert.equal(peer.connection.status, "closed");
});

Deno.test("a lost connection ends requests with the reason, and what runs for others", async () => {
  const relay = createScriptedRelay();
  const downs: unknown[] = [];
  await using peer = await member("ws://relay.example", {
    dial: relay.dial,
    random: () => 0,
    events: { onDown: (...args) => void downs.push(args) },
  });
  const there = await relay.connection(1);
  const { card } = await there.joined();
  await until("it is connected", () => peer.connection.status === "connected");
  there.say({ type: "roster", peers: [{ address: peer.address, card }], more: false });
  await peer.ready();
  const rejected = assert.rejects(
    peer.request(peer.address, { op: "x", params: {} }),
    hasCode("link_lost", /the relay is restarting.*not repeated/),
  );
  there.close(1012, "the relay is restarting");
  await rejected;
  assert.deepEqual(downs, [["the relay is restarting", true]]);
  // It is back by itself.
  await (await relay.connection(2)).joined();
});

Deno.test("an answer of a host that ends arrives before it is gone", async () => {
  await using relay = await startTestRelay();
  const begun = Promise.withResolvers<void>();
  const ending = Promise.withResolvers<string>();
  const host = await member(relay.url, {
    execute: () => {
      begun.resolve();
      return ending.promise;
    },
  });
  await using caller = await member(relay.url);
  await meet(caller, host);
  const calls = Array.from({ length: 600 }, () => caller.request(host.address, { op: "x", params: {} }));
  await begun.promise;
  await caller.ping(host.address, 5_000);
  // More than the system's buffers take at once.
  const answer = "x".repeat(7_000);
  ending.resolve(answer);
  await turn();
  await host[Symbol.asyncDispose]();
  for (const got of await Promise.all(calls)) assert.equal(got, answer);
});

Deno.test("an address belongs to a process, an agent id to a machine", async () => {
  await using relay = await startTestRelay();
  const host = await hostIdentity(hybridSuite, hybridSuite.randomBytes(32));
  await using service = await member(relay.url, { host });
  await using session = await member(relay.url, { host, body: { role: "session" } });
  assert.ok(!equalBytes(service.address, session.address));
  assert.equal(service.agentId, session.agentId);
  await session.ready();
  await until("both are there", () => session.agents[0]?.members.length === 2);
  assert.deepEqual(session.agents.map(({ members }) => members[0]?.address), [service.address]);
});
