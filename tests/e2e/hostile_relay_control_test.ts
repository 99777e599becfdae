/**
 * What a hostile relay achieves with its own messages: forged cards, departures that did not happen, nonsense, too
 * much, silence, and the end of connections at any moment.
 */
import assert from "node:assert/strict";
import { createToken, deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { createSessionIdentity, hostIdentity } from "../../src/crypto/identity.ts";
import { createCardSealer } from "../../src/crypto/seal.ts";
import { OperationError } from "../../src/errors.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import type { Anomaly } from "../../src/peer/anomalies.ts";
import { type Bytes, equalBytes } from "../../src/protocol/bytes.ts";
import { encodeRelayMessage, type RelayMessage } from "../../src/protocol/control.ts";
import { MAX_MESSAGE_BYTES } from "../../src/protocol/limits.ts";
import { eventually } from "../helpers/eventually.ts";
import { drop, flip, only } from "../helpers/hostile_attacks.ts";
import { assertAllSucceeded, inTime, type Outcome, type Scene, setScene } from "../helpers/hostile_scene.ts";
import { startTestPeer } from "../helpers/test_peer.ts";

/** A call fails at once when its host is gone; this is at once on a busy machine. */
const AT_ONCE_MS = 5_000;

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** Cards that a relay may make up or dig out for beta's address, and what they are counted as. */
const CARDS: readonly (readonly [string, Anomaly, (scene: Scene) => Bytes | Promise<Bytes>])[] = [
  ["of random bytes", "bad_card", () => random(500)],
  ["of a single byte", "bad_card", () => random(1)],
  [
    "with a flipped bit",
    "bad_card",
    ({ relay, beta }) => flip(100)(newestCard(relay.victim(beta.address)).slice()),
  ],
  ["of another peer", "bad_card", ({ relay, alpha }) => newestCard(relay.victim(alpha.address))],
  ["of another room", "bad_card", cardOfAnotherRoom],
  ["that is older than the one known", "stale_card", async ({ relay, beta, caller }) => {
    const [old] = relay.victim(beta.address).cards;
    await beta.peer.refreshCard();
    await eventually(
      "the caller has the newer card",
      () => caller.peer.agents.some(({ members }) => members.some(({ card }) => card.seq === 2)),
    );
    assert.ok(old !== undefined);
    return old;
  }],
];

Deno.test("forged and old cards change nothing that the caller knows", async () => {
  for (const [what, kind, make] of CARDS) {
    await using scene = await setScene();
    await scene.settled();
    const { relay, caller, beta } = scene;
    const card = await make(scene);
    await eventually("the caller knows itself", () => {
      return caller.peer.agents.some(({ id }) => id === caller.peer.agentId);
    });
    const before = structuredClone(caller.peer.agents);
    const victim = relay.victim(caller.address);
    relay.say(victim, { type: "joined", address: beta.address, card });
    await eventually(`a card ${what} is counted`, () => caller.count(kind) === 1);
    relay.say(victim, { type: "roster", peers: [{ address: beta.address, card }], more: false });
    await eventually(`a card ${what} in a roster is counted`, () => caller.count(kind) === 2);
    relay.say(victim, { type: "joined", address: random(16), card });
    await eventually(`a card ${what} of nobody is counted`, () => caller.count("bad_card") > 0);
    assert.deepEqual(caller.peer.agents, before);
    assertAllSucceeded([await scene.call(beta)]);
    await scene.verify();
  }
});

const DEPARTURES: readonly (readonly [string, (address: Bytes) => RelayMessage])[] = [
  ["left", (address) => ({ type: "left", address })],
  ["is not there", (to) => ({ type: "undeliverable", to, count: 1 })],
];

for (const [what, message] of DEPARTURES) {
  Deno.test(`a lie that the host ${what} ends its calls at once, and nothing runs twice`, async () => {
    await using scene = await setScene();
    await scene.settled();
    const { relay, caller, alpha } = scene;
    const victim = relay.victim(caller.address);
    const calls = scene.calls(3, alpha, { sleepSecs: 1 });
    await eventually("the commands began", async () => (await scene.marks()).size === 3);
    const startedAt = performance.now();
    relay.say(victim, message(alpha.address));
    for (const { error } of await calls) {
      assert.ok(error instanceof OperationError && error.code === "peer_gone", String(error));
    }
    assert.ok(performance.now() - startedAt < AT_ONCE_MS);
    assert.ok(!caller.peer.agents.some(({ name }) => name === "alpha"));
    // Who asks it again asks for its card, and the lie is over.
    assertAllSucceeded([await scene.call(alpha)]);
    assert.ok(caller.peer.agents.some(({ name }) => name === "alpha"));
    await scene.verify();
  });
}

Deno.test("a lie that the caller left ends its commands, and the caller is told", async () => {
  await using scene = await setScene({ speed: 10 });
  await scene.settled();
  const { relay, caller, alpha } = scene;
  const calls = scene.calls(2, alpha, { sleepSecs: 30 });
  await eventually("the commands began", async () => (await scene.marks()).size === 2);
  relay.say(relay.victim(alpha.address), { type: "left", address: caller.address });
  for (const { error } of await inTime(calls)) assert.ok(error instanceof OperationError, String(error));
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

const TEXTS: readonly string[] = [
  "",
  "pang",
  "{",
  "null",
  "[]",
  "{}",
  '{"type":"exec","command":"true"}',
  '{"type":"left"}',
  '{"type":"left","address":"AAAA"}',
  '{"type":"left","address":"!!!!!!!!!!!!!!!!!!!!!!"}',
  '{"type":"joined","address":"AAAAAAAAAAAAAAAAAAAAAA","card":""}',
  '{"type":"undeliverable","to":"AAAAAAAAAAAAAAAAAAAAAA","count":-1}',
  '{"type":"roster","peers":{},"more":false}',
  `{"type":"error","code":"sudo","message":"x"}`,
  "[".repeat(100_000),
  `{"type":"left","address":${'{"a":'.repeat(20_000)}1${"}".repeat(20_000)}}`,
];

Deno.test("control messages that are not of the protocol are counted and change nothing", async () => {
  await using scene = await setScene({
    // Before the welcome, every message but three is out of place.
    prepare: (relay) =>
      void relay.onTell(
        "speaks too early",
        (_to, message) =>
          message.type === "welcome"
            ? [encodeRelayMessage({ type: "left", address: message.address }), encodeRelayMessage(message)]
            : undefined,
      ),
  });
  await scene.settled();
  const { relay, caller, alpha } = scene;
  assert.equal(caller.count("bad_control"), 1);
  const victim = relay.victim(caller.address);
  for (const text of TEXTS) relay.say(victim, text);
  await eventually("all were counted", () => caller.count("bad_control") === 1 + TEXTS.length);
  assert.deepEqual(caller.downs, []);
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

Deno.test("binary messages that are not whole frames are counted and change nothing", async () => {
  await using scene = await setScene();
  await scene.settled();
  const { relay, caller, alpha } = scene;
  const victim = relay.victim(caller.address);
  const messages = [
    random(1),
    random(19),
    new Uint8Array(20), // A frame without a payload: the frame is right, the packet in it is not.
    new Uint8Array([0, 0, 0, 9, ...random(20)]), // Its payload is cut off.
    new Uint8Array([255, 255, 255, 255, ...random(30)]),
    new Uint8Array(MAX_MESSAGE_BYTES + 1),
  ];
  for (const message of messages) relay.sendRaw(victim, message);
  await eventually("all were counted", () => caller.count("bad_frame") === messages.length);
  assert.deepEqual(caller.downs, []);
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

Deno.test("a message too large to be read ends the connection, and the peer comes back", async () => {
  await using scene = await setScene();
  await scene.settled();
  const { relay, caller, alpha } = scene;
  const calls = scene.calls(2, alpha, { sleepSecs: 1 });
  await eventually("the commands began", async () => (await scene.marks()).size === 2);
  relay.say(relay.victim(caller.address), " ".repeat(3 * MAX_MESSAGE_BYTES));
  await eventually("the connection ended", () => caller.downs.length === 1);
  for (const { error } of await calls) {
    assert.ok(error instanceof OperationError && error.code === "link_lost", String(error));
  }
  await scene.settled();
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

Deno.test("challenges and welcomes out of place do no more than end the connection", async () => {
  await using scene = await setScene();
  await scene.settled();
  const { relay, caller, alpha } = scene;
  const victim = relay.victim(caller.address);
  for (let i = 0; i < 20; i++) relay.say(victim, { type: "challenge", protocol: 1, nonce: random(32) });
  assertAllSucceeded([await scene.call(alpha)]);
  relay.say(victim, {
    type: "welcome",
    address: alpha.address,
    members: 1,
    observed: "",
    limits: relay.limits,
  });
  await eventually("the connection ended", () => caller.downs.length === 1);
  await scene.settled();
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

Deno.test("a request that waited for a session when the link broke is not carried out later", async () => {
  await using scene = await setScene({
    prepare: (relay) => void relay.onFrame("loses handshakes", drop(only("initiation"))),
  });
  await scene.settled();
  const { relay, caller, alpha } = scene;
  const calls = scene.calls(2, alpha);
  await eventually("a handshake was lost", () => relay.attacks.some(({ applied }) => applied > 0));
  for (const attack of relay.attacks) attack[Symbol.dispose]();
  relay.close(1012);
  for (const { error } of await calls) {
    assert.ok(error instanceof OperationError && error.code === "link_lost", String(error));
  }
  await eventually(
    "the caller is back",
    () => caller.downs.length > 0 && caller.peer.connection.status === "connected",
  );
  await scene.settled();
  assertAllSucceeded([await scene.call(alpha)]);
  assert.equal((await scene.marks()).size, 1);
  await scene.verify();
});

Deno.test("a relay that falls silent is given up within the liveness time, and the call fails", async () => {
  await using scene = await setScene();
  await scene.settled();
  const { relay, caller, alpha } = scene;
  assertAllSucceeded([await scene.call(alpha)]);
  const attack = relay.onFrame(
    "says nothing any more",
    drop(only(["record", "reply"], { from: alpha.address })),
  );
  const call = scene.call(alpha);
  await eventually("the answer was lost", () => attack.applied > 0);
  relay.answersPings = false;
  // Past the moment for a ping, and, once that was sent, past the moment at which the relay counts as dead.
  const pings = relay.pings;
  caller.skip(16_000);
  await eventually("the peer pinged", () => relay.pings > pings);
  caller.skip(20_000);
  await eventually("the silence is noticed", () => caller.downs.length > 0);
  const { error } = await call;
  assert.ok(error instanceof OperationError && error.code === "link_lost", String(error));
  attack[Symbol.dispose]();
  relay.answersPings = true;
  await scene.settled();
  assertAllSucceeded([await scene.call(alpha)]);
  await scene.verify();
});

Deno.test("a relay may close a connection at any moment", async () => {
  await using scene = await setScene();
  const codes = [1000, 1011, 1012, 4400, 4408, 4413, 4429];
  const ended: Outcome[] = [];
  const { relay, caller, alpha, beta } = scene;
  let closes = 0;
  for (let moment = 1; moment <= 8; moment++) {
    await scene.settled();
    let frames = 0;
    const downs = caller.downs.length + alpha.downs.length;
    const attack = relay.onFrame(`closes at frame ${moment}`, ({ from, to }) => {
      const isBetas = [from, to].some((end) => end !== undefined && equalBytes(end.address, beta.address));
      if (isBetas) return undefined;
      if (++frames !== moment) return undefined;
      closes++;
      // Of both ends in turn, before and after the frame.
      const victim = moment % 2 === 0 ? from : to ?? from;
      relay.close(codes[moment % codes.length] ?? 1000, victim);
      return moment % 3 === 0 ? [] : undefined;
    });
    const options = { paddingBytes: 70_000, streams: true, lines: 50 };
    const outcomes = await Promise.all([scene.call(alpha), scene.call(alpha, options), scene.call(alpha)]);
    ended.push(...outcomes.filter(({ error }) => error !== undefined));
    attack[Symbol.dispose]();
    if (frames < moment) continue;
    await eventually("the end was noticed", () => caller.downs.length + alpha.downs.length > downs);
  }
  assert.ok(closes >= 5 && ended.length > 0, `${closes} connections were closed`);
  await scene.settled();
  assertAllSucceeded([await scene.call(scene.alpha)]);
  await scene.verify();
});

Deno.test("a relay that allows next to nothing makes calls fail in time, without a busy loop", async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error) => void warnings.push(warning);
  const { default: process } = await import("node:process");
  process.on("warning", onWarning);
  try {
    await using scene = await setScene({ speed: 10 });
    await scene.settled();
    scene.relay.limits = { framesPerSec: 1e-9, bytesPerSec: Number.MIN_VALUE, idleTimeoutSecs: 1e-9 };
    await using slow = await startTestPeer({
      relayUrl: scene.relay.url,
      token: scene.token,
      room: scene.room,
      name: "slow",
      speed: 10,
    });
    await slow.peer.ready();
    const outcomes = await inTime(Promise.all([
      scene.calls(3, scene.alpha, { by: slow, streams: true }),
      scene.calls(3, scene.alpha),
    ]));
    assertAllSucceeded(outcomes[1]);
    for (const { error } of outcomes[0]) assert.ok(error === undefined || error instanceof OperationError);
    assert.deepEqual(warnings, []);
    await scene.verify();
  } finally {
    process.off("warning", onWarning);
  }
});

function newestCard({ cards }: { readonly cards: readonly Bytes[] }): Bytes {
  const card = cards.at(-1);
  assert.ok(card !== undefined);
  return card;
}

/** A card that its own machine made and signed, for a room with another token. */
async function cardOfAnotherRoom({ room }: Scene): Promise<Bytes> {
  const { cardKey, roomKey } = await deriveRoomSecret({
    token: await createToken(),
    room,
    suite: hybridSuite,
  });
  const sealer = await createCardSealer(hybridSuite, {
    cardKey,
    roomPublicKey: roomKey.publicKey,
    host: await hostIdentity(hybridSuite, random(32)),
    session: await createSessionIdentity(hybridSuite),
  });
  return await sealer.seal({
    v: 1,
    seq: 99,
    name: "beta",
    tags: [],
    platform: { os: "linux", family: "linux", arch: "x86_64", kernel: "6", shell: "/bin/sh" },
    mode: "bypass",
    accepts: true,
    role: "service",
    version: "1",
    capabilities: [],
    startedAt: 0,
    connectedAt: 0,
  });
}
