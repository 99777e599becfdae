/**
 * What a room's token gives to those who know it: the room's key pair, the key of the cards, and the secret of the
 * sessions. The relay sees the room's public key only.
 */
import { roomIdOf } from "../protocol/address.ts";
import { decodeBase32, encodeBase32 } from "../protocol/base32.ts";
import { type Bytes, concatBytes, utf8 } from "../protocol/bytes.ts";
import { LABEL } from "../protocol/version.ts";
import { type CipherSuite, KEY_BYTES, type SigningKeyPair } from "./cipher_suite.ts";
import { hkdfExpand, hkdfExtract } from "./hkdf.ts";
import { webSuite } from "./web_suite.ts";

/** Fewest characters of a token or encryption key. */
export const MIN_TOKEN_CHARACTERS = 8;

const TOKEN_PREFIX = "ra1_";
const CHECKSUM_BYTES = 2;
/** OWASP's figure for PBKDF2-HMAC-SHA-256. */
const PBKDF2_ITERATIONS = 600_000;

/** What is derived from a token. */
export interface RoomSecret {
  /** Proves membership to the relay; its public key names the room. */
  readonly roomKey: SigningKeyPair;
  /** AES-256-GCM key of the members' cards. */
  readonly cardKey: Bytes;
  /** The pre-shared key of every handshake in the room. */
  readonly sessionPsk: Bytes;
  /** What a relay's `--allow-room` takes. Public. */
  readonly roomId: string;
}

/**
 * Makes a token: `ra1_`, then base32 of 32 random bytes and of the first 2 bytes of their SHA-256.
 */
export async function createToken(suite: CipherSuite = webSuite): Promise<string> {
  const secret = suite.randomBytes(KEY_BYTES);
  return TOKEN_PREFIX + encodeBase32(concatBytes(secret, await checksumOf(suite, secret)));
}

/**
 * Derives what a room's members share.
 *
 * @param options.token - at least 8 characters
 * @param options.encryptionKey - if set, the card key and the session secret come from it instead of from the token
 * @throws {RangeError} If the token or the encryption key is shorter than 8 characters.
 * @throws {SyntaxError} If a generated token has a typing error.
 *
 * @example
 * ```ts
 * const { roomId } = await deriveRoomSecret({ token: await createToken(), room: "home" });
 * ```
 */
export async function deriveRoomSecret(
  options: {
    readonly token: string;
    readonly room: string;
    readonly encryptionKey?: string | undefined;
    readonly suite?: CipherSuite | undefined;
  },
): Promise<RoomSecret> {
  const { token, room, encryptionKey, suite = webSuite } = options;
  const secret = await extract(suite, { what: "token", text: token, room });
  const inner = encryptionKey === undefined
    ? secret
    : await extract(suite, { what: "encryption key", text: encryptionKey, room });
  const expand = (prk: Bytes, label: string) =>
    hkdfExpand(suite, prk, { info: utf8(label), length: KEY_BYTES });
  const roomKey = await suite.ed25519KeyPair(await expand(secret, "room key"));
  return {
    roomKey,
    cardKey: await expand(inner, "card key"),
    sessionPsk: await expand(inner, "session psk"),
    roomId: await roomIdOf(roomKey.publicKey),
  };
}

async function extract(
  suite: CipherSuite,
  { what, text, room }: { what: string; text: string; room: string },
): Promise<Bytes> {
  const ikm = await keyMaterialOf(suite, { what, text, room });
  return await hkdfExtract(suite, await suite.sha256(utf8(`${LABEL} room ${room}`)), ikm);
}

async function keyMaterialOf(
  suite: CipherSuite,
  { what, text: typed, room }: { what: string; text: string; room: string },
): Promise<Bytes> {
  const text = typed.normalize("NFC"); // An accent may be typed as one character or as two.
  if ([...text].length < MIN_TOKEN_CHARACTERS) {
    throw new RangeError(
      `Cannot use the ${what}: it is shorter than ${MIN_TOKEN_CHARACTERS} characters; make one with "remote-agent token"`,
    );
  }
  if (text.startsWith(TOKEN_PREFIX)) return await readToken(suite, { what, text });
  return await suite.pbkdf2Sha256(utf8(text), utf8(`${LABEL} ${room}`), PBKDF2_ITERATIONS);
}

async function readToken(suite: CipherSuite, { what, text }: { what: string; text: string }): Promise<Bytes> {
  const typingError = (cause?: unknown) =>
    new SyntaxError(`Cannot use the ${what}: it has a typing error; copy it again from where it was made`, {
      cause,
    });
  let bytes: Bytes;
  try {
    bytes = decodeBase32(text.slice(TOKEN_PREFIX.length));
  } catch (cause) {
    throw typingError(cause);
  }
  if (bytes.length !== KEY_BYTES + CHECKSUM_BYTES) throw typingError();
  const secret = bytes.slice(0, KEY_BYTES);
  const checksum = await checksumOf(suite, secret);
  if (checksum.some((byte, i) => byte !== bytes[KEY_BYTES + i])) throw typingError();
  return secret;
}

async function checksumOf(suite: CipherSuite, secret: Bytes): Promise<Bytes> {
  return (await suite.sha256(secret)).slice(0, CHECKSUM_BYTES);
}
