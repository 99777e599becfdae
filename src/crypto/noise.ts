/**
 * The handshake Noise_IKpsk2_25519_AESGCM_SHA256 (Noise Protocol Framework, revision 34), by which two peers agree on
 * session keys. Pure: time, network and randomness beyond the suite's are the caller's.
 */
import { type Bytes, concatBytes, EMPTY, utf8 } from "../protocol/bytes.ts";
import {
  type AesGcm,
  AuthenticationError,
  type CipherSuite,
  KEY_BYTES,
  NONCE_BYTES,
  requireKey,
  TAG_BYTES,
  X25519_BASE_POINT,
} from "./cipher_suite.ts";
import { hkdf } from "./hkdf.ts";
import { webSuite } from "./web_suite.ts";

/** The full name of the protocol; it is mixed into every handshake. */
export const NOISE_PROTOCOL_NAME = "Noise_IKpsk2_25519_AESGCM_SHA256";

/** What one side brings to a handshake. Keys are raw X25519 keys of 32 bytes. */
export interface HandshakeOptions {
  readonly role: "initiator" | "responder";
  /** The own static private key. */
  readonly staticKey: Bytes;
  /** Its public key, for callers that have it already. @default computed */
  readonly staticPublicKey?: Bytes;
  /** The responder's static public key: the initiator must know it, the responder passes none. */
  readonly remoteStaticKey?: Bytes;
  /** The 32 bytes that both sides share beforehand. */
  readonly psk: Bytes;
  /** Context that both sides must agree on. @default no bytes */
  readonly prologue?: Bytes;
  /** A fixed ephemeral private key, for replaying test vectors only. @default random */
  readonly ephemeralKey?: Bytes;
  /** The primitives. @default Web Crypto */
  readonly suite?: CipherSuite;
}

/** The keys of the transport phase (Noise revision 34, section 5.2, `Split`). */
export interface TransportKeys {
  /** Encrypts what this side sends. */
  readonly sendKey: Bytes;
  /** Decrypts what this side receives. */
  readonly receiveKey: Bytes;
  /** The hash of the whole handshake; equal on both sides. */
  readonly handshakeHash: Bytes;
}

/** One side of a handshake of two messages: the initiator writes then reads, the responder reads then writes. */
export interface Handshake {
  /**
   * Writes the next message.
   *
   * @throws {TypeError} If it is not this side's turn.
   */
  writeMessage(payload?: Bytes): Promise<Bytes>;
  /**
   * Reads the next message and returns its payload. After an error the handshake is dead.
   *
   * @throws {AuthenticationError} If the message is not authentic or is cut off.
   * @throws {TypeError} If it is not this side's turn.
   */
  readMessage(message: Bytes): Promise<Bytes>;
  /** The other side's static public key; on the responder known once message 1 was read. */
  readonly remoteStaticKey: Bytes | undefined;
  /**
   * Returns the transport keys after both messages.
   *
   * @throws {TypeError} If the handshake is not complete.
   */
  split(): Promise<TransportKeys>;
}

/** A key of the transport phase with its counter (Noise revision 34, section 5.1, `CipherState`). */
export interface CipherState {
  /** Encrypts with the next nonce. */
  encrypt(plaintext: Bytes, ad?: Bytes): Promise<Bytes>;
  /** Decrypts with the next nonce. @throws {AuthenticationError} If it is not authentic. */
  decrypt(ciphertext: Bytes, ad?: Bytes): Promise<Bytes>;
}

/**
 * Starts a handshake. Message patterns: `-> e, es, s, ss` and `<- e, ee, se, psk`, with the responder's static key
 * known beforehand.
 *
 * @throws {RangeError} If a key is not 32 bytes.
 * @throws {TypeError} If the initiator does not know the responder's key, or the responder passes one.
 *
 * @example Both sides, and replaying a published vector by fixing the ephemeral keys
 * ```ts
 * import { createCipherState, createHandshake, publicKeyOf } from "./src/crypto/noise.ts";
 *
 * const initiator = await createHandshake({
 *   role: "initiator", staticKey: initStatic, remoteStaticKey: await publicKeyOf(respStatic), psk, prologue,
 *   ephemeralKey: initEphemeral, // leave out but for vectors
 * });
 * const responder = await createHandshake({
 *   role: "responder", staticKey: respStatic, psk, prologue, ephemeralKey: respEphemeral,
 * });
 * const message1 = await initiator.writeMessage(payload1);
 * await responder.readMessage(message1); // payload1
 * const message2 = await responder.writeMessage(payload2);
 * await initiator.readMessage(message2); // payload2
 * const { sendKey, handshakeHash } = await initiator.split();
 * const message3 = await (await createCipherState(sendKey)).encrypt(payload3);
 * ```
 */
export async function createHandshake(options: HandshakeOptions): Promise<Handshake> {
  const { role, staticKey, psk, prologue = EMPTY, suite = webSuite } = options;
  requireKey("static key", staticKey);
  requireKey("pre-shared key", psk);
  if ((role === "initiator") !== (options.remoteStaticKey !== undefined)) {
    throw new TypeError(
      "Cannot start handshake: the initiator, and only it, passes the responder's static key",
    );
  }
  const staticPublic = options.staticPublicKey ?? await publicKeyOf(staticKey, suite);
  const ephemeral = requireKey("ephemeral key", options.ephemeralKey ?? suite.randomBytes(KEY_BYTES));
  const ephemeralPublic = await publicKeyOf(ephemeral, suite);
  let remoteStatic = options.remoteStaticKey && requireKey("remote static key", options.remoteStaticKey);
  let remoteEphemeral: Bytes = EMPTY;
  const responderStatic = remoteStatic ?? staticPublic;

  const state = await startSymmetricState(suite);
  await state.mixHash(prologue);
  await state.mixHash(responderStatic);

  const dh = async (own: Bytes, other: Bytes) => await state.mixKey(await suite.x25519(own, other));
  const takeEphemeral = async (publicKey: Bytes) => {
    await state.mixHash(publicKey);
    await state.mixKey(publicKey); // Section 9.2: with a psk, ephemeral keys are mixed into the key as well.
  };

  type Turn = "write" | "read" | "done" | "dead";
  let turn: Turn = role === "initiator" ? "write" : "read";
  const takeTurn = (action: "write" | "read", next: Turn) => {
    if (turn !== action) throw new TypeError(`Cannot ${action} handshake message: it is not the turn for it`);
    turn = "dead"; // Until the message is through: a failed one leaves the state unusable.
    return () => (turn = next);
  };

  return {
    get remoteStaticKey() {
      return remoteStatic;
    },

    async writeMessage(payload = EMPTY) {
      const finish = takeTurn("write", role === "initiator" ? "read" : "done");
      await takeEphemeral(ephemeralPublic);
      const parts: Bytes[] = [ephemeralPublic];
      if (role === "initiator") {
        await dh(ephemeral, responderStatic); // es
        parts.push(await state.encryptAndHash(staticPublic)); // s
        await dh(staticKey, responderStatic); // ss
      } else {
        await dh(ephemeral, remoteEphemeral); // ee
        await dh(ephemeral, remoteStatic ?? EMPTY); // se
        await state.mixKeyAndHash(psk); // psk
      }
      parts.push(await state.encryptAndHash(payload));
      finish();
      return concatBytes(...parts);
    },

    async readMessage(message) {
      const finish = takeTurn("read", role === "initiator" ? "done" : "write");
      const prefix = role === "responder" ? KEY_BYTES + KEY_BYTES + TAG_BYTES : KEY_BYTES;
      if (message.length < prefix + TAG_BYTES) {
        throw new AuthenticationError(
          `Cannot read handshake message: its ${message.length} bytes are cut off`,
        );
      }
      remoteEphemeral = message.slice(0, KEY_BYTES);
      await takeEphemeral(remoteEphemeral);
      if (role === "responder") {
        await dh(staticKey, remoteEphemeral); // es
        remoteStatic = await state.decryptAndHash(message.subarray(KEY_BYTES, prefix)); // s
        await dh(staticKey, remoteStatic); // ss
      } else {
        await dh(ephemeral, remoteEphemeral); // ee
        await dh(staticKey, remoteEphemeral); // se
        await state.mixKeyAndHash(psk); // psk
      }
      const payload = await state.decryptAndHash(message.subarray(prefix));
      finish();
      return payload;
    },

    async split() {
      if (turn !== "done") throw new TypeError("Cannot split handshake: it is not complete");
      const [first, second] = await state.split();
      const handshakeHash = state.hash();
      return role === "initiator"
        ? { sendKey: first, receiveKey: second, handshakeHash }
        : { sendKey: second, receiveKey: first, handshakeHash };
    },
  };
}

/** Returns the X25519 public key of a private key. */
export async function publicKeyOf(privateKey: Bytes, suite: CipherSuite = webSuite): Promise<Bytes> {
  return await suite.x25519(requireKey("private key", privateKey), X25519_BASE_POINT);
}

/** Starts a transport key at nonce 0, for replaying the transport messages of a vector. */
export async function createCipherState(key: Bytes, suite: CipherSuite = webSuite): Promise<CipherState> {
  const cipher = await suite.aesGcm(key);
  let counter = 0;
  return {
    encrypt: async (plaintext, ad = EMPTY) => await cipher.seal(noiseNonce(counter++), ad, plaintext),
    decrypt: async (ciphertext, ad = EMPTY) => await cipher.open(noiseNonce(counter++), ad, ciphertext),
  };
}

/** Returns the AES-GCM nonce of a counter: 32 zero bits and the counter as big-endian u64 (section 12.4). */
export function noiseNonce(counter: number): Bytes {
  const nonce = new Uint8Array(NONCE_BYTES);
  const view = new DataView(nonce.buffer);
  view.setUint32(4, Math.floor(counter / 2 ** 32));
  view.setUint32(8, counter >>> 0);
  return nonce;
}

/** Section 5.2, `SymmetricState`. */
interface SymmetricState {
  mixKey(ikm: Bytes): Promise<void>;
  mixHash(data: Bytes): Promise<void>;
  mixKeyAndHash(ikm: Bytes): Promise<void>;
  encryptAndHash(plaintext: Bytes): Promise<Bytes>;
  decryptAndHash(ciphertext: Bytes): Promise<Bytes>;
  split(): Promise<[Bytes, Bytes]>;
  hash(): Bytes;
}

async function startSymmetricState(suite: CipherSuite): Promise<SymmetricState> {
  const name = utf8(NOISE_PROTOCOL_NAME);
  let h: Bytes = name.length <= KEY_BYTES
    ? concatBytes(name, new Uint8Array(KEY_BYTES - name.length))
    : await suite.sha256(name);
  let chainingKey = h;
  let cipher: AesGcm | undefined;
  let counter = 0;

  const expand = async (ikm: Bytes, outputs: 2 | 3) => {
    const length = outputs * KEY_BYTES;
    const bytes = await hkdf(suite, [chainingKey, ikm], { info: EMPTY, length });
    return (i: number) => bytes.slice(i * KEY_BYTES, (i + 1) * KEY_BYTES);
  };
  const setKey = async (key: Bytes) => {
    cipher = await suite.aesGcm(key);
    counter = 0;
  };
  const mixHash = async (data: Bytes) => {
    h = await suite.sha256(concatBytes(h, data));
  };

  return {
    mixHash,
    async mixKey(ikm) {
      const output = await expand(ikm, 2);
      chainingKey = output(0);
      await setKey(output(1));
    },
    async mixKeyAndHash(ikm) {
      const output = await expand(ikm, 3);
      chainingKey = output(0);
      await mixHash(output(1));
      await setKey(output(2));
    },
    async encryptAndHash(plaintext) {
      if (cipher === undefined) throw new TypeError("Cannot encrypt in handshake: there is no key yet");
      const ciphertext = await cipher.seal(noiseNonce(counter++), h, plaintext);
      await mixHash(ciphertext);
      return ciphertext;
    },
    async decryptAndHash(ciphertext) {
      if (cipher === undefined) throw new TypeError("Cannot decrypt in handshake: there is no key yet");
      const plaintext = await cipher.open(noiseNonce(counter++), h, ciphertext);
      await mixHash(ciphertext);
      return plaintext;
    },
    async split() {
      const output = await expand(EMPTY, 2);
      return [output(0), output(1)];
    },
    hash: () => h,
  };
}
