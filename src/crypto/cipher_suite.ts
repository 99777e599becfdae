/**
 * The port through which `crypto/` reaches its primitives. The node passes a hybrid of `node:crypto` and Web Crypto
 * (each is several times faster than the other at some size), browsers and Workers pass Web Crypto alone.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** A value, or the promise of one: small inputs are computed at once where the platform can. */
export type MaybePromise<T> = T | Promise<T>;

/** AES-256-GCM under one key. */
export interface AesGcm {
  /**
   * Encrypts and appends the 16-byte tag.
   *
   * @param nonce - 12 bytes, never used twice with one key
   */
  seal(nonce: Bytes, aad: Bytes, plaintext: Bytes): MaybePromise<Bytes>;
  /**
   * Checks the tag and decrypts.
   *
   * @throws {AuthenticationError} If the ciphertext, nonce or AAD is not what was sealed; a promise rejects with it.
   */
  open(nonce: Bytes, aad: Bytes, ciphertext: Bytes): MaybePromise<Bytes>;
}

/** An Ed25519 key pair in raw form. */
export interface SigningKeyPair {
  /** The 32-byte seed (RFC 8032, section 5.1.5). */
  readonly seed: Bytes;
  readonly publicKey: Bytes;
}

/** The primitives. All keys are raw bytes. */
export interface CipherSuite {
  /** Returns `length` bytes from the platform's secure source. */
  randomBytes(length: number): Bytes;
  sha256(data: Bytes): MaybePromise<Bytes>;
  hmacSha256(key: Bytes, data: Bytes): MaybePromise<Bytes>;
  /** HKDF-SHA-256 (RFC 5869), both steps in one call, where the platform has that; else it is made of HMACs. */
  hkdfSha256?(salt: Bytes, ikm: Bytes, output: { info: Bytes; length: number }): MaybePromise<Bytes>;
  pbkdf2Sha256(password: Bytes, salt: Bytes, iterations: number): MaybePromise<Bytes>;
  /**
   * X25519 (RFC 7748, section 6.1).
   *
   * @throws {AuthenticationError} If the result is all zeros: the public key is of small order.
   */
  x25519(privateKey: Bytes, publicKey: Bytes): MaybePromise<Bytes>;
  ed25519KeyPair(seed: Bytes): MaybePromise<SigningKeyPair>;
  ed25519Sign(key: SigningKeyPair, data: Bytes): MaybePromise<Bytes>;
  /** Tells whether the signature is valid; malformed keys and signatures are not. */
  ed25519Verify(publicKey: Bytes, signature: Bytes, data: Bytes): MaybePromise<boolean>;
  /** Prepares AES-256-GCM for one 32-byte key. */
  aesGcm(key: Bytes): MaybePromise<AesGcm>;
}

/** Thrown when something is not authentic: a forged, damaged or misplaced ciphertext, or a bad key. */
export class AuthenticationError extends Error {
  override readonly name = "AuthenticationError";
}

/** Length of every key, hash and secret in this folder, in bytes. */
export const KEY_BYTES = 32;
/** Length of an Ed25519 signature in bytes. */
export const SIGNATURE_BYTES = 64;
/** Length of an AES-GCM tag in bytes. */
export const TAG_BYTES = 16;
/** Length of an AES-GCM nonce in bytes. */
export const NONCE_BYTES = 12;

/** DER that precedes a raw private key in PKCS #8 (RFC 8410, section 7). */
export const PKCS8_PREFIX = {
  x25519: Uint8Array.fromHex("302e020100300506032b656e04220420"),
  ed25519: Uint8Array.fromHex("302e020100300506032b657004220420"),
} as const;

/** The base point of X25519. */
export const X25519_BASE_POINT: Bytes = Uint8Array.from({ length: KEY_BYTES }, (_, i) => (i === 0 ? 9 : 0));

/**
 * Checks the length of a secret or key.
 *
 * @throws {RangeError} If it is not 32 bytes.
 */
export function requireKey(what: string, key: Bytes): Bytes {
  if (key.length !== KEY_BYTES) {
    throw new RangeError(`Cannot use ${what}: it is ${key.length} bytes, not ${KEY_BYTES}`);
  }
  return key;
}

/**
 * Checks a shared secret of X25519.
 *
 * @throws {AuthenticationError} If it is all zeros.
 */
export function requireNonZero(shared: Bytes): Bytes {
  let any = 0;
  for (const byte of shared) any |= byte;
  if (any === 0) throw new AuthenticationError("Cannot agree on a key: the public key is of small order");
  return shared;
}
