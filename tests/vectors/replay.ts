/**
 * Runs vectors through the code under test and returns what it computed, in the shape of the vector itself: whoever
 * calls it compares the two. Pure, because `tests/browser` runs it in a page as well.
 */
import { addressOf, agentIdOf, roomIdOf } from "../../src/protocol/address.ts";
import { type Bytes, utf8 } from "../../src/protocol/bytes.ts";
import { Card } from "../../src/protocol/card.ts";
import { decodePacket } from "../../src/protocol/packet.ts";
import type { CipherSuite } from "../../src/crypto/cipher_suite.ts";
import { hostIdentity } from "../../src/crypto/identity.ts";
import {
  createCipherState,
  createHandshake,
  type HandshakeOptions,
  publicKeyOf,
} from "../../src/crypto/noise.ts";
import { createToken, deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { createCardSealer } from "../../src/crypto/seal.ts";
import { createRecordLayer } from "../../src/crypto/session.ts";

/** A handshake, in the form of the published vectors. All byte strings of this file are hexadecimal. */
export interface NoiseVector {
  readonly init_prologue: string;
  readonly init_psks: readonly string[];
  readonly init_static: string;
  readonly init_ephemeral: string;
  readonly init_remote_static: string;
  readonly resp_prologue: string;
  readonly resp_psks: readonly string[];
  readonly resp_static: string;
  readonly resp_ephemeral: string;
  readonly handshake_hash: string;
  readonly messages: readonly { readonly payload: string; readonly ciphertext: string }[];
}

/** What a handshake vector expects. */
export interface NoiseOutcome {
  /** As both sides computed it. */
  readonly hashes: readonly string[];
  /** As the sender wrote them. */
  readonly ciphertexts: readonly string[];
  /** As the receiver read them. */
  readonly payloads: readonly string[];
  /** As the responder learnt it. */
  readonly initStaticPublic: string | undefined;
  readonly respStaticPublic: string;
}

/** Returns the outcome that a vector asks for. */
export async function expectedNoise(vector: NoiseVector, suite: CipherSuite): Promise<NoiseOutcome> {
  return {
    hashes: [vector.handshake_hash, vector.handshake_hash],
    ciphertexts: vector.messages.map((message) => message.ciphertext),
    payloads: vector.messages.map((message) => message.payload),
    initStaticPublic: (await publicKeyOf(hex(vector.init_static), suite)).toHex(),
    respStaticPublic: vector.init_remote_static,
  };
}

/** Runs both sides of a handshake and its transport messages. */
export async function replayNoise(vector: NoiseVector, suite: CipherSuite): Promise<NoiseOutcome> {
  const initiator = await createHandshake({
    role: "initiator",
    staticKey: hex(vector.init_static),
    remoteStaticKey: hex(vector.init_remote_static),
    psk: hex(vector.init_psks[0] ?? ""),
    prologue: hex(vector.init_prologue),
    ephemeralKey: hex(vector.init_ephemeral),
    suite,
  });
  const responder = await createHandshake(
    {
      role: "responder",
      staticKey: hex(vector.resp_static),
      psk: hex(vector.resp_psks[0] ?? ""),
      prologue: hex(vector.resp_prologue),
      ephemeralKey: hex(vector.resp_ephemeral),
      suite,
    } satisfies HandshakeOptions,
  );
  const ciphertexts: Bytes[] = [];
  const payloads: Bytes[] = [];
  const [first, second, ...transport] = vector.messages.map((message) => hex(message.payload));
  const message1 = await initiator.writeMessage(first);
  ciphertexts.push(message1);
  payloads.push(await responder.readMessage(message1));
  const message2 = await responder.writeMessage(second);
  ciphertexts.push(message2);
  payloads.push(await initiator.readMessage(message2));
  const initKeys = await initiator.split();
  const respKeys = await responder.split();
  const ways = [
    [await createCipherState(initKeys.sendKey, suite), await createCipherState(respKeys.receiveKey, suite)],
    [await createCipherState(respKeys.sendKey, suite), await createCipherState(initKeys.receiveKey, suite)],
  ] as const;
  for (const [i, payload] of transport.entries()) {
    const [sender, receiver] = i % 2 === 0 ? ways[0] : ways[1];
    const ciphertext = await sender.encrypt(payload);
    ciphertexts.push(ciphertext);
    payloads.push(await receiver.decrypt(ciphertext));
  }
  return {
    hashes: [initKeys.handshakeHash.toHex(), respKeys.handshakeHash.toHex()],
    ciphertexts: ciphertexts.map((bytes) => bytes.toHex()),
    payloads: payloads.map((bytes) => bytes.toHex()),
    initStaticPublic: responder.remoteStaticKey?.toHex(),
    respStaticPublic: (await publicKeyOf(hex(vector.resp_static), suite)).toHex(),
  };
}

/** What a token gives. */
export interface RoomVector {
  readonly name: string;
  readonly token: string;
  readonly room: string;
  readonly encryption_key: string | null;
  readonly room_public_key: string;
  readonly room_id: string;
  readonly card_key: string;
  readonly session_psk: string;
}

/** Derives what a vector's token gives. */
export async function replayRoom(vector: RoomVector, suite: CipherSuite): Promise<RoomVector> {
  const { token, room } = vector;
  const secret = await deriveRoomSecret({
    token,
    room,
    encryptionKey: vector.encryption_key ?? undefined,
    suite,
  });
  return {
    ...vector,
    room_public_key: secret.roomKey.publicKey.toHex(),
    room_id: secret.roomId,
    card_key: secret.cardKey.toHex(),
    session_psk: secret.sessionPsk.toHex(),
  };
}

/** A generated token. */
export interface TokenVector {
  readonly secret: string;
  readonly token: string;
}

/** Generates the token of a vector's secret. */
export async function replayToken(vector: TokenVector, suite: CipherSuite): Promise<TokenVector> {
  return { ...vector, token: await createToken({ ...suite, randomBytes: () => hex(vector.secret) }) };
}

/** Names that are hashes of an Ed25519 key. */
export interface IdentityVector {
  readonly seed: string;
  readonly public_key: string;
  readonly agent_id: string;
  readonly address: string;
  readonly room_id: string;
}

/** Derives the names of a vector's key. */
export async function replayIdentity(vector: IdentityVector, suite: CipherSuite): Promise<IdentityVector> {
  const { hostKey, agentId } = await hostIdentity(suite, hex(vector.seed));
  // Two ways to the same id; a difference between them would show as neither.
  const direct = await agentIdOf(hostKey.publicKey);
  return {
    seed: vector.seed,
    public_key: hostKey.publicKey.toHex(),
    agent_id: direct === agentId ? agentId : `${agentId} and ${direct}`,
    address: (await addressOf(hostKey.publicKey)).toHex(),
    room_id: await roomIdOf(hostKey.publicKey),
  };
}

/** A sealed card. */
export interface CardVector {
  readonly name: string;
  readonly card_key: string;
  readonly room_public_key: string;
  readonly host_seed: string;
  readonly session_seed: string;
  readonly dh_private_key: string;
  readonly nonce: string;
  readonly address: string;
  readonly agent_id: string;
  /** The JSON that is signed, to the byte. */
  readonly card: string;
  readonly sealed: string;
}

/** What became of a card vector. */
export interface CardOutcome {
  /** What was read from the vector's sealed card. */
  readonly opened: { readonly card: Card; readonly agentId: string; readonly dhKey: string };
  /** The same card sealed with the vector's keys and nonce. */
  readonly sealed: string;
}

/** Returns the outcome that a vector asks for; a card of a later version is sealed again without what it added. */
export async function expectedCard(vector: CardVector, suite: CipherSuite): Promise<CardOutcome> {
  return {
    opened: {
      card: Card.parse(JSON.parse(vector.card)),
      agentId: vector.agent_id,
      dhKey: (await publicKeyOf(hex(vector.dh_private_key), suite)).toHex(),
    },
    sealed: vector.sealed,
  };
}

/** Opens a vector's card, and seals it again from the vector's keys. */
export async function replayCard(vector: CardVector, suite: CipherSuite): Promise<CardOutcome> {
  const sessionKey = await suite.ed25519KeyPair(hex(vector.session_seed));
  const dhKey = hex(vector.dh_private_key);
  const sealer = await createCardSealer({ ...suite, randomBytes: () => hex(vector.nonce) }, {
    cardKey: hex(vector.card_key),
    roomPublicKey: hex(vector.room_public_key),
    host: await hostIdentity(suite, hex(vector.host_seed)),
    session: {
      sessionKey,
      dhKey,
      dhPublicKey: await publicKeyOf(dhKey, suite),
      address: await addressOf(sessionKey.publicKey),
    },
  });
  const opened = await sealer.open(hex(vector.address), hex(vector.sealed));
  const sealed = await sealer.seal(opened.card);
  return {
    opened: { card: opened.card, agentId: opened.agentId, dhKey: opened.dhKey.toHex() },
    sealed: sealed.toHex(),
  };
}

/** A record. */
export interface RecordVector {
  readonly key: string;
  readonly index: number;
  readonly counter: number;
  readonly plaintext: string;
  readonly record: string;
}

/** Opens a vector's record; seals it again if its counter is one that a test can reach by counting. */
export async function replayRecord(vector: RecordVector, suite: CipherSuite): Promise<RecordVector> {
  const keys = { sendKey: hex(vector.key), receiveKey: hex(vector.key) };
  const layer = await createRecordLayer({ suite, keys, remoteIndex: vector.index });
  const packet = decodePacket(hex(vector.record));
  if (packet.type !== "record") throw new Error(`Cannot replay record: it was read as "${packet.type}"`);
  const plaintext = await layer.open(packet);
  let record = vector.record;
  if (vector.counter < 16) {
    for (let i = 0; i < vector.counter; i++) await layer.seal(utf8("a record before it"));
    record = (await layer.seal(plaintext)).toHex();
  }
  return {
    key: vector.key,
    index: packet.receiverIndex,
    counter: packet.counter,
    plaintext: plaintext.toHex(),
    record,
  };
}

function hex(text: string): Bytes {
  return Uint8Array.fromHex(text);
}
