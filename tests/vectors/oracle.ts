/**
 * The protocol once more, written from its text and the Noise specification (revision 34) on `node:crypto` alone.
 * It imports nothing of `src/`: what it computes is what the code under test is measured by.
 */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  type KeyObject,
  pbkdf2Sync,
  sign,
} from "node:crypto";

/** SHA-256 of the parts one after the other. */
export function sha256(...parts: readonly Uint8Array[]): Buffer {
  const hash = createHash("sha256");
  for (const part of parts) hash.update(part);
  return hash.digest();
}

/** HMAC-SHA-256 of the parts one after the other. */
export function hmac(key: Uint8Array, ...parts: readonly Uint8Array[]): Buffer {
  const mac = createHmac("sha256", key);
  for (const part of parts) mac.update(part);
  return mac.digest();
}

/** AES-256-GCM: the ciphertext, then the tag. */
export function aesGcm(
  key: Uint8Array,
  { nonce, ad, plaintext }: { nonce: Uint8Array; ad: Uint8Array; plaintext: Uint8Array },
): Buffer {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(ad);
  return Buffer.concat([cipher.update(plaintext), cipher.final(), cipher.getAuthTag()]);
}

/** A nonce of Noise's AESGCM: 32 zero bits, then the counter as big-endian u64 (section 12.4). */
export function noiseNonce(counter: bigint): Buffer {
  const nonce = Buffer.alloc(12);
  nonce.writeBigUInt64BE(counter, 4);
  return nonce;
}

const PKCS8 = { x25519: "302e020100300506032b656e04220420", ed25519: "302e020100300506032b657004220420" };
const SPKI = { x25519: "302a300506032b656e032100", ed25519: "302a300506032b6570032100" };

function privateKey(kind: "x25519" | "ed25519", raw: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from(PKCS8[kind], "hex"), raw]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}

/** The raw public key of a raw private key. */
export function publicKey(kind: "x25519" | "ed25519", raw: Uint8Array): Buffer {
  const der = createPublicKey(privateKey(kind, raw)).export({ format: "der", type: "spki" });
  return Buffer.from(der.subarray(der.length - 32));
}

/** The shared secret of X25519. */
export function x25519(own: Uint8Array, other: Uint8Array): Buffer {
  const der = Buffer.concat([Buffer.from(SPKI.x25519, "hex"), other]);
  const otherKey = createPublicKey({ key: der, format: "der", type: "spki" });
  return diffieHellman({ privateKey: privateKey("x25519", own), publicKey: otherKey });
}

/** An Ed25519 signature. */
export function ed25519Sign(seed: Uint8Array, data: Uint8Array): Buffer {
  return sign(null, data, privateKey("ed25519", seed));
}

/** Lower-case base32 without padding, by writing all bits down. */
export function base32(bytes: Uint8Array): string {
  const bits = [...bytes].map((byte) => byte.toString(2).padStart(8, "0")).join("");
  const groups = bits.match(/.{1,5}/g) ?? [];
  return groups.map((group) => "abcdefghijklmnopqrstuvwxyz234567"[parseInt(group.padEnd(5, "0"), 2)]).join(
    "",
  );
}

/** A tuple of byte strings, each after its length as big-endian u32. */
export function tuple(...parts: readonly (Uint8Array | string)[]): Buffer {
  return Buffer.concat(parts.flatMap((part) => {
    const bytes = Buffer.from(part);
    const length = Buffer.alloc(4);
    length.writeUInt32BE(bytes.length);
    return [length, bytes];
  }));
}

/** What both sides bring to a handshake. */
export interface HandshakeInput {
  readonly initStatic: Uint8Array;
  readonly initEphemeral: Uint8Array;
  readonly respStatic: Uint8Array;
  readonly respEphemeral: Uint8Array;
  readonly psk: Uint8Array;
  readonly prologue: Uint8Array;
}

/**
 * Runs Noise_IKpsk2_25519_AESGCM_SHA256 and encrypts one message for each payload: two of the handshake, then
 * transport messages of initiator and responder in turn.
 */
export function noiseTranscript(
  input: HandshakeInput,
  payloads: readonly Uint8Array[],
): { messages: Buffer[]; handshakeHash: Buffer } {
  const name = Buffer.from("Noise_IKpsk2_25519_AESGCM_SHA256");
  let h: Buffer = name.length <= 32 ? Buffer.concat([name, Buffer.alloc(32 - name.length)]) : sha256(name);
  let ck = h;
  let k: Buffer = Buffer.alloc(0);
  let n = 0n;
  const hkdf = (material: Uint8Array): [Buffer, Buffer, Buffer] => {
    const temporary = hmac(ck, material);
    const first = hmac(temporary, Buffer.of(1));
    const second = hmac(temporary, first, Buffer.of(2));
    return [first, second, hmac(temporary, second, Buffer.of(3))];
  };
  const mixHash = (data: Uint8Array) => (h = sha256(h, data));
  const mixKey = (material: Uint8Array) => {
    [ck, k] = hkdf(material);
    n = 0n;
  };
  const mixKeyAndHash = (material: Uint8Array) => {
    const [first, second, third] = hkdf(material);
    ck = first;
    mixHash(second);
    k = third;
    n = 0n;
  };
  const encryptAndHash = (plaintext: Uint8Array) => {
    const ciphertext = aesGcm(k, { nonce: noiseNonce(n++), ad: h, plaintext });
    mixHash(ciphertext);
    return ciphertext;
  };
  const publicOf = (key: Uint8Array) => publicKey("x25519", key);

  mixHash(input.prologue);
  mixHash(publicOf(input.respStatic)); // <- s, known beforehand

  const initEphemeral = publicOf(input.initEphemeral); // -> e, es, s, ss
  mixHash(initEphemeral);
  mixKey(initEphemeral); // in handshakes with a psk, e is mixed into the key as well
  mixKey(x25519(input.initEphemeral, publicOf(input.respStatic)));
  const sealedStatic = encryptAndHash(publicOf(input.initStatic));
  mixKey(x25519(input.initStatic, publicOf(input.respStatic)));
  const message1 = Buffer.concat([
    initEphemeral,
    sealedStatic,
    encryptAndHash(payloads[0] ?? Buffer.alloc(0)),
  ]);

  const respEphemeral = publicOf(input.respEphemeral); // <- e, ee, se, psk
  mixHash(respEphemeral);
  mixKey(respEphemeral);
  mixKey(x25519(input.respEphemeral, initEphemeral));
  mixKey(x25519(input.respEphemeral, publicOf(input.initStatic)));
  mixKeyAndHash(input.psk);
  const message2 = Buffer.concat([respEphemeral, encryptAndHash(payloads[1] ?? Buffer.alloc(0))]);

  const [fromInitiator, fromResponder] = hkdf(Buffer.alloc(0));
  const transport = payloads.slice(2).map((plaintext, i) =>
    aesGcm(i % 2 === 0 ? fromInitiator : fromResponder, {
      nonce: noiseNonce(BigInt(Math.floor(i / 2))),
      ad: Buffer.alloc(0),
      plaintext,
    })
  );
  return { messages: [message1, message2, ...transport], handshakeHash: h };
}

/** The text of a generated token: `ra1_`, then base32 of 32 bytes and the first 2 of their SHA-256. */
export function tokenText(secret: Uint8Array): string {
  return `ra1_${base32(Buffer.concat([secret, sha256(secret).subarray(0, 2)]))}`;
}

/** The secret that a token, or an encryption key, gives in a room; `secret` holds the bytes of a generated one. */
function extract(text: string, { room, secret }: { room: string; secret: Uint8Array | undefined }): Buffer {
  const material = secret ??
    pbkdf2Sync(text.normalize("NFC"), `remote-agents/1 ${room}`, 600_000, 32, "sha256");
  return hmac(sha256(Buffer.from(`remote-agents/1 room ${room}`)), material);
}

/** HKDF's expansion to one block of 32 bytes. */
function expand(key: Uint8Array, label: string): Buffer {
  return hmac(key, Buffer.from(label), Buffer.of(1));
}

/** A token or an encryption key; `secret` holds the 32 bytes of a generated one. */
export interface KeySource {
  readonly text: string;
  readonly secret?: Uint8Array | undefined;
}

/** What a token gives those who know it. */
export function roomSecret(
  { token, room, encryptionKey }: { token: KeySource; room: string; encryptionKey?: KeySource | undefined },
): { roomPublicKey: Buffer; roomId: string; cardKey: Buffer; sessionPsk: Buffer } {
  const outer = extract(token.text, { room, secret: token.secret });
  const inner = encryptionKey === undefined
    ? outer
    : extract(encryptionKey.text, { room, secret: encryptionKey.secret });
  const roomPublicKey = publicKey("ed25519", expand(outer, "room key"));
  return {
    roomPublicKey,
    roomId: roomIdOf(roomPublicKey),
    cardKey: expand(inner, "card key"),
    sessionPsk: expand(inner, "session psk"),
  };
}

/** A room's id. */
export function roomIdOf(roomPublicKey: Uint8Array): string {
  return base32(sha256(roomPublicKey).subarray(0, 20));
}

/** An agent's id. */
export function agentIdOf(hostPublicKey: Uint8Array): string {
  return base32(sha256(hostPublicKey)).slice(0, 20);
}

/** A connection's address. */
export function addressOf(sessionPublicKey: Uint8Array): Buffer {
  return sha256(sessionPublicKey).subarray(0, 16);
}

/** A sealed card: what is signed and where it is said to be may differ from what is right. */
export function sealedCard(input: {
  readonly cardKey: Uint8Array;
  readonly roomPublicKey: Uint8Array;
  readonly address: Uint8Array;
  readonly hostSeed: Uint8Array;
  readonly sessionSeed: Uint8Array;
  readonly nonce: Uint8Array;
  readonly json: Uint8Array;
}): Buffer {
  const { address, roomPublicKey, json } = input;
  const signed = tuple("remote-agents/1 card", roomPublicKey, address, json);
  const plaintext = Buffer.concat([
    ed25519Sign(input.hostSeed, signed),
    ed25519Sign(input.sessionSeed, signed),
    json,
  ]);
  const ad = tuple("remote-agents/1 sealed card", roomPublicKey, address);
  return Buffer.concat([input.nonce, aesGcm(input.cardKey, { nonce: input.nonce, ad, plaintext })]);
}

/** A record: `3 | u32 receiver's index | u64 counter | ciphertext and tag`, with the first 13 bytes authenticated. */
export function sealedRecord(
  { key, index, counter, plaintext }: {
    key: Uint8Array;
    index: number;
    counter: bigint;
    plaintext: Uint8Array;
  },
): Buffer {
  const header = Buffer.alloc(13);
  header[0] = 3;
  header.writeUInt32BE(index, 1);
  header.writeBigUInt64BE(counter, 5);
  return Buffer.concat([header, aesGcm(key, { nonce: noiseNonce(counter), ad: header, plaintext })]);
}
