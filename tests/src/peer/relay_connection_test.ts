import assert from "node:assert/strict";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import { createAnomalies } from "../../../src/peer/anomalies.ts";
import {
  CONNECTION_TIMES,
  type ConnectOptions,
  connectToRelay,
  JoinError,
} from "../../../src/peer/relay_connection.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { CLOSE_CODE_OF, CloseCode, joinProofInput, PONG_TEXT } from "../../../src/protocol/control.ts";
import { decodeFrames } from "../../../src/protocol/frame.ts";
import { turn, until, useFakeClock } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";
import {
  createIdentity,
  createScriptedRelay,
  LIMITS,
  NONCE,
  unreachable,
  untilAborted,
  welcome,
} from "./_scripted_relay.ts";

const identity = await createIdentity();
const roomKey = await hybridSuite.ed25519KeyPair(new Uint8Array(32).fill(1));

function start(options: Partial<ConnectOptions> = {}) {
  const relay = createScriptedRelay();
  const anomalies = createAnomalies();
  const events: unknown[] = [];
  const aborting = new AbortController();
  const connect = () =>
    connectToRelay({
      url: new URL("wss://relay.example:8443/ignored"),
      dial: relay.dial,
      suite: hybridSuite,
      roomKey,
      identity,
      card: Uint8Array.of(7),
      client: "test/1",
      watch: true,
      anomalies,
      now: () => performance.now(),
      signal: aborting.signal,
      handlers: {
        onWelcome: () => events.push("welcome"),
        onFrame: (address, payload) => events.push(["frame", address[0], payload[0]]),
        onRoster: (peers, more) => events.push(["roster", peers.length, more]),
        onJoined: (address) => events.push(["joined", address[0]]),
        onLeft: (address) => events.push(["left", address[0]]),
        onUndeliverable: (address, count) => events.push(["undeliverable", address[0], count]),
        onClose: ({ code, reason }) => events.push(["close", code, reason]),
      },
      ...options,
    });
  return { relay, anomalies, events, connect, abort: () => aborting.abort() };
}

function isJoinError(expected: RegExp, code?: number) {
  return (error: unknown) => {
    assert.ok(error instanceof JoinError, `${error}`);
    assert.match(error.message, expected);
    if (code !== undefined) assert.equal(error.code, code);
    return true;
  };
}

Deno.test("connectToRelay() proves the membership for the host that it dialled, and tells what it is", async () => {
  const { relay, connect, events } = start();
  const connection = await connect();
  assert.deepEqual(relay.urls, ["wss://relay.example:8443/v1/connect"]);
  assert.equal(connection.observed, "192.0.2.1:5");
  assert.deepEqual(events, ["welcome"]);
  const join = await (await relay.connection(1)).joined();
  const { host, room, session, card, client, watch, protocol } = join;
  assert.deepEqual([host, client, watch, protocol, card], [
    "relay.example:8443",
    "test/1",
    true,
    1,
    Uint8Array.of(7),
  ]);
  const input = joinProofInput({ host, nonce: NONCE, room, session });
  assert.ok(await hybridSuite.ed25519Verify(roomKey.publicKey, join.roomProof, input));
  assert.ok(await hybridSuite.ed25519Verify(identity.sessionKey.publicKey, join.sessionProof, input));
  connection.close();
});

Deno.test("connectToRelay() hands on what comes in the very turn of the welcome, after it was told of it", async () => {
  const { relay, connect, events } = start();
  relay.onJoin = (connection, join) => {
    welcome(connection, join);
    connection.say({ type: "roster", peers: [], more: false });
    connection.send({ address: sampleAddress(2), payload: Uint8Array.of(9) });
  };
  const opened = await connect();
  await turn();
  assert.deepEqual(events, ["welcome", ["roster", 0, false], ["frame", 2, 9]]);
  opened.close();
});

Deno.test("connectToRelay() hands on control messages and frames", async () => {
  const { relay, connect, events, anomalies } = start();
  const connection = await connect();
  const there = await relay.connection(1);
  const [address, card] = [sampleAddress(4), Uint8Array.of(1)];
  events.length = 0;
  there.say({ type: "roster", peers: [{ address, card }], more: true });
  there.say({ type: "joined", address, card });
  there.say({ type: "left", address });
  there.say({ type: "undeliverable", to: address, count: 3 });
  there.send({ address, payload: Uint8Array.of(1) }, { address, payload: Uint8Array.of(2) });
  await turn();
  assert.deepEqual(events, [
    ["roster", 1, true],
    ["joined", 4],
    ["left", 4],
    ["undeliverable", 4, 3],
    ["frame", 4, 1],
    ["frame", 4, 2],
  ]);
  assert.deepEqual(anomalies.snapshot(), {});
  connection.close();
});

Deno.test("sendFrame() packs the frames of a turn; sendControl() sends at once", async () => {
  const { relay, connect } = start();
  const connection = await connect();
  const there = await relay.connection(1);
  for (const i of [1, 2, 3]) connection.sendFrame(sampleAddress(i), Uint8Array.of(i));
  connection.sendControl({ type: "watch", on: false });
  await connection.drained();
  await turn();
  const frames = there.messages.map((message) => decodeFrames(message).map(({ payload }) => payload[0]));
  assert.deepEqual([frames, there.said.at(-1)], [[[1, 2, 3]], { type: "watch", on: false }]);
  connection.close();
});

Deno.test("connectToRelay() counts garbage and what comes too early, and joins all the same", async () => {
  const { relay, connect, anomalies, events } = start();
  relay.onOpen = (connection) => {
    connection.sayText("no json");
    connection.sayText('{"type":"invented"}');
    connection.sayText('{"type":"challenge","protocol":1,"nonce":"short"}');
    connection.say({ type: "left", address: sampleAddress(1) });
    connection.sendBytes(utf8("a frame?"));
    connection.say({ type: "challenge", protocol: 1, nonce: NONCE });
  };
  const connection = await connect();
  assert.deepEqual([anomalies.snapshot(), events], [{ bad_control: 4, bad_frame: 1 }, ["welcome"]]);
  (await relay.connection(1)).sendBytes(utf8("not whole frames"));
  await turn();
  assert.equal(anomalies.snapshot().bad_frame, 2);
  connection.close();
});

Deno.test("connectToRelay() refuses a relay of another version and says which two they are", async () => {
  const { relay, connect } = start();
  relay.onOpen = (connection) => connection.say({ type: "challenge", protocol: 9, nonce: NONCE });
  await assert.rejects(connect(), isJoinError(/protocol 9, this program 1/));
  const there = await relay.connection(1);
  await turn();
  assert.deepEqual([there.said, there.closed?.code], [[], 1000]);
});

Deno.test("connectToRelay() refuses a relay that welcomes another address, and hears nothing more of it", async () => {
  const { relay, connect, events } = start();
  relay.onJoin = (connection) => {
    const address = sampleAddress(9);
    connection.say({ type: "welcome", address, members: 1, observed: "", limits: LIMITS });
    connection.say({ type: "welcome", address: identity.address, members: 1, observed: "", limits: LIMITS });
    connection.say({ type: "joined", address, card: Uint8Array.of(1) });
  };
  await assert.rejects(connect(), isJoinError(/another address/));
  await turn();
  assert.deepEqual(events, []);
});

for (const code of ["join_refused", "room_not_allowed", "room_full", "restarting"] as const) {
  Deno.test(`connectToRelay() fails with the relay's words when it is refused with "${code}"`, async () => {
    const { relay, connect } = start();
    relay.onJoin = (connection) => {
      connection.say({ type: "error", code, message: "The relay says why" });
      connection.close(1006);
    };
    await assert.rejects(connect(), isJoinError(/^The relay says why$/, CLOSE_CODE_OF[code]));
  });
}

Deno.test("connectToRelay() names the code of a relay that closes without a word", async () => {
  const { relay, connect } = start();
  relay.onOpen = (connection) => connection.close(1011);
  await assert.rejects(connect(), isJoinError(/\(1011\)/, 1011));
});

Deno.test("connectToRelay() fails with the link's words when the relay cannot be reached", async () => {
  const { relay, connect } = start();
  relay.beforeOpen = unreachable;
  await assert.rejects(connect(), isJoinError(/relay\.example: refused/));
});

Deno.test("connectToRelay() gives up a relay after 15 s, and means it if the welcome is on its way then", async () => {
  using clock = useFakeClock();
  const { relay, connect, events } = start({
    now: clock.now,
    // The closing takes a while, in which more arrives.
    dial: async (...args) => ({ ...await relay.dial(...args), close: () => {} }),
  });
  relay.onJoin = () => {};
  const rejected = assert.rejects(connect(), isJoinError(/in time/));
  const there = await relay.connection(1);
  const join = await there.joined();
  await clock.advance(CONNECTION_TIMES.joinMs);
  await rejected;
  welcome(there, join);
  there.say({ type: "roster", peers: [], more: false });
  await turn();
  assert.deepEqual(events, []);
});

Deno.test("connectToRelay() leaves no timer and no link behind after its time is over", async () => {
  using clock = useFakeClock();
  const { relay, connect, events } = start({ now: clock.now });
  relay.onJoin = () => {};
  const rejected = assert.rejects(connect(), isJoinError(/in time/));
  const there = await relay.connection(1);
  await there.joined();
  await clock.advance(CONNECTION_TIMES.joinMs);
  await rejected;
  assert.equal(there.closed?.code, CloseCode.joinTimeout);
  assert.deepEqual([clock.timers, events], [0, []]);
});

for (
  const [when, prepare] of [
    ["before it begins", ({ abort }) => abort()],
    ["while it dials", ({ relay }) => relay.beforeOpen = untilAborted],
    ["while it waits for the challenge", ({ relay }) => relay.onOpen = () => {}],
    ["while it waits for the welcome", ({ relay }) => relay.onJoin = () => {}],
  ] as readonly (readonly [string, (started: ReturnType<typeof start>) => unknown])[]
) {
  Deno.test(`connectToRelay() ends at once when it is aborted ${when}, and closes the link`, async () => {
    using clock = useFakeClock();
    const started = start({ now: clock.now });
    prepare(started);
    const rejected = assert.rejects(started.connect(), JoinError);
    await turn();
    started.abort();
    await rejected;
    await turn();
    assert.ok(started.relay.connections.every(({ closed }) => closed !== undefined));
    assert.deepEqual([clock.timers, started.events], [0, []]);
  });
}

Deno.test("connectToRelay() reports the end of a connection once, with the relay's words", async () => {
  const { relay, connect, events } = start();
  await connect();
  const there = await relay.connection(1);
  there.say({ type: "error", code: "replaced", message: "Another connection took the address" });
  there.close(CloseCode.replaced);
  there.close(1000);
  await until("the end was reported", () => events.length === 2);
  assert.deepEqual(events, ["welcome", ["close", CloseCode.replaced, "Another connection took the address"]]);
});

Deno.test("connectToRelay() ends a connection that is welcomed twice", async () => {
  const { relay, connect, events } = start();
  await connect();
  const there = await relay.connection(1);
  welcome(there, await there.joined());
  await until("it ends", () => there.closed !== undefined);
  assert.deepEqual(events.map((event) => Array.isArray(event) ? event[0] : event), ["welcome", "close"]);
});

const liveness = [
  ["15 s", 90, CONNECTION_TIMES.pingAfterMs],
  ["a third of the relay's idle timeout, if that is less", 30, 10_000],
] as const;
for (const [what, idleTimeoutSecs, pingAfterMs] of liveness) {
  Deno.test(`tick() pings after ${what}, and gives up a relay that is silent for 30 s`, async () => {
    using clock = useFakeClock();
    const { relay, connect, events } = start({ now: clock.now });
    relay.onJoin = (connection, join) => void welcome(connection, join, { ...LIMITS, idleTimeoutSecs });
    const connection = await connect();
    const there = await relay.connection(1);
    const tickAt = async (ms: number) => {
      await clock.advance(ms - (clock.now() - joinedAt));
      connection.tick();
      await turn();
    };
    let joinedAt = clock.now();
    await tickAt(pingAfterMs);
    assert.equal(there.pings, 0);
    await tickAt(pingAfterMs + 1);
    await tickAt(pingAfterMs + 500);
    assert.equal(there.pings, 1);
    there.sayText(PONG_TEXT);
    await turn();
    joinedAt = clock.now();
    await tickAt(CONNECTION_TIMES.deadAfterMs);
    assert.equal(there.closed, undefined);
    assert.ok(there.pings >= 2);
    await tickAt(CONNECTION_TIMES.deadAfterMs + 1);
    await tickAt(CONNECTION_TIMES.deadAfterMs + 1_000);
    assert.deepEqual(events.slice(1), [["close", 1000, "the relay was silent"]]);
  });
}

Deno.test("tick() takes any message as a sign of life", async () => {
  using clock = useFakeClock();
  const { relay, connect, events } = start({ now: clock.now });
  const connection = await connect();
  const there = await relay.connection(1);
  const frame = { address: sampleAddress(1), payload: new Uint8Array(1) as Bytes };
  for (
    const speak of [() => there.send(frame), () => there.sayText("garbage"), () => there.sayText(PONG_TEXT)]
  ) {
    await clock.advance(CONNECTION_TIMES.deadAfterMs - 1);
    speak();
    await turn();
    connection.tick();
  }
  await turn();
  assert.deepEqual([there.pings, there.closed], [0, undefined]);
  assert.ok(!events.some((event) => Array.isArray(event) && event[0] === "close"));
  connection.close();
});
