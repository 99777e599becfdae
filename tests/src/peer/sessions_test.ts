import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { SESSION_LIMITS } from "../../../src/peer/session_table.ts";
import { type Bytes, EMPTY, equalBytes, utf8 } from "../../../src/protocol/bytes.ts";
import { encodeUnknown } from "../../../src/protocol/packet.ts";
import { connect, createWire, TYPE, type WireFrame } from "./_wire.ts";

const HOUR = SESSION_LIMITS.rekeyAfterMs;

async function pair() {
  const wire = createWire();
  return { wire, a: await wire.peer(), b: await wire.peer() };
}

function indexOf(frame: WireFrame | undefined, at: number): number {
  const payload = frame?.payload ?? EMPTY;
  return new DataView(payload.buffer, payload.byteOffset).getUint32(at);
}

function flipped(payload: Bytes, at: number): Bytes {
  const copy = payload.slice();
  copy[at] = (copy[at] ?? 0) ^ 1;
  return copy;
}

Deno.test("send() waits for the handshake and then sends everything in order", async () => {
  const { wire, a, b } = await pair();
  for (const text of ["one", "two", "three"]) a.send(b, text);
  assert.deepEqual(wire.sent(TYPE.record), []);
  await wire.settle();
  assert.deepEqual(b.received, ["one", "two", "three"]);
  assert.deepEqual([wire.sent(TYPE.initiation).length, wire.sent(TYPE.reply).length], [1, 1]);
});

Deno.test("send() needs one handshake for both directions", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  assert.equal(wire.sent(TYPE.initiation).length, 1);
});

Deno.test("send() keeps the order of large records, which are encrypted beside, and small ones", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  b.received.length = 0;
  const sizes = [100_000, 1, 9_000, 2, 3, 200_000, 4, 8_200, 8_100];
  const texts = sizes.map((size, i) => `${i}`.padEnd(size, "x"));
  for (const text of texts) a.send(b, text);
  await wire.settle();
  assert.deepEqual(b.received.map((text) => text.slice(0, 1)), texts.map((text) => text.slice(0, 1)));
  assert.deepEqual(b.received, texts);
});

Deno.test("send() of the responder sends nothing on a session before a record came on it", async () => {
  const { wire, a, b } = await pair();
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? [] : [frame];
  a.send(b, "hello");
  await wire.settle();
  b.send(a, "too early");
  await wire.settle();
  const ofB = wire.log.filter(({ from }) => equalBytes(from, b.address)).map(({ payload }) => payload[0]);
  assert.ok(!ofB.includes(TYPE.record), `${ofB}`);
  // Without the initiator's confirmation it shakes hands itself.
  assert.ok(ofB.includes(TYPE.initiation));
});

Deno.test("send() from both sides at once delivers both, and goes on working", async () => {
  const { wire, a, b } = await pair();
  a.send(b, "from a");
  b.send(a, "from b");
  await wire.settle();
  assert.deepEqual([a.received, b.received], [["from b"], ["from a"]]);
  for (let minute = 0; minute < 4; minute++) {
    await wire.pass(30_000);
    a.send(b, `a${minute}`);
    b.send(a, `b${minute}`);
    await wire.settle();
  }
  assert.deepEqual(a.received, ["from b", "b0", "b1", "b2", "b3"]);
  assert.deepEqual(b.received, ["from a", "a0", "a1", "a2", "a3"]);
  assert.deepEqual([a.count("bad_record"), b.count("bad_record")], [0, 0]);
});

Deno.test("send() replaces the keys after an hour without losing or doubling anything", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.time += HOUR + 1;
  a.send(b, "on the old keys");
  await wire.settle();
  assert.equal(wire.sent(TYPE.initiation).length, 2);
  b.send(a, "on the new keys");
  a.send(b, "too");
  await wire.settle();
  const indexes = wire.sent(TYPE.record).slice(-2).map((frame) => indexOf(frame, 1));
  const before = wire.sent(TYPE.record).slice(0, 2).map((frame) => indexOf(frame, 1));
  assert.ok(indexes.every((index) => !before.includes(index)));
  assert.deepEqual(b.received, ["hello", "on the old keys", "too"]);
  assert.deepEqual(a.received, ["welcome", "on the new keys"]);
});

Deno.test("receive() opens records under the old keys for a minute more, and not longer", async () => {
  for (const [lateMs, isOpened] of [[59_000, true], [61_000, false]] as const) {
    const { wire, a, b } = await pair();
    await connect(wire, a, b);
    const late: WireFrame[] = [];
    wire.bend = (frame) => frame.payload[0] === TYPE.record ? (late.push(frame), []) : [frame];
    wire.time += HOUR + 1;
    a.send(b, "late");
    await wire.settle();
    // The handshake is through; its confirmation lets b change over.
    wire.bend = (frame) => [frame];
    const [onOldKeys, ...others] = late;
    assert.ok(onOldKeys !== undefined && others.length > 0);
    others.forEach(wire.inject);
    await wire.settle();
    await wire.pass(lateMs);
    wire.inject(onOldKeys);
    await wire.settle();
    assert.deepEqual(b.received, isOpened ? ["hello", "late"] : ["hello"]);
    assert.equal(b.count("unknown_session"), isOpened ? 0 : 1);
  }
});

Deno.test("send() uses a session no longer than an hour and a minute, even if its replacement never comes", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.bend = (frame) => frame.payload[0] === TYPE.record ? [frame] : [];
  wire.time += HOUR + SESSION_LIMITS.graceMs;
  const before = wire.sent(TYPE.record).length;
  a.send(b, "not on the old keys");
  await wire.settle();
  assert.equal(wire.sent(TYPE.record).length, before);
});

Deno.test("tick() keeps a session that still works when the handshake for its replacement gets no reply", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.bend = (frame) => frame.payload[0] === TYPE.record ? [frame] : [];
  wire.time += HOUR + 1;
  a.send(b, "one");
  await wire.pass(20_000);
  a.send(b, "two");
  await wire.settle();
  assert.deepEqual(b.received, ["hello", "one", "two"]);
  assert.deepEqual(a.unreachable, []);
});

Deno.test("receive() counts a replayed record and delivers it once", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.sent(TYPE.record).forEach(wire.inject);
  wire.sent(TYPE.record).forEach(wire.inject);
  await wire.settle();
  assert.deepEqual([a.received, b.received], [["welcome"], ["hello"]]);
  assert.deepEqual([a.count("replayed_record"), b.count("replayed_record")], [2, 2]);
});

Deno.test("receive() delivers one of two copies of a large record that are decrypted at the same time", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.bend = (frame) => [frame, frame];
  a.send(b, "x".repeat(50_000));
  await wire.settle();
  assert.equal(b.received.length, 2);
  assert.equal(b.count("replayed_record"), 1);
});

Deno.test("receive() counts a damaged record, small or large, and delivers what follows", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  let isNext = true;
  wire.bend = (frame) => {
    const payload = isNext ? flipped(frame.payload, 20) : frame.payload;
    isNext = false;
    return [{ ...frame, payload }];
  };
  a.send(b, "damaged");
  a.send(b, "whole");
  isNext = true;
  a.send(b, "y".repeat(50_000));
  a.send(b, "after");
  await wire.settle();
  assert.equal(b.count("bad_record"), 2);
  assert.deepEqual(b.received, ["hello", "whole", "after"]);
});

Deno.test("receive() refuses a record that is said to come from another peer", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  await connect(wire, a, b);
  await connect(wire, c, b);
  wire.bend = (frame) => [{ ...frame, from: c.address }];
  a.send(b, "not of c");
  await wire.settle();
  assert.equal(b.count("misdirected_record"), 1);
  assert.deepEqual(b.received, ["hello", "hello"]);
});

Deno.test("receive() refuses a record that was sent to another peer", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  await connect(wire, a, b);
  await connect(wire, a, c);
  wire.bend = (frame) => [{ ...frame, to: c.address }];
  a.send(b, "for b alone");
  await wire.settle();
  assert.deepEqual(c.received, ["hello"]);
  assert.equal(c.count("unknown_session") + c.count("bad_record") + c.count("misdirected_record"), 1);
});

Deno.test("receive() counts what is no packet", async () => {
  const { wire, a, b } = await pair();
  const payloads = [EMPTY, Uint8Array.of(1), Uint8Array.of(9, 0, 0, 0, 0), Uint8Array.of(3, 0, 0, 0, 0)];
  for (const payload of payloads) wire.inject({ from: a.address, to: b.address, payload });
  await wire.settle();
  assert.equal(b.count("bad_frame"), payloads.length);
});

Deno.test("receive() hints at most every 2 s that a session is unknown", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  b.sessions.drop(a.address);
  for (let i = 0; i < 5; i++) a.send(b, "unknown");
  wire.bend = () => [];
  await wire.settle();
  assert.equal(wire.sent(TYPE.hint).length, 1);
  assert.equal(b.count("unknown_session"), 5);
});

Deno.test("receive() shakes hands anew when its peer lost the session, and has the requests repeated", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  b.sessions.drop(a.address);
  a.send(b, "lost");
  await wire.settle();
  assert.equal(a.renewed, 1);
  assert.equal(b.renewed, 0);
  a.send(b, "again");
  b.send(a, "back");
  await wire.settle();
  assert.deepEqual([a.received, b.received], [["welcome", "back"], ["hello", "again"]]);
  assert.equal(wire.sent(TYPE.initiation).length, 2);
});

Deno.test("receive() keeps its session when a hint is forged, whatever becomes of the handshake", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  const hint = encodeUnknown(indexOf(wire.sent(TYPE.record).find(({ from }) => from === a.address), 1));
  wire.bend = (frame) => frame.payload[0] === TYPE.record ? [frame] : [];
  wire.inject({ from: b.address, to: a.address, payload: hint });
  await wire.settle();
  assert.equal(wire.sent(TYPE.initiation).length, 2);
  await wire.pass(20_000);
  a.send(b, "still");
  b.send(a, "here");
  await wire.settle();
  assert.deepEqual([a.received, b.received], [["welcome", "here"], ["hello", "still"]]);
  assert.deepEqual([a.unreachable, a.renewed], [[], 0]);
});

Deno.test("receive() starts at most one handshake in 2 s for hints, and none for those about nothing of ours", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  await connect(wire, a, b);
  const index = indexOf(wire.sent(TYPE.record).find(({ from }) => from === a.address), 1);
  const started = () => wire.sent(TYPE.initiation).length;
  for (const [from, hinted] of [[b, index ^ 1], [c, index]] as const) {
    wire.inject({ from: from.address, to: a.address, payload: encodeUnknown(hinted) });
  }
  await wire.settle();
  assert.equal(started(), 1);
  assert.equal(a.count("unknown_hint"), 2);
  for (let i = 0; i < 5; i++) wire.inject({ from: b.address, to: a.address, payload: encodeUnknown(index) });
  await wire.settle();
  assert.equal(started(), 2);
  assert.equal(a.count("unknown_hint"), 6);
});

Deno.test("send() is refused as busy when too much waits for a handshake", async () => {
  const { wire, a, b } = await pair();
  wire.bend = () => [];
  const isBusy = (error: unknown) => error instanceof OperationError && error.code === "busy";
  for (let i = 0; i < SESSION_LIMITS.queuedMessages; i++) a.send(b, "x");
  assert.throws(() => a.send(b, "x"), isBusy);
  const large = new Uint8Array(1024 * 1024);
  for (let i = 0; i < SESSION_LIMITS.queuedBytes / large.length; i++) b.sessions.send(a.address, large);
  assert.throws(() => b.send(a, "x"), isBusy);
  await wire.settle();
});

Deno.test("send() tells that a peer without a known card is unreachable", async () => {
  const { wire, a } = await pair();
  const stranger = await wire.peer({ isUnknown: true });
  a.send(stranger, "hello");
  await wire.settle();
  assert.deepEqual(a.unreachable.map(({ code }) => code), ["unknown_agent"]);
  assert.deepEqual(wire.log, []);
});

Deno.test("send() answers a stranger whose card came with its handshake", async () => {
  const { wire, a } = await pair();
  const stranger = await wire.peer({ isUnknown: true });
  await connect(wire, stranger, a);
});

Deno.test("open() opens a session ahead of need, once", async () => {
  const { wire, a, b } = await pair();
  a.sessions.open(b.address);
  a.sessions.open(b.address);
  await wire.settle();
  a.sessions.open(b.address);
  a.send(b, "hello");
  await wire.settle();
  assert.equal(wire.sent(TYPE.initiation).length, 1);
  assert.deepEqual(b.received, ["hello"]);
  // The confirmation was an empty record, which is no message.
  assert.equal(wire.sent(TYPE.record).length, 2);
});

Deno.test("renew() shakes hands although there is a session, which serves until the new one stands", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.bend = (frame) => frame.payload[0] === TYPE.reply ? [] : [frame];
  a.sessions.renew(b.address);
  a.sessions.renew(b.address);
  a.send(b, "on the old keys");
  await wire.settle();
  assert.deepEqual([wire.sent(TYPE.initiation).length, a.renewed], [2, 0]);
  wire.bend = (frame) => [frame];
  await wire.pass(5_000);
  a.send(b, "on the new keys");
  await wire.settle();
  assert.deepEqual(b.received, ["hello", "on the old keys", "on the new keys"]);
  assert.equal(a.renewed, 1);
});

Deno.test("interrupt() forgets what waits for a handshake, and asks for a new session from then on", async () => {
  const { wire, a, b } = await pair();
  const c = await wire.peer();
  await connect(wire, a, b);
  wire.bend = (frame) => equalBytes(frame.to, c.address) ? [] : [frame];
  a.send(c, "must not be sent later");
  await wire.settle();
  a.sessions.interrupt();
  wire.bend = (frame) => [frame];
  await wire.pass(20_000);
  assert.deepEqual([c.received, a.unreachable], [[], []]);
  a.send(b, "on a new session");
  a.send(c, "fresh");
  // What was on its way on the old session is still taken, and a replay of it noticed.
  b.send(a, "late");
  wire.sent(TYPE.record).forEach(wire.inject);
  await wire.settle();
  assert.deepEqual([a.received, b.received, c.received], [
    ["welcome", "late"],
    ["hello", "on a new session"],
    ["fresh"],
  ]);
  assert.ok(a.count("replayed_record") > 0);
});

Deno.test("drop() during a handshake leaves nothing that answers, and the next message starts anew", async () => {
  const { wire, a, b } = await pair();
  a.send(b, "lost");
  await Promise.resolve();
  a.sessions.drop(b.address);
  await wire.settle();
  assert.deepEqual(b.received, []);
  a.send(b, "fresh");
  await wire.settle();
  assert.deepEqual(b.received, ["fresh"]);
});

Deno.test("drop() while a reply is on its way makes it a reply that nobody asked for", async () => {
  const { wire, a, b } = await pair();
  wire.bend = (frame) => {
    if (frame.payload[0] === TYPE.reply) a.sessions.drop(b.address);
    return [frame];
  };
  a.send(b, "lost");
  await wire.settle();
  assert.equal(a.count("bad_handshake"), 1);
  assert.deepEqual(b.received, []);
});

Deno.test("receive() delivers nothing of a peer that was dropped while its record was being decrypted", async () => {
  const { wire, a, b } = await pair();
  await connect(wire, a, b);
  wire.bend = (frame) => {
    const { payload } = frame;
    b.sessions.receive(a.address, payload.slice());
    b.sessions.drop(a.address);
    return [];
  };
  b.received.length = 0;
  a.sessions.send(b.address, utf8("z".repeat(50_000)));
  await wire.settle();
  assert.equal(b.received.length, 0);
});
