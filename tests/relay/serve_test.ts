import assert from "node:assert/strict";
import { addressOf, roomIdOf } from "../../src/protocol/address.ts";
import { concatBytes } from "../../src/protocol/bytes.ts";
import { CloseCode, decodeRelayMessage, encodePeerMessage } from "../../src/protocol/control.ts";
import { MAX_MESSAGE_BYTES, MAX_PAYLOAD_BYTES, MAX_PEER_TEXT_BYTES } from "../../src/protocol/limits.ts";
import {
  createJoin,
  createRawKeys,
  openRaw,
  type RawPeer,
  rawPeer,
  type RawSocket,
  startTestRelay,
} from "../helpers/relay.ts";

const HELLO = new TextEncoder().encode("hello");

/** What a refused or ended connection was told and closed with. */
async function ending(raw: RawSocket) {
  const { code } = await raw.closed();
  let last = await raw.texts.next();
  while (raw.texts.size > 0) last = await raw.texts.next();
  const message = decodeRelayMessage(last);
  return { closeCode: code, code: message.type === "error" ? message.code : message.type, message };
}

async function assertTalks(a: RawPeer, b: RawPeer): Promise<void> {
  a.send(b.address, HELLO);
  assert.deepEqual(await b.frames.next(), { address: a.address, payload: HELLO });
}

Deno.test("startRelay() joins two peers and moves frames between them, in both directions", async () => {
  await using relay = await startTestRelay();
  await using a = await rawPeer(relay.url);
  await using b = await rawPeer(relay.url, { room: a.room });
  assert.deepEqual(a.welcome.address, a.address);
  assert.equal(b.welcome.members, 2);
  assert.match(a.welcome.observed, /^127\.0\.0\.1:\d+$/);
  assert.deepEqual(a.welcome.limits, {
    framesPerSec: 200_000,
    bytesPerSec: 512 * 1024 * 1024,
    idleTimeoutSecs: 90,
  });
  await assertTalks(a, b);
  await assertTalks(b, a);
  const large = new Uint8Array(MAX_PAYLOAD_BYTES).fill(7);
  a.send(b.address, large, HELLO);
  assert.deepEqual(await b.frames.next(), { address: a.address, payload: large });
  assert.deepEqual(await b.frames.next(), { address: a.address, payload: HELLO });
  a.socket.send("ping");
  assert.equal(await a.texts.next(), "pong");
});

Deno.test("startRelay() keeps rooms apart: nobody writes or looks into another", async () => {
  await using relay = await startTestRelay();
  await using a = await rawPeer(relay.url, { watch: true });
  await using b = await rawPeer(relay.url, { watch: true });
  assert.deepEqual((await a.expect("roster")).peers.map(({ address }) => address), [a.address]);
  assert.deepEqual((await b.expect("roster")).peers.map(({ address }) => address), [b.address]);
  a.send(b.address, HELLO, HELLO);
  assert.deepEqual(await a.expect("undeliverable"), { type: "undeliverable", to: b.address, count: 2 });
  a.say({ type: "follow", address: b.address });
  assert.deepEqual(await a.expect("left"), { type: "left", address: b.address });
  assert.equal(b.frames.size, 0);
});

Deno.test("startRelay() refuses a wrong proof and a stolen address, and says why", async () => {
  await using relay = await startTestRelay();
  await using victim = await rawPeer(relay.url);
  const thief = { publicKey: victim.session.publicKey, privateKey: (await createRawKeys()).privateKey };
  await using raw = await openRaw(relay.url);
  raw.say(await createJoin(raw.host, await raw.expect("challenge"), { room: victim.room, session: thief }));
  const { closeCode, code } = await ending(raw);
  assert.deepEqual([closeCode, code], [CloseCode.joinRefused, "join_refused"]);
  await assertTalks(victim, victim);
  assert.equal(relay.metrics().connections, 1);
});

Deno.test("startRelay() refuses a join that was captured on another connection", async () => {
  await using relay = await startTestRelay();
  await using first = await openRaw(relay.url);
  const join = await createJoin(first.host, await first.expect("challenge"));
  first.say(join);
  await first.expect("welcome");
  await using second = await openRaw(relay.url);
  second.say(join);
  assert.equal((await ending(second)).closeCode, CloseCode.joinRefused);
});

Deno.test("startRelay() names both hosts when they differ, and takes the public host", async () => {
  await using relay = await startTestRelay({ publicHost: "relay.example" });
  await using wrong = await openRaw(relay.url);
  wrong.say(await createJoin("other.example", await wrong.expect("challenge")));
  const { message } = await ending(wrong);
  assert.ok(message.type === "error");
  for (const part of ['"other.example"', `"${wrong.host}"`, '"relay.example"', "--public-host"]) {
    assert.ok(message.message.includes(part), part);
  }
  await using right = await openRaw(relay.url);
  right.say(await createJoin("relay.example", await right.expect("challenge")));
  await right.expect("welcome");
});

Deno.test("startRelay() serves allowed rooms only", async () => {
  const room = await createRawKeys();
  await using relay = await startTestRelay({ allowedRooms: new Set([await roomIdOf(room.publicKey)]) });
  await using _member = await rawPeer(relay.url, { room });
  await using raw = await openRaw(relay.url);
  raw.say(await createJoin(raw.host, await raw.expect("challenge")));
  const { closeCode, code } = await ending(raw);
  assert.deepEqual([closeCode, code], [CloseCode.roomNotAllowed, "room_not_allowed"]);
});

Deno.test("startRelay() refuses more members than a room may have", async () => {
  await using relay = await startTestRelay({ maxRoomSize: 1 });
  await using member = await rawPeer(relay.url);
  await using raw = await openRaw(relay.url);
  raw.say(await createJoin(raw.host, await raw.expect("challenge"), { room: member.room }));
  const { closeCode, code } = await ending(raw);
  assert.deepEqual([closeCode, code], [CloseCode.roomNotAllowed, "room_full"]);
  await assertTalks(member, member);
  assert.equal(relay.metrics().rooms, 1);
});

Deno.test("startRelay() replaces a connection of the same keys, and watchers see no left", async () => {
  await using relay = await startTestRelay();
  await using watcher = await rawPeer(relay.url, { watch: true });
  await watcher.expect("roster");
  await using old = await rawPeer(relay.url, { room: watcher.room });
  await watcher.expect("joined");
  await using fresh = await rawPeer(relay.url, { ...old, card: new Uint8Array([5]) });
  const { closeCode, code } = await ending(old);
  assert.deepEqual([closeCode, code], [CloseCode.replaced, "replaced"]);
  assert.deepEqual((await watcher.expect("joined")).card, new Uint8Array([5]));
  await assertTalks(watcher, fresh);
  assert.equal(watcher.texts.size, 0);
});

Deno.test("startRelay() tells watchers and followers of a connection that broke", async () => {
  await using relay = await startTestRelay();
  await using watcher = await rawPeer(relay.url, { watch: true });
  await watcher.expect("roster");
  await using follower = await rawPeer(relay.url, { room: watcher.room });
  await watcher.expect("joined");
  const gone = await rawPeer(relay.url, { room: watcher.room });
  assert.deepEqual((await watcher.expect("joined")).address, gone.address);
  follower.say({ type: "follow", address: gone.address });
  follower.socket.send("ping");
  assert.equal(await follower.texts.next(), "pong");
  gone.say({ type: "card", card: new Uint8Array([9]) });
  assert.deepEqual((await watcher.expect("joined")).card, new Uint8Array([9]));
  await gone[Symbol.asyncDispose]();
  assert.deepEqual(await watcher.expect("left"), { type: "left", address: gone.address });
  assert.deepEqual(await follower.expect("left"), { type: "left", address: gone.address });
  watcher.say({ type: "list" });
  assert.equal((await watcher.expect("roster")).peers.length, 2);
});

const beforeJoin: readonly [
  name: string,
  data: string | Uint8Array<ArrayBuffer>,
  close: number,
  code: string,
][] = [
  ["text that is not JSON", "garbage", CloseCode.badMessage, "bad_message"],
  ["a message other than join", '{"type":"list"}', CloseCode.badMessage, "bad_message"],
  ["frames", new Uint8Array(20), CloseCode.badMessage, "bad_message"],
  ["a text over the limit", "x".repeat(MAX_PEER_TEXT_BYTES + 1), CloseCode.tooLarge, "too_large"],
];
for (const [name, data, close, code] of beforeJoin) {
  Deno.test(`startRelay() ends a connection that sends ${name} before it joined`, async () => {
    await using relay = await startTestRelay();
    await using raw = await openRaw(relay.url);
    raw.socket.send(data);
    const end = await ending(raw);
    assert.deepEqual([end.closeCode, end.code], [close, code]);
  });
}

const afterJoin: readonly [
  name: string,
  data: string | Uint8Array<ArrayBuffer>,
  close: number,
  code: string,
][] = [
  ["garbage", "garbage", CloseCode.badMessage, "bad_message"],
  ["an unknown type", '{"type":"rooms"}', CloseCode.badMessage, "bad_message"],
  ["half a frame", new Uint8Array(19), CloseCode.badMessage, "bad_message"],
  ["a frame longer than the limit", new Uint8Array(30).fill(0xff), CloseCode.badMessage, "bad_message"],
  ["an empty message", new Uint8Array(0), CloseCode.badMessage, "bad_message"],
  ["a message over the limit", new Uint8Array(MAX_MESSAGE_BYTES + 1), CloseCode.tooLarge, "too_large"],
  [
    "a text over the limit in bytes",
    "ä".repeat(MAX_PEER_TEXT_BYTES / 2 + 1),
    CloseCode.tooLarge,
    "too_large",
  ],
];
for (const [name, data, close, code] of afterJoin) {
  Deno.test(`startRelay() ends a member that sends ${name}, and no other`, async () => {
    await using relay = await startTestRelay();
    await using good = await rawPeer(relay.url);
    await using bad = await rawPeer(relay.url, { room: good.room });
    bad.socket.send(data);
    const end = await ending(bad);
    assert.deepEqual([end.closeCode, end.code], [close, code]);
    await assertTalks(good, good);
  });
}

Deno.test("startRelay() ends a second join, and a second message before the welcome", async () => {
  await using relay = await startTestRelay();
  await using raw = await openRaw(relay.url);
  const join = await createJoin(raw.host, await raw.expect("challenge"));
  raw.say(join);
  raw.say(join);
  assert.equal((await ending(raw)).closeCode, CloseCode.badMessage);
});

Deno.test("startRelay() ends a member that exceeds its rate of frames, bytes or control messages", async () => {
  await using relay = await startTestRelay({ maxFramesPerSec: 10, maxBytesPerSec: 5000 });
  await using frames = await rawPeer(relay.url);
  frames.send(frames.address, ...Array.from({ length: 11 }, () => HELLO));
  await using bytes = await rawPeer(relay.url);
  bytes.send(bytes.address, new Uint8Array(5000));
  await using control = await rawPeer(relay.url);
  for (let i = 0; i < 50; i++) control.socket.send("ping");
  for (const peer of [frames, bytes, control]) {
    const { closeCode, code } = await ending(peer);
    assert.deepEqual([closeCode, code], [CloseCode.tooMuch, "rate_limited"]);
    assert.equal(peer.frames.size, 0);
  }
});

Deno.test("startRelay() ends a peer that does not read, and the sender goes on", async () => {
  await using relay = await startTestRelay({}, { maxOutboundBytes: 4 * 1024 * 1024, closeGraceMs: 50 });
  await using sender = await rawPeer(relay.url, { watch: true });
  await sender.expect("roster");
  await using slow = await upgradeByHand(relay.port);
  const address = await slow.join(sender);
  await sender.expect("joined");
  const payload = new Uint8Array(256 * 1024);
  const left = sender.expect("left");
  let isGone = false;
  left.then(() => isGone = true, () => isGone = true);
  for (let sent = 0; !isGone && sent < 4000; sent++) {
    sender.send(address, payload);
    // The relay's answer paces the sender.
    await new Promise<void>((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual((await left).address, address);
  assert.equal(relay.metrics().refused.too_slow, 1);
});

Deno.test("startRelay() ends connections that do not join in time", async () => {
  await using relay = await startTestRelay({}, { joinTimeoutMs: 50 });
  await using raw = await openRaw(relay.url);
  const { closeCode, code } = await ending(raw);
  assert.deepEqual([closeCode, code], [CloseCode.joinTimeout, "join_timeout"]);
});

Deno.test("startRelay() lets members talk and new ones join under a flood that never joins", async () => {
  const lines: string[] = [];
  const log = { debug: () => {}, warn: (line: string) => lines.push(line) };
  await using relay = await startTestRelay({}, { maxPending: 16, log });
  await using a = await rawPeer(relay.url);
  await using b = await rawPeer(relay.url, { room: a.room });
  const flood: RawSocket[] = [];
  for (let round = 0; round < 10; round++) {
    flood.push(...await Promise.all(Array.from({ length: 30 }, () => openRaw(relay.url))));
    await assertTalks(a, b);
    assert.ok(relay.metrics().pending <= 16);
  }
  await using late = await rawPeer(relay.url, { room: a.room });
  await assertTalks(a, late);
  await using first = flood[0];
  assert.ok(first);
  assert.deepEqual((await ending(first)).closeCode, CloseCode.joinTimeout);
  assert.ok(lines.length < 50, `${lines.length} lines`);
  await Promise.all(flood.slice(1).map((raw) => raw[Symbol.asyncDispose]()));
});

Deno.test("startRelay() frees a connection that does not answer its close", async () => {
  await using relay = await startTestRelay({}, { joinTimeoutMs: 50, closeGraceMs: 50 });
  await using mute = await upgradeByHand(relay.port);
  // Reads all that comes and answers nothing, so only the relay can end it.
  assert.equal(await mute.readToEnd(), true);
  assert.deepEqual([relay.metrics().pending, relay.metrics().closing], [0, 0]);
});

Deno.test("startRelay() answers 503 when its members are as many as it takes", async () => {
  await using relay = await startTestRelay({ maxConnections: 1 });
  const member = await rawPeer(relay.url);
  const upgrade = () =>
    requestByHand(relay.port, "/v1/connect", "Upgrade: websocket\r\nConnection: Upgrade\r\n");
  assert.match(await upgrade(), /^HTTP\/1\.1 503 /);
  await member[Symbol.asyncDispose]();
  await using _next = await rawPeer(relay.url);
});

Deno.test("startRelay() answers /health with counts only", async () => {
  await using relay = await startTestRelay();
  await using member = await rawPeer(relay.url);
  const response = await fetch(`${relay.url.replace("ws", "http")}/health`);
  const text = await response.text();
  const { uptimeSecs, version, ...rest } = JSON.parse(text);
  assert.deepEqual(rest, { status: "ok", protocol: 1, connections: 1, pending: 0, rooms: 1 });
  assert.deepEqual([typeof uptimeSecs, typeof version], ["number", "string"]);
  assert.ok(!text.includes(await roomIdOf(member.room.publicKey)));
});

const requests: readonly [path: string, headers: string, status: number][] = [
  ["/", "", 404],
  ["/v1/rooms", "", 404],
  ["/v1/connect", "", 426],
  ["/v1/connect", "Upgrade: websocket\r\nConnection: Upgrade\r\n", 400],
];
for (const [path, headers, status] of requests) {
  Deno.test(`startRelay() answers ${path} with ${JSON.stringify(headers)} by ${status}`, async () => {
    await using relay = await startTestRelay();
    assert.match(await requestByHand(relay.port, path, headers), new RegExp(`^HTTP/1\\.1 ${status} `));
  });
}

Deno.test("startRelay() tells everybody with 1012 when it is disposed of", async () => {
  const relay = await startTestRelay();
  await using member = await rawPeer(relay.url);
  await using pending = await openRaw(relay.url);
  await relay[Symbol.asyncDispose]();
  for (const raw of [member, pending]) {
    const { closeCode, code } = await ending(raw);
    assert.deepEqual([closeCode, code], [CloseCode.restarting, "restarting"]);
  }
});

/** Sends one HTTP request and returns what is answered. */
async function requestByHand(port: number, path: string, headers: string): Promise<string> {
  using tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const request = `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n${headers}\r\n`;
  await tcp.write(new TextEncoder().encode(request));
  const buffer = new Uint8Array(4096);
  const length = await tcp.read(buffer);
  return new TextDecoder().decode(buffer.subarray(0, length ?? 0));
}

/** A peer that speaks WebSocket by hand and so can leave out what every library does. */
async function upgradeByHand(port: number) {
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port });
  const host = `127.0.0.1:${port}`;
  const key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
  const head =
    `GET /v1/connect HTTP/1.1\r\nHost: ${host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n${key}\r\n`;
  await tcp.write(new TextEncoder().encode(head));
  const buffer = new Uint8Array(65536);
  return {
    /** Joins the room of `peer`, then reads no more. Returns its address. */
    join: async (peer: RawPeer) => {
      let seen = "";
      while (!seen.includes("}")) {
        seen += new TextDecoder("latin1").decode(buffer.subarray(0, await tcp.read(buffer) ?? 0));
      }
      const challenge = decodeRelayMessage(seen.slice(seen.indexOf("{"), seen.indexOf("}") + 1));
      assert.ok(challenge.type === "challenge");
      const session = await createRawKeys();
      const join = await createJoin(host, challenge, { room: peer.room, session });
      await tcp.write(maskedText(encodePeerMessage(join)));
      return await addressOf(session.publicKey);
    },
    /** Reads until the other side ends the connection; false if it takes over 10 s. */
    readToEnd: async () => {
      let isLate = false;
      const deadline = setTimeout(() => {
        isLate = true;
        tcp.close();
      }, 10_000);
      try {
        while (await tcp.read(buffer) !== null);
      } catch {
        // Reset by the relay, which is an end too, or closed by the deadline.
      } finally {
        clearTimeout(deadline);
      }
      return !isLate;
    },
    [Symbol.asyncDispose]: () => {
      tcp.close();
      return Promise.resolve();
    },
  };
}

/** A text frame as a client sends it (RFC 6455, section 5.2), with a mask of zeros. */
function maskedText(text: string): Uint8Array {
  const payload = new TextEncoder().encode(text);
  const header = new Uint8Array([0x81, 0x80 | 126, payload.length >> 8, payload.length & 0xff, 0, 0, 0, 0]);
  return concatBytes(header, payload);
}
