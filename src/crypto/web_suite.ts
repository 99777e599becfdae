/**
 * The cipher suite on Web Crypto alone. It runs unchanged in Deno, browsers and Workers.
 */
import { type Bytes, concatBytes } from "../protocol/bytes.ts";
import {
  type AesGcm,
  AuthenticationError,
  type CipherSuite,
  PKCS8_PREFIX,
  requireKey,
  requireNonZero,
} from "./cipher_suite.ts";

/**
 * The suite on `crypto.subtle`.
 *
 * @example
 * ```ts
 * const digest = await webSuite.sha256(new TextEncoder().encode("abc"));
 * ```
 */
export const webSuite: CipherSuite = {
  randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),

  async sha256(data) {
    return new Uint8Array(await crypto.subtle.digest("SHA-256", data));
  },

  async hmacSha256(key, data) {
    // Web Crypto refuses an empty HMAC key; HMAC pads keys with zeros, so one zero byte is the same key.
    const raw = key.length === 0 ? new Uint8Array(1) : key;
    const hmac = await crypto.subtle.importKey("raw", raw, { name: "HMAC", hash: "SHA-256" }, false, [
      "sign",
    ]);
    return new Uint8Array(await crypto.subtle.sign("HMAC", hmac, data));
  },

  async pbkdf2Sha256(password, salt, iterations) {
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits(
      { name: "PBKDF2", hash: "SHA-256", salt, iterations },
      key,
      256,
    );
    return new Uint8Array(bits);
  },

  async x25519(privateKey, publicKey) {
    requireKey("X25519 public key", publicKey);
    const own = await importPrivate("X25519", PKCS8_PREFIX.x25519, privateKey, ["deriveBits"]);
    const other = await crypto.subtle.importKey("raw", publicKey, { name: "X25519" }, false, []);
    let bits: ArrayBuffer;
    try {
      bits = await crypto.subtle.deriveBits({ name: "X25519", public: other }, own, 256);
    } catch (cause) {
      throw new AuthenticationError("Cannot agree on a key: the public key is of small order", { cause });
    }
    return requireNonZero(new Uint8Array(bits));
  },

  async ed25519KeyPair(seed) {
    const key = await importPrivate("Ed25519", PKCS8_PREFIX.ed25519, seed, ["sign"]);
    const { x } = await crypto.subtle.exportKey("jwk", key);
    if (x === undefined) throw new TypeError("Cannot read Ed25519 key: the platform exports no public key");
    return { seed, publicKey: Uint8Array.fromBase64(x, { alphabet: "base64url" }) };
  },

  async ed25519Sign({ seed }, data) {
    const key = await importPrivate("Ed25519", PKCS8_PREFIX.ed25519, seed, ["sign"]);
    return new Uint8Array(await crypto.subtle.sign("Ed25519", key, data));
  },

  async ed25519Verify(publicKey, signature, data) {
    try {
      const key = await crypto.subtle.importKey("raw", publicKey, { name: "Ed25519" }, false, ["verify"]);
      return await crypto.subtle.verify("Ed25519", key, signature, data);
    } catch {
      // A key that cannot be imported signed nothing.
      return false;
    }
  },

  async aesGcm(key) {
    return webAesGcm(
      await crypto.subtle.importKey("raw", requireKey("AES key", key), "AES-GCM", false, [
        "encrypt",
        "decrypt",
      ]),
    );
  },
};

function webAesGcm(key: CryptoKey): AesGcm {
  return {
    async seal(nonce, aad, plaintext) {
      return new Uint8Array(
        await crypto.subtle.encrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, plaintext),
      );
    },
    async open(nonce, aad, ciphertext) {
      try {
        return new Uint8Array(
          await crypto.subtle.decrypt({ name: "AES-GCM", iv: nonce, additionalData: aad }, key, ciphertext),
        );
      } catch (cause) {
        throw new AuthenticationError("Cannot decrypt: the data is not authentic", { cause });
      }
    },
  };
}

function importPrivate(
  name: "X25519" | "Ed25519",
  prefix: Bytes,
  raw: Bytes,
  usages: ("deriveBits" | "sign")[],
): Promise<CryptoKey> {
  return crypto.subtle.importKey(
    "pkcs8",
    concatBytes(prefix, requireKey(`${name} key`, raw)),
    { name },
    true,
    usages,
  );
}
