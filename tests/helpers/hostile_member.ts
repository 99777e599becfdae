/**
 * A member of a room that misbehaves: it has the token and speaks the protocol by hand, so it can say anything to
 * anybody. It answers handshakes, and does nothing else by itself.
 */
import { createSessionIdentity, type HostIdentity, hostIdentity } from "../../src/crypto/identity.ts";
import { type CipherSuite, PKCS8_PREFIX, type SigningKeyPair } from "../../src/crypto/cipher_suite.ts";
import { createHandshake } from "../../src/crypto/noise.ts";
import { deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { type CardSealer, createCardSealer } from "../../src/crypto/seal.ts";
import { createRecordLayer, type RecordLayer } from "../../src/crypto/session.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { formatAddress } from "../../src/protocol/address.ts";
import { type Bytes, concatBytes, encodeTuple, utf8 } from "../../src/protocol/bytes.ts";
import type { Card } from "../../src/protocol/card.ts";
import { decodeMessage, type Message } from "../../src/protocol/message.ts";
import { decodePacket, encodeInitiation, encodeReply, type Packet } from "../../src/protocol/packet.ts";
import { LABEL } from "../../src/protocol/version.ts";
import { Inbox, type RawKeys, type RawPeer, rawPeer } from "./relay.ts";

/** What a card says beside the keys. */
export type CardText = Parameters<CardSealer["seal"]>[0];

/** A session, driven by hand. */
export interface Conversation {
  readonly with: Bytes;
  /** Messages that came, in order. */
  readonly messages: Inbox<Message>;
  /** Says anything as a header, with a body. */
  say(header: unknown, body?: Bytes): Promise<void>;
  /** Says anything as the plaintext of a record. */
  sayBytes(plaintext: Bytes): Promise<void>;
  /** Waits for the next message of a kind, and drops what comes before. */
  expect<T extends Message["header"]["t"]>(kind: T): Promise<Message & { header: { t: T } }>;
}

/** The member. */
export interface HostileMember extends AsyncDisposable {
  readonly raw: RawPeer;
  readonly address: Bytes;
  readonly sealer: CardSealer;
  readonly card: CardText;
  /** Sessions that others opened, as they come. */
  readonly visitors: Inbox<Conversation>;
  /** Opens a session with a peer that was there when the member joined. */
  talk(to: Bytes): Promise<Conversation>;
}

/** How the member joins. */
export interface HostileMemberOptions {
  readonly relayUrl: string;
  readonly token: string;
  readonly room: string;
  readonly encryptionKey?: string;
  readonly host?: HostIdentity;
  readonly card?: Partial<CardText>;
}

const suite: CipherSuite = hybridSuite;
const FRAME_WAIT_MS = 120_000;

/** What an ordinary card of the member says. */
const CARD: CardText = {
  v: 1,
  seq: 1,
  name: "mallory",
  tags: [],
  platform: { os: "linux", family: "linux", arch: "x86_64", kernel: "6", shell: "/bin/sh" },
  mode: "bypass",
  accepts: true,
  role: "service",
  version: "1",
  capabilities: [],
  startedAt: 0,
  connectedAt: 0,
};

/** Joins a room through a real relay. */
export async function joinAsHostileMember(options: HostileMemberOptions): Promise<HostileMember> {
  const secret = await deriveRoomSecret({ ...options, suite });
  const identity = await createSessionIdentity(suite);
  const sealer = await createCardSealer(suite, {
    cardKey: secret.cardKey,
    roomPublicKey: secret.roomKey.publicKey,
    host: options.host ?? await hostIdentity(suite, suite.randomBytes(32)),
    session: identity,
  });
  const card = { ...CARD, ...options.card };
  const sealedCard = await sealer.seal(card);
  const raw = await rawPeer(options.relayUrl, {
    room: await toRawKeys(secret.roomKey),
    session: await toRawKeys(identity.sessionKey),
    card: sealedCard,
    watch: true,
  });
  const known = new Map<string, Card>();
  const { peers } = await raw.expect("roster");
  for (const { address, card } of peers) {
    // Cards under another encryption key stay closed.
    await sealer.open(address, card).then(
      (opened) => known.set(formatAddress(address), opened.card),
      () => {},
    );
  }
  const conversations = new Map<number, { layer: RecordLayer; messages: Inbox<Message> }>();
  const replies = new Map<number, (reply: Extract<Packet, { type: "reply" }>) => void>();
  const visitors = new Inbox<Conversation>();
  let lastIndex = 0;
  let counter = 0n;

  const prologue = (initiator: Bytes, responder: Bytes) =>
    encodeTuple(utf8(LABEL), secret.roomKey.publicKey, initiator, responder);

  const converse = (index: number, peer: Bytes, layer: RecordLayer): Conversation => {
    const messages = new Inbox<Message>();
    conversations.set(index, { layer, messages });
    const sayBytes = async (plaintext: Bytes) => raw.send(peer, await layer.seal(plaintext));
    return {
      with: peer,
      messages,
      sayBytes,
      say: (header, body) => sayBytes(plaintextOf(JSON.stringify(header), body)),
      async expect(kind) {
        for (;;) {
          const message = await messages.next();
          // The kind was just compared; TypeScript does not narrow a union by a generic.
          if (message.header.t === kind) return message as Message & { header: { t: typeof kind } };
        }
      },
    };
  };

  const answer = async (from: Bytes, { senderIndex, noise }: Extract<Packet, { type: "initiation" }>) => {
    const handshake = await createHandshake({
      role: "responder",
      staticKey: identity.dhKey,
      psk: secret.sessionPsk,
      prologue: prologue(from, identity.address),
      suite,
    });
    await handshake.readMessage(noise);
    const reply = await handshake.writeMessage();
    const index = ++lastIndex;
    const layer = await createRecordLayer({ suite, keys: await handshake.split(), remoteIndex: senderIndex });
    const conversation = converse(index, from, layer);
    raw.send(from, encodeReply(index, senderIndex, reply));
    visitors.push(conversation);
  };

  const receive = async () => {
    for (;;) {
      const { address, payload } = await raw.frames.next(FRAME_WAIT_MS);
      const packet = decodePacket(payload.slice());
      if (packet.type === "initiation") await answer(address.slice(), packet);
      else if (packet.type === "reply") replies.get(packet.receiverIndex)?.(packet);
      else if (packet.type === "record") {
        const found = conversations.get(packet.receiverIndex);
        const plaintext = await found?.layer.open(packet);
        if (plaintext !== undefined && plaintext.length > 0) found?.messages.push(decodeMessage(plaintext));
      }
    }
  };
  // It ends with an error when the connection does, and never otherwise.
  const receiving = receive().catch((error: unknown) => {
    for (const { messages } of conversations.values()) messages.end(String(error));
    visitors.end(String(error));
  });

  return {
    raw,
    address: identity.address,
    sealer,
    card,
    visitors,
    async talk(to) {
      const dhKey = known.get(formatAddress(to))?.dhKey;
      if (dhKey === undefined) throw new Error("Cannot talk to a peer whose card is not known");
      const handshake = await createHandshake({
        role: "initiator",
        staticKey: identity.dhKey,
        remoteStaticKey: Uint8Array.fromBase64(dhKey, { alphabet: "base64url" }),
        psk: secret.sessionPsk,
        prologue: prologue(identity.address, to),
        suite,
      });
      const payload = new Uint8Array(8);
      new DataView(payload.buffer).setBigUint64(0, ++counter);
      const index = ++lastIndex;
      const replied = Promise.withResolvers<Extract<Packet, { type: "reply" }>>();
      replies.set(index, replied.resolve);
      raw.send(to, encodeInitiation(index, await handshake.writeMessage(concatBytes(payload, sealedCard))));
      const { senderIndex, noise } = await replied.promise;
      await handshake.readMessage(noise);
      const keys = await handshake.split();
      return converse(index, to, await createRecordLayer({ suite, keys, remoteIndex: senderIndex }));
    },
    async [Symbol.asyncDispose]() {
      await raw[Symbol.asyncDispose]();
      await receiving;
    },
  };
}

/** Returns a plaintext with any text in the place of the header. */
export function plaintextOf(header: string, body: Bytes = new Uint8Array(0)): Bytes {
  const length = new Uint8Array(4);
  const bytes = utf8(header);
  new DataView(length.buffer).setUint32(0, bytes.length);
  return concatBytes(length, bytes, body);
}

async function toRawKeys({ seed, publicKey }: SigningKeyPair): Promise<RawKeys> {
  const der = concatBytes(PKCS8_PREFIX.ed25519, seed);
  return {
    publicKey,
    privateKey: await crypto.subtle.importKey("pkcs8", der, "Ed25519", false, ["sign"]),
  };
}
