/**
 * What `src/protocol` and `src/crypto` must do in any runtime. Bundled for a page, and run by Deno beside it: both
 * must come to the expected results, and to the same ones.
 */
import { AuthenticationError, X25519_BASE_POINT } from "../../src/crypto/cipher_suite.ts";
import { createSessionIdentity, hostIdentity } from "../../src/crypto/identity.ts";
import { createHandshake } from "../../src/crypto/noise.ts";
import { createToken, deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { CardError, createCardSealer } from "../../src/crypto/seal.ts";
import { createRecordLayer, type RecordLayer, ReplayError } from "../../src/crypto/session.ts";
import { webSuite } from "../../src/crypto/web_suite.ts";
import { decodeBase32, encodeBase32 } from "../../src/protocol/base32.ts";
import { type Bytes, encodeTuple, fromUtf8, utf8 } from "../../src/protocol/bytes.ts";
import type { Card } from "../../src/protocol/card.ts";
import {
  ControlError,
  decodePeerMessage,
  decodeRelayMessage,
  encodePeerMessage,
  encodeRelayMessage,
} from "../../src/protocol/control.ts";
import { decodeFrames, encodeFrames, FrameError } from "../../src/protocol/frame.ts";
import { decodeMessage, encodeMessage, MessageError } from "../../src/protocol/message.ts";
import { decodePacket, encodeInitiation, encodeReply, PacketError } from "../../src/protocol/packet.ts";
import cards from "../vectors/card.json" with { type: "json" };
import identities from "../vectors/identity.json" with { type: "json" };
import noise from "../vectors/noise.json" with { type: "json" };
import records from "../vectors/record.json" with { type: "json" };
import rooms from "../vectors/room_secret.json" with { type: "json" };
import tokens from "../vectors/token.json" with { type: "json" };
import {
  type CardOutcome,
  expectedCard,
  expectedNoise,
  type NoiseVector,
  replayCard,
  replayIdentity,
  replayNoise,
  replayRecord,
  replayRoom,
  replayToken,
} from "../vectors/replay.ts";

/** One result; both texts are JSON, and differ if the check failed. */
export interface CheckResult {
  readonly name: string;
  readonly expected: string;
  readonly actual: string;
}

interface Check {
  readonly name: string;
  readonly expected: () => unknown;
  readonly actual: () => unknown;
}

/**
 * Runs all checks on Web Crypto.
 *
 * @param published - the published Noise vectors, where they are at hand
 */
export async function runChecks(published: readonly NoiseVector[]): Promise<CheckResult[]> {
  const results: CheckResult[] = [];
  for (const { name, expected, actual } of [...vectorChecks(published), ...codecChecks(), ...liveChecks()]) {
    results.push({ name, expected: await settle(expected), actual: await settle(actual) });
  }
  return results;
}

function vectorChecks(published: readonly NoiseVector[]): Check[] {
  const handshakes = [
    ...published.map((vector, i) => [`published Noise vector ${i}`, vector] as const),
    ...noise.vectors.map((vector) => [`Noise vector "${vector.name}"`, vector] as const),
  ];
  const same = <V>(name: string, vectors: readonly V[], replay: (vector: V) => unknown): Check[] =>
    vectors.map((vector, i) => ({
      name: `${name} vector ${i}`,
      expected: () => vector,
      actual: () => replay(vector),
    }));
  return [
    ...handshakes.map(([name, vector]) => ({
      name,
      expected: () => expectedNoise(vector, webSuite),
      actual: () => replayNoise(vector, webSuite),
    })),
    ...same("room secret", rooms.vectors, (vector) => replayRoom(vector, webSuite)),
    ...same("token", tokens.vectors, (vector) => replayToken(vector, webSuite)),
    ...same("identity", identities.vectors, (vector) => replayIdentity(vector, webSuite)),
    ...same("record", records.vectors, (vector) => replayRecord(vector, webSuite)),
    ...cards.vectors.map((vector) => {
      // What a later version added is not kept, so such a card cannot be sealed again to the byte.
      const pick = ({ opened, sealed }: CardOutcome) => vector.name === "plain" ? { opened, sealed } : opened;
      return {
        name: `card vector "${vector.name}"`,
        expected: async () => pick(await expectedCard(vector, webSuite)),
        actual: async () => pick(await replayCard(vector, webSuite)),
      };
    }),
  ];
}

function codecChecks(): Check[] {
  const address = new Uint8Array(16).fill(7);
  const key = new Uint8Array(32).fill(0xfb);
  const frames = [{ address, payload: utf8("one") }, {
    address: address.with(0, 1),
    payload: new Uint8Array(0),
  }];
  const header = { t: "request", id: 2 ** 40, op: "exec", params: { command: "echo é" } } as const;
  const join = {
    type: "join",
    protocol: 1,
    room: key,
    session: key,
    roomProof: new Uint8Array(64),
    sessionProof: new Uint8Array(64),
    host: "relay",
    card: key,
    client: "test",
    watch: true,
  } as const;
  const joined = { type: "joined", address, card: key } as const;
  const initiation = { type: "initiation", senderIndex: 0xffffffff, noise: key } as const;
  const reply = { type: "reply", senderIndex: 1, receiverIndex: 2, noise: key } as const;
  const every = new Uint8Array(256).map((_, i) => i);
  return [
    check("frames round trip", frames, () => decodeFrames(encodeFrames(frames))),
    check("messages round trip", { header, body: every }, () => decodeMessage(encodeMessage(header, every))),
    check("peer messages round trip", join, () => decodePeerMessage(encodePeerMessage(join))),
    check("relay messages round trip", joined, () => decodeRelayMessage(encodeRelayMessage(joined))),
    check("initiations round trip", initiation, () => decodePacket(encodeInitiation(0xffffffff, key))),
    check("replies round trip", reply, () => decodePacket(encodeReply(1, 2, key))),
    check("base32 round trip", every, () => decodeBase32(encodeBase32(every))),
    check("UTF-8 keeps byte order marks", "\ufeffa\u0000é😀", () => fromUtf8(utf8("\ufeffa\u0000é😀"))),
    refusal("frames that are cut off", FrameError, () => decodeFrames(new Uint8Array(19))),
    refusal("messages that are not JSON", MessageError, () => decodeMessage(new Uint8Array(9))),
    refusal("packets of unknown type", PacketError, () => decodePacket(new Uint8Array(9))),
    refusal(
      "control messages with a field that is no base64url",
      ControlError,
      () => decodeRelayMessage('{"type":"left","address":"AAAAAAAAAAAAAAAAAAAAA="}'),
    ),
    refusal("text that is not UTF-8", TypeError, () => fromUtf8(Uint8Array.of(0xff))),
    refusal("base32 that is not canonical", SyntaxError, () => decodeBase32("mz")),
  ];
}

function liveChecks(): Check[] {
  const large = new Uint8Array(200_000).fill(5);
  return [
    check("a handshake gives two sides records that only they can read", "hello, world", async () => {
      const [a, b] = await connect();
      const [there, back] = [await pass(a, b, utf8("hello")), await pass(b, a, utf8(", world"))];
      return fromUtf8(there) + fromUtf8(back);
    }),
    check("large records arrive out of order", [2, 0, 1].map((i) => large.with(0, i).length), async () => {
      const [a, b] = await connect();
      const sealed = await Promise.all([0, 1, 2].map((i) => a.seal(large.with(0, i))));
      const opened: number[] = [];
      for (const i of [2, 0, 1]) {
        const plaintext = await openRecord(b, sealed[i] ?? new Uint8Array(0));
        if (plaintext[0] === i) opened.push(plaintext.length);
      }
      return opened;
    }),
    refusal("the second of two copies that are opened at the same time", ReplayError, async () => {
      const [a, b] = await connect();
      const record = await a.seal(large);
      await Promise.all([openRecord(b, record), openRecord(b, record)]);
    }),
    refusal("a record with one bit changed", AuthenticationError, async () => {
      const [a, b] = await connect();
      const record = await a.seal(utf8("text"));
      await openRecord(b, record.with(20, (record[20] ?? 0) ^ 1));
    }),
    refusal("a record that is cut off", AuthenticationError, async () => {
      const [a, b] = await connect();
      await openRecord(b, (await a.seal(utf8("text"))).slice(0, 20));
    }),
    refusal("another prologue", AuthenticationError, () => connect({ respPrologue: utf8("other") })),
    refusal("another pre-shared key", AuthenticationError, () => connect({ respPsk: new Uint8Array(32) })),
    refusal(
      "a public key of small order",
      AuthenticationError,
      () => webSuite.x25519(webSuite.randomBytes(32), new Uint8Array(32)),
    ),
    refusal(
      "a key that is too short",
      RangeError,
      () => webSuite.x25519(new Uint8Array(31), X25519_BASE_POINT),
    ),
    check(
      "signatures with one bit changed, and malformed ones, are not valid",
      [true, false, false, false],
      async () => {
        const pair = await webSuite.ed25519KeyPair(webSuite.randomBytes(32));
        const signature = await webSuite.ed25519Sign(pair, utf8("text"));
        const verify = (key: Bytes, bytes: Bytes) => webSuite.ed25519Verify(key, bytes, utf8("text"));
        return [
          await verify(pair.publicKey, signature),
          await verify(pair.publicKey, signature.with(3, (signature[3] ?? 0) ^ 1)),
          await verify(pair.publicKey, signature.slice(1)),
          await verify(pair.publicKey.slice(1), signature),
        ];
      },
    ),
    check("a new token is read by who is given it", true, async () => {
      const token = await createToken();
      const [ours, theirs] = [
        await deriveRoomSecret({ token, room: "home" }),
        await deriveRoomSecret({ token, room: "home" }),
      ];
      return JSON.stringify(ours, toJson) === JSON.stringify(theirs, toJson);
    }),
    refusal("a token with a typing error", SyntaxError, async () => {
      const token = await createToken();
      await deriveRoomSecret({ token: token.slice(0, -1), room: "home" });
    }),
    check("a sealed card opens with the keys of its maker", "build", async () => {
      const { sealer, session } = await createMember();
      return (await sealer.open(session.address, await sealer.seal(CARD))).card.name;
    }),
    refusal("a sealed card of another address", CardError, async () => {
      const { sealer } = await createMember();
      await sealer.open(new Uint8Array(16), await sealer.seal(CARD));
    }),
    refusal("a sealed card with one bit changed", CardError, async () => {
      const { sealer, session } = await createMember();
      const sealed = await sealer.seal(CARD);
      await sealer.open(session.address, sealed.with(100, (sealed[100] ?? 0) ^ 1));
    }),
  ];
}

const CARD: Omit<Card, "hostKey" | "sessionKey" | "dhKey"> = {
  v: 1,
  seq: 0,
  name: "build",
  tags: ["ci"],
  platform: { os: "linux", family: "linux", arch: "x86_64", kernel: "6.1", shell: "/bin/sh" },
  mode: "edit",
  accepts: true,
  role: "service",
  version: "0.1.0",
  capabilities: [],
  startedAt: 0,
  connectedAt: 0,
};

async function createMember() {
  const session = await createSessionIdentity(webSuite);
  const sealer = await createCardSealer(webSuite, {
    cardKey: webSuite.randomBytes(32),
    roomPublicKey: webSuite.randomBytes(32),
    host: await hostIdentity(webSuite, webSuite.randomBytes(32)),
    session,
  });
  return { sealer, session };
}

/** Shakes hands between two new processes and gives their record layers. */
async function connect(
  { respPrologue, respPsk }: { readonly respPrologue?: Bytes; readonly respPsk?: Bytes } = {},
): Promise<[RecordLayer, RecordLayer]> {
  const [ours, theirs] = [await createSessionIdentity(webSuite), await createSessionIdentity(webSuite)];
  const psk = webSuite.randomBytes(32);
  const prologue = encodeTuple(utf8("remote-agents/1"), ours.address, theirs.address);
  const initiator = await createHandshake({
    role: "initiator",
    staticKey: ours.dhKey,
    remoteStaticKey: theirs.dhPublicKey,
    psk,
    prologue,
  });
  const responder = await createHandshake({
    role: "responder",
    staticKey: theirs.dhKey,
    psk: respPsk ?? psk,
    prologue: respPrologue ?? prologue,
  });
  await responder.readMessage(await initiator.writeMessage(utf8("card")));
  await initiator.readMessage(await responder.writeMessage());
  return [
    await createRecordLayer({ suite: webSuite, keys: await initiator.split(), remoteIndex: 1 }),
    await createRecordLayer({ suite: webSuite, keys: await responder.split(), remoteIndex: 2 }),
  ];
}

async function pass(from: RecordLayer, to: RecordLayer, plaintext: Bytes): Promise<Bytes> {
  return await openRecord(to, await from.seal(plaintext));
}

async function openRecord(layer: RecordLayer, record: Bytes): Promise<Bytes> {
  const packet = decodePacket(record);
  if (packet.type !== "record") throw new TypeError(`Cannot open record: it was read as "${packet.type}"`);
  return await layer.open(packet);
}

function check(name: string, expected: unknown, actual: () => unknown): Check {
  return { name, expected: () => expected, actual };
}

/** A check that an action fails with exactly that class. */
function refusal(
  what: string,
  expected: abstract new (...words: never[]) => Error,
  action: () => unknown,
): Check {
  return {
    name: `it refuses ${what}`,
    expected: () => true,
    actual: async () => {
      try {
        await action();
        return "it was taken";
      } catch (error) {
        return error instanceof expected ? true : String(error);
      }
    },
  };
}

async function settle(value: () => unknown): Promise<string> {
  try {
    return JSON.stringify(await value(), toJson) ?? "nothing";
  } catch (error) {
    return `threw ${error}`;
  }
}

function toJson(_: string, value: unknown): unknown {
  return value instanceof Uint8Array ? `hex ${value.toHex()}` : value;
}
