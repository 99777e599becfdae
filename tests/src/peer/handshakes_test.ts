import assert from "node:assert/strict";
import { SESSION_LIMITS } from "../../../src/peer/session_table.ts";
import { connect, createWire, TYPE, type WireFrame } from "./_wire.ts";

async function pair() {
  const wire = createWire();
  return { wire, a: await wire.peer(), b: await wire.peer() };
}

/** The same frame with a change in its last byte. */
function damaged(frame: WireFrame): WireFrame {
  const payload = frame.payload.slice();
  payload[payload.length - 1] = (payload.at(-1) ?? 0) ^ 1;
  return { ...frame, payload };
}

function only<T>(items: readonly T[]): T {
  const [item] = items;
  assert.ok(item !== undefined);
  return item;
}

Deno.test("retry() tries three times, for 4, 8 and 16 s, and then gives the peer up", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  const started = wire.time;
  a.send(b, "nobody hears this");
  await wire.settle();
  const attempts: number[] = [];
  for (let second = 0; second < 30; second++) {
    attempts.push(wire.sent(TYPE.initiation).length);
    await wire.pass(1_000);
  }
  const expected = [...Array<number>(4).fill(1), ...Array<number>(8).fill(2), ...Array<number>(16).fill(3)];
  assert.deepEqual(attempts.slice(0, 28), expected, `from ${started}`);
  assert.equal(attempts.at(-1), SESSION_LIMITS.handshakeAttempts);
  assert.deepEqual(a.unreachable.map(({ code }) => code), ["peer_gone"]);
  await wire.pass(20_000);
  assert.deepEqual([wire.sent(TYPE.initiation).length, a.unreachable.length], [3, 1]);
});

Deno.test("retry() delivers what waited when a later attempt gets through, and forgets the earlier ones", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  a.send(b, "patience");
  await wire.pass(5_000);
  wire.bend = (frame) => [frame];
  await wire.pass(10_000);
  assert.deepEqual([b.received, a.unreachable], [["patience"], []]);
  // The attempts are counted anew for the next handshake.
  b.sessions.drop(a.address);
  wire.bend = (frame) => frame.payload[0] === TYPE.initiation ? [] : [frame];
  const before = wire.sent(TYPE.initiation).length;
  a.send(b, "lost");
  await wire.pass(30_000);
  assert.equal(wire.sent(TYPE.initiation).length - before, SESSION_LIMITS.handshakeAttempts);
});

Deno.test("start() after giving up begins with three new attempts", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  a.send(b, "lost");
  await wire.pass(30_000);
  wire.bend = (frame) => [frame];
  a.send(b, "fresh");
  await wire.settle();
  assert.deepEqual(b.received, ["fresh"]);
});

Deno.test("answer() counts a replayed initiation and does not answer it", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  const replayed = only(wire.sent(TYPE.initiation));
  for (let i = 0; i < 3; i++) wire.inject(replayed);
  await wire.settle();
  assert.equal(b.count("replayed_handshake"), 3);
  assert.equal(wire.sent(TYPE.reply).length, 1);
});

Deno.test("answer() counts what is not authentic, whatever is wrong with it, and answers none", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  wire.bend = () => [];
  a.send(b, "x");
  await wire.settle();
  const good = only(wire.sent(TYPE.initiation));
  const forged: WireFrame[] = [
    damaged(good),
    { ...good, from: c.address }, // Of another sender than made it.
    { ...good, to: c.address }, // To another receiver than it was made for.
    { ...good, payload: good.payload.subarray(0, 40) },
    { ...good, payload: Uint8Array.of(1, 0, 0, 0, 0) },
    { ...good, payload: good.payload.map((byte, i) => i >= 5 && i < 37 ? 0 : byte) }, // A key of small order.
  ];
  for (const frame of forged) wire.inject(frame);
  wire.bend = (frame) => [frame];
  await wire.settle();
  assert.equal(b.count("bad_handshake") + c.count("bad_handshake"), forged.length);
  assert.deepEqual(wire.sent(TYPE.reply), []);
  // None of it spoils the real one.
  wire.inject(good);
  await wire.settle();
  assert.deepEqual(b.received, ["x"]);
});

Deno.test("complete() opens no session between peers with different pre-shared keys", async () => {
  const wire = createWire();
  const [a, b] = [await wire.peer(), await wire.peer({ psk: new Uint8Array(32).fill(8) })];
  a.send(b, "x");
  b.send(a, "x");
  await wire.pass(15_000);
  assert.deepEqual([a.received, b.received], [[], []]);
  assert.deepEqual([a, b].map(({ unreachable }) => unreachable.map(({ code }) => code)), [["peer_gone"], [
    "peer_gone",
  ]]);
  assert.ok(a.count("bad_handshake") > 0);
});

Deno.test("answer() takes only the newest of a peer's initiations, in whatever order they come", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  a.send(b, "x");
  await wire.pass(5_000);
  const [older, newer] = wire.sent(TYPE.initiation);
  assert.ok(older !== undefined && newer !== undefined);
  wire.bend = (frame) => [frame];
  for (const frame of [newer, older]) {
    wire.inject(frame);
    await wire.settle();
  }
  assert.equal(b.count("replayed_handshake"), 1);
  assert.deepEqual(b.received, ["x"]);
});

Deno.test("answer() drops initiations beyond what may wait, and keeps working", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  a.send(b, "x");
  await wire.settle();
  const good = only(wire.sent(TYPE.initiation));
  const taken = SESSION_LIMITS.handshakesPerTurn + SESSION_LIMITS.waitingInitiations;
  const count = taken + 50;
  for (let i = 0; i < count; i++) wire.inject(damaged(good));
  wire.bend = (frame) => [frame];
  await wire.settle();
  assert.equal(b.count("dropped_handshake"), 50);
  assert.equal(b.count("bad_handshake"), taken);
  await wire.pass(5_000);
  assert.deepEqual(b.received, ["x"]);
});

Deno.test("answer() keeps a bounded number of half-open sessions", async () => {
  const wire = createWire();
  const maxHalfOpen = 32;
  const b = await wire.peer({ maxHalfOpen });
  const peers = await Promise.all(Array.from({ length: maxHalfOpen + 6 }, () => wire.peer()));
  const replies: WireFrame[] = [];
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? (replies.push(frame), []) : [frame];
  for (const peer of peers) {
    peer.send(b, "hello");
    await wire.settle();
  }
  assert.equal(replies.length, peers.length);
  wire.bend = (frame) => [frame];
  replies.forEach(wire.inject);
  await wire.settle();
  // The oldest six were given up: their first records are of unknown sessions.
  assert.equal(b.received.length, maxHalfOpen);
  assert.equal(b.count("unknown_session"), 6);
});

Deno.test("start() and answer() lose none of hundreds of handshakes that begin in one turn", async () => {
  const wire = createWire();
  const [a, b] = [await wire.peer(), await wire.peer()];
  const others = await Promise.all(Array.from({ length: 200 }, () => wire.peer()));
  for (const other of others) {
    a.send(other, "from one to many");
    other.send(b, "from many to one");
  }
  await wire.settle();
  assert.equal(b.received.length, others.length);
  assert.deepEqual(new Set(others.map(({ received }) => received.length)), new Set([1]));
  assert.equal(wire.sent(TYPE.initiation).length, 2 * others.length);
  for (const peer of [a, b, ...others]) assert.equal(peer.count("dropped_handshake"), 0);
});

Deno.test("complete() counts a replayed reply and keeps the session", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.inject(only(wire.sent(TYPE.reply)));
  await wire.settle();
  assert.equal(a.count("bad_handshake") + a.count("replayed_handshake"), 1);
  a.send(b, "still");
  await wire.settle();
  assert.deepEqual(b.received, ["hello", "still"]);
});

Deno.test("complete() takes one of two copies of a reply that come together", async () => {
  const { wire, a, b } = await pair();
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? [frame, frame] : [frame];
  await connect(wire, a, b);
  assert.equal(a.count("bad_handshake"), 1);
});

Deno.test("complete() starts again at once when a reply was forged", async () => {
  const { wire, a, b } = await pair();
  let isFirst = true;
  wire.bend = (frame) => {
    if (frame.payload[0] !== TYPE.reply || !isFirst) return [frame];
    isFirst = false;
    return [damaged(frame)];
  };
  await connect(wire, a, b);
  assert.equal(a.count("bad_handshake"), 1);
  assert.equal(wire.sent(TYPE.initiation).length, 2);
});

Deno.test("complete() gives up after forged replies to all attempts", async () => {
  const { wire, a, b } = await pair();
  wire.bend = (frame) => [frame.payload[0] === TYPE.reply ? damaged(frame) : frame];
  a.send(b, "x");
  await wire.settle();
  assert.equal(a.count("bad_handshake"), SESSION_LIMITS.handshakeAttempts);
  assert.deepEqual(a.unreachable.map(({ code }) => code), ["peer_gone"]);
});

Deno.test("complete() refuses replies of another peer and about nothing of ours, and waits for the right one", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  const kept: WireFrame[] = [];
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? (kept.push(frame), []) : [frame];
  a.send(b, "x");
  await wire.settle();
  const reply = only(kept);
  wire.inject({ ...reply, from: c.address });
  wire.inject({ ...reply, payload: reply.payload.map((byte, i) => i === 8 ? byte ^ 1 : byte) });
  await wire.settle();
  assert.equal(a.count("bad_handshake"), 2);
  wire.inject(reply);
  await wire.settle();
  assert.deepEqual(b.received, ["x"]);
});

Deno.test("complete() takes a reply however many initiations wait", async () => {
  const { wire, a, b } = await pair();
  let isFlooded = false;
  const garbage = {
    from: b.address,
    to: a.address,
    payload: Uint8Array.of(1, 0, 0, 0, 0, ...new Uint8Array(100)),
  };
  wire.bend = (frame) => {
    if (frame.payload[0] !== TYPE.reply || isFlooded) return [frame];
    isFlooded = true;
    return [...Array.from({ length: 2 * SESSION_LIMITS.waitingInitiations }, () => garbage), frame];
  };
  a.send(b, "x");
  await wire.settle();
  assert.ok(a.count("dropped_handshake") > 0);
  assert.deepEqual(b.received, ["x"]);
});

Deno.test("answer() after the peer was dropped takes an initiation of it again", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  for (const [one, other] of [[a, b], [b, a]] as const) one.sessions.drop(other.address);
  a.send(b, "again");
  await wire.settle();
  assert.deepEqual(b.received, ["hello", "again"]);
  assert.equal(b.count("replayed_handshake"), 0);
});

Deno.test("start() sends nothing of what waits before the handshake is through", async () => {
  const { wire, a, b } = await pair();
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? [] : [frame];
  a.send(b, "x".repeat(1_000));
  await wire.pass(20_000);
  assert.deepEqual(
    new Set(wire.log.map(({ payload }) => payload[0])),
    new Set([TYPE.initiation, TYPE.reply]),
  );
});
