import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import {
  CloseCode,
  ControlError,
  decodePeerMessage,
  decodeRelayMessage,
  encodePeerMessage,
  encodeRelayMessage,
  joinProofInput,
  type PeerMessage,
  PING_TEXT,
  PONG_TEXT,
  RelayErrorCode,
  type RelayMessage,
} from "../../../src/protocol/control.ts";
import { MAX_CARD_BYTES } from "../../../src/protocol/limits.ts";
import { anyText } from "../../helpers/any_text.ts";
import { tuple } from "../../vectors/oracle.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

const plain = { noNullPrototype: true } as const;
const exactly = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });
const address = exactly(16);
const key = exactly(32);
const card = fc.uint8Array({ minLength: 1, maxLength: 400 });
const rate = fc.double({ min: 0, minExcluded: true, noNaN: true, max: 1e15 });

const relayMessage: fc.Arbitrary<RelayMessage> = fc.oneof(
  fc.record({ type: fc.constant("challenge" as const), protocol: fc.nat(), nonce: key }, plain),
  fc.record({
    type: fc.constant("welcome" as const),
    address,
    members: fc.integer({ min: 1 }),
    observed: fc.string({ maxLength: 128 }),
    limits: fc.record({ framesPerSec: rate, bytesPerSec: rate, idleTimeoutSecs: rate }, plain),
  }, plain),
  fc.record({
    type: fc.constant("error" as const),
    code: fc.constantFrom(...RelayErrorCode.options),
    message: fc.string({ maxLength: 2048 }),
  }, plain),
  fc.record({
    type: fc.constant("roster" as const),
    peers: fc.array(fc.record({ address, card }, plain), { maxLength: 5 }),
    more: fc.boolean(),
  }, plain),
  fc.record({ type: fc.constant("joined" as const), address, card }, plain),
  fc.record({ type: fc.constant("left" as const), address }, plain),
  fc.record(
    { type: fc.constant("undeliverable" as const), to: address, count: fc.integer({ min: 1 }) },
    plain,
  ),
);

const peerMessage: fc.Arbitrary<PeerMessage> = fc.oneof(
  fc.record({
    type: fc.constant("join" as const),
    protocol: fc.nat(),
    room: key,
    session: key,
    roomProof: exactly(64),
    sessionProof: exactly(64),
    host: fc.string({ maxLength: 255 }),
    card,
    client: fc.string({ maxLength: 64 }),
    watch: fc.boolean(),
  }, plain),
  fc.record({ type: fc.constant("card" as const), card }, plain),
  fc.record({ type: fc.constant("watch" as const), on: fc.boolean() }, plain),
  fc.record({ type: fc.constant("list" as const), after: address }, { ...plain, requiredKeys: ["type"] }),
  fc.record(
    { type: fc.constant("follow" as const), address, card: fc.boolean() },
    { ...plain, requiredKeys: ["type", "address"] },
  ),
);

/** Decodes as either side and lets only a ControlError pass. */
function tryDecode(text: string): (RelayMessage | PeerMessage)[] {
  return [decodeRelayMessage, decodePeerMessage].flatMap((decode) => {
    try {
      return [decode(text)];
    } catch (error) {
      if (error instanceof ControlError) return [];
      throw error;
    }
  });
}

Deno.test("decodeRelayMessage() of encodeRelayMessage() gives the message back", () => {
  fc.assert(fc.property(relayMessage, (message) => {
    assert.deepEqual(decodeRelayMessage(encodeRelayMessage(message)), message);
  }));
});

Deno.test("decodePeerMessage() of encodePeerMessage() gives the message back", () => {
  fc.assert(fc.property(peerMessage, (message) => {
    assert.deepEqual(decodePeerMessage(encodePeerMessage(message)), message);
  }));
});

Deno.test("neither side reads the messages of its own kind", () => {
  fc.assert(fc.property(relayMessage, peerMessage, (fromRelay, fromPeer) => {
    assert.throws(() => decodePeerMessage(encodeRelayMessage(fromRelay)), ControlError);
    assert.throws(() => decodeRelayMessage(encodePeerMessage(fromPeer)), ControlError);
  }));
});

Deno.test("decodeRelayMessage() and decodePeerMessage() throw nothing but ControlError", () => {
  fc.assert(fc.property(anyText(), (text) => void tryDecode(text)));
  fc.assert(fc.property(fc.json(), (text) => void tryDecode(text)), { numRuns: 300 });
  const types = fc.constantFrom(
    "challenge",
    "welcome",
    "error",
    "roster",
    "joined",
    "left",
    "join",
    "card",
    "list",
  );
  fc.assert(
    fc.property(
      types,
      fc.dictionary(fc.constantFrom("address", "card", "peers"), fc.jsonValue()),
      (type, rest) => {
        tryDecode(JSON.stringify({ ...rest, type }));
      },
    ),
  );
});

Deno.test("decodeRelayMessage() bears any changed or missing character", () => {
  const text = encodeRelayMessage({ type: "joined", address: new Uint8Array(16), card: Uint8Array.of(1, 2) });
  for (const { bytes } of eachFlip(utf8(text))) tryDecode(new TextDecoder().decode(bytes));
  for (const cut of eachCut(utf8(text))) {
    assert.throws(() => decodeRelayMessage(new TextDecoder().decode(cut)), ControlError);
  }
});

const base64url = (length: number) =>
  new Uint8Array(length).fill(0xff).toBase64({ alphabet: "base64url", omitPadding: true });
const member = { address: base64url(16), card: base64url(1) };
const join = {
  type: "join",
  protocol: 1,
  room: base64url(32),
  session: base64url(32),
  roomProof: base64url(64),
  sessionProof: base64url(64),
  host: "relay",
  card: base64url(1),
  client: "test",
  watch: false,
};
const limits = { framesPerSec: 1, bytesPerSec: 1, idleTimeoutSecs: 1 };
const welcome = { type: "welcome", address: base64url(16), members: 1, observed: "", limits };

const cases: readonly [string, unknown, boolean][] = [
  ["a join", join, true],
  ["a room key of 31 bytes", { ...join, room: base64url(31) }, false],
  ["a room key of 33 bytes", { ...join, room: base64url(33) }, false],
  ["a session key of 0 bytes", { ...join, session: "" }, false],
  ["a proof of 63 bytes", { ...join, roomProof: base64url(63) }, false],
  ["a proof of 65 bytes", { ...join, sessionProof: base64url(65) }, false],
  ["an empty card", { ...join, card: "" }, false],
  ["a card of 8 KiB", { ...join, card: base64url(MAX_CARD_BYTES) }, true],
  ["a card of one more", { ...join, card: base64url(MAX_CARD_BYTES + 1) }, false],
  ["a host of 255 characters", { ...join, host: "x".repeat(255) }, true],
  ["a host of 256 characters", { ...join, host: "x".repeat(256) }, false],
  ["a client of 64 characters", { ...join, client: "x".repeat(64) }, true],
  ["a client of 65 characters", { ...join, client: "x".repeat(65) }, false],
  ["a join without watch", { ...join, watch: undefined }, false],
  ["a protocol that is not whole", { ...join, protocol: 1.5 }, false],
  ["padding", { type: "left", address: `${base64url(16)}==` }, false],
  ["the other base64 alphabet", { type: "left", address: base64url(16).replaceAll("_", "/") }, false],
  ["white space in base64url", { type: "left", address: ` ${base64url(16)}` }, false],
  ["base64url of an impossible length", { type: "left", address: base64url(16).slice(0, 21) }, false],
  ["an address of 15 bytes", { type: "left", address: base64url(15) }, false],
  ["an address of 17 bytes", { type: "left", address: base64url(17) }, false],
  ["an address as a list", { type: "left", address: [1] }, false],
  ["a nonce of 31 bytes", { type: "challenge", protocol: 1, nonce: base64url(31) }, false],
  ["a roster of 1024", { type: "roster", peers: Array(1024).fill(member), more: false }, true],
  ["a roster of 1025", { type: "roster", peers: Array(1025).fill(member), more: false }, false],
  ["a welcome", welcome, true],
  ["a room of nobody", { ...welcome, members: 0 }, false],
  ["an observed address of 129 characters", { ...welcome, observed: "x".repeat(129) }, false],
  ["a rate of 0", { ...welcome, limits: { ...limits, framesPerSec: 0 } }, false],
  ["an error of 2048 characters", { type: "error", code: "replaced", message: "x".repeat(2048) }, true],
  ["an error of 2049 characters", { type: "error", code: "replaced", message: "x".repeat(2049) }, false],
  ["an unknown error", { type: "error", code: "teapot", message: "" }, false],
  ["nothing undeliverable", { type: "undeliverable", to: base64url(16), count: 0 }, false],
  ["an unknown type", { type: "shout" }, false],
  ["no type", {}, false],
  ["a list", [], false],
  ["null", null, false],
  ["a field of a later version", { type: "watch", on: true, later: 1 }, true],
];
for (const [what, value, expected] of cases) {
  Deno.test(`the control messages ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(tryDecode(JSON.stringify(value)).length, expected ? 1 : 0);
  });
}

Deno.test("a ControlError names the field and repeats none of the content", () => {
  const secret = "c2VjcmV0".repeat(8);
  assert.throws(() => decodePeerMessage(JSON.stringify({ ...join, room: secret })), (error) => {
    assert.ok(error instanceof ControlError);
    assert.match(error.message, /^Cannot read control message: room: /);
    return !error.message.includes(secret);
  });
});

Deno.test("joinProofInput() is the tuple of the protocol, with the host in lower case", () => {
  const claim = (host: string, bytes: readonly [Bytes, Bytes, Bytes]) =>
    joinProofInput({ host, nonce: bytes[0], room: bytes[1], session: bytes[2] });
  fc.assert(fc.property(fc.string(), fc.tuple(key, key, key), (host, keys) => {
    const expected = tuple("remote-agents/1 join", host.toLowerCase(), ...keys);
    assert.ok(expected.equals(claim(host, keys)));
    assert.deepEqual(claim(host.toUpperCase().toLowerCase(), keys), claim(host.toUpperCase(), keys));
  }));
});

Deno.test("the close codes and liveness texts are those of the protocol", () => {
  assert.deepEqual(CloseCode, {
    restarting: 1012,
    badMessage: 4400,
    joinRefused: 4401,
    roomNotAllowed: 4403,
    joinTimeout: 4408,
    replaced: 4409,
    tooLarge: 4413,
    tooMuch: 4429,
  });
  assert.deepEqual([PING_TEXT, PONG_TEXT], ["ping", "pong"]);
});
