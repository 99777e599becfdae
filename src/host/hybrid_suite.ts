/**
 * The node's cipher suite: `node:crypto` for what is small, Web Crypto for large AES-GCM inputs, which it computes
 * in parallel. The crossover was measured; see docs/BENCHMARKS.md.
 */
import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  type KeyObject,
  randomBytes,
  sign,
  verify,
} from "node:crypto";
import {
  type AesGcm,
  AuthenticationError,
  type CipherSuite,
  PKCS8_PREFIX,
  requireKey,
  requireNonZero,
  TAG_BYTES,
  X25519_BASE_POINT,
} from "../crypto/cipher_suite.ts";
import { webSuite } from "../crypto/web_suite.ts";
import { type Bytes, concatBytes } from "../protocol/bytes.ts";

/** From this size up, Web Crypto's threads win over `node:crypto`'s lower cost of a call. */
export const WEB_CRYPTO_FROM_BYTES = 8 * 1024;

/** DER that precedes a raw X25519 or Ed25519 public key in SubjectPublicKeyInfo (RFC 8410, section 4). */
const SPKI_PREFIX = {
  x25519: Uint8Array.fromHex("302a300506032b656e032100"),
  ed25519: Uint8Array.fromHex("302a300506032b6570032100"),
} as const;

/** The suite of `node:crypto` and Web Crypto together. It gives the same results as `webSuite`. */
export const hybridSuite: CipherSuite = {
  randomBytes: (length) => toBytes(randomBytes(length)),
  sha256: (data) => toBytes(createHash("sha256").update(data).digest()),
  hmacSha256: (key, data) => toBytes(createHmac("sha256", key).update(data).digest()),
  hkdfSha256: (salt, ikm, { info, length }) => new Uint8Array(hkdfSync("sha256", ikm, salt, info, length)),
  pbkdf2Sha256: (password, salt, iterations) => webSuite.pbkdf2Sha256(password, salt, iterations),

  x25519(privateKey, publicKey) {
    const own = privateKeyObject("x25519", privateKey);
    // With the base point this computes a public key, which createPublicKey does in a fraction of the time.
    if (publicKey === X25519_BASE_POINT) return publicPart(own);
    let shared: Uint8Array;
    try {
      shared = diffieHellman({ privateKey: own, publicKey: publicKeyObject("x25519", publicKey) });
    } catch (cause) {
      if (cause instanceof RangeError) throw cause;
      throw new AuthenticationError("Cannot agree on a key: the public key is of small order", { cause });
    }
    return requireNonZero(toBytes(shared));
  },

  ed25519KeyPair: (seed) => ({ seed, publicKey: publicPart(privateKeyObject("ed25519", seed)) }),
  ed25519Sign: ({ seed }, data) => toBytes(sign(null, data, privateKeyObject("ed25519", seed))),
  ed25519Verify(publicKey, signature, data) {
    try {
      return verify(null, data, publicKeyObject("ed25519", publicKey), signature);
    } catch {
      // A key that cannot be imported signed nothing.
      return false;
    }
  },

  aesGcm(key) {
    requireKey("AES key", key);
    // Most keys are of handshakes and seal nothing large: Web Crypto's form of a key is made when it is needed.
    let web: AesGcm | undefined;
    let importing: Promise<AesGcm> | undefined;
    const large = async () => web = await (importing ??= Promise.resolve(webSuite.aesGcm(key)));
    /** Whoever calls may use the bytes again after the call, so what waits for the key keeps a copy. */
    const later = async (use: "seal" | "open", [nonce, aad, data]: [Bytes, Bytes, Bytes]) => {
      const kept: [Bytes, Bytes, Bytes] = [nonce.slice(), aad.slice(), data.slice()];
      return await (await large())[use](...kept);
    };
    return {
      seal: (nonce, aad, plaintext) =>
        plaintext.length < WEB_CRYPTO_FROM_BYTES
          ? sealSmall(key, { nonce, aad, plaintext })
          : web?.seal(nonce, aad, plaintext) ?? later("seal", [nonce, aad, plaintext]),
      open: (nonce, aad, ciphertext) =>
        ciphertext.length < WEB_CRYPTO_FROM_BYTES
          ? openSmall(key, { nonce, aad, ciphertext })
          : web?.open(nonce, aad, ciphertext) ?? later("open", [nonce, aad, ciphertext]),
    } satisfies AesGcm;
  },
};

function sealSmall(
  key: Bytes,
  { nonce, aad, plaintext }: { nonce: Bytes; aad: Bytes; plaintext: Bytes },
): Bytes {
  const cipher = createCipheriv("aes-256-gcm", key, nonce);
  cipher.setAAD(aad);
  const body = cipher.update(plaintext);
  cipher.final();
  return concatBytes(body, cipher.getAuthTag());
}

function openSmall(
  key: Bytes,
  { nonce, aad, ciphertext }: { nonce: Bytes; aad: Bytes; ciphertext: Bytes },
): Bytes {
  const end = ciphertext.length - TAG_BYTES;
  if (end < 0) throw new AuthenticationError("Cannot decrypt: the data is cut off");
  const decipher = createDecipheriv("aes-256-gcm", key, nonce, { authTagLength: TAG_BYTES });
  decipher.setAAD(aad);
  decipher.setAuthTag(ciphertext.subarray(end));
  const body = decipher.update(ciphertext.subarray(0, end));
  try {
    decipher.final();
  } catch (cause) {
    throw new AuthenticationError("Cannot decrypt: the data is not authentic", { cause });
  }
  return toBytes(body);
}

function privateKeyObject(kind: "x25519" | "ed25519", raw: Bytes): KeyObject {
  const der = concatBytes(PKCS8_PREFIX[kind], requireKey(`${kind} key`, raw));
  return createPrivateKey({ key: asBuffer(der), format: "der", type: "pkcs8" });
}

function publicKeyObject(kind: "x25519" | "ed25519", raw: Bytes): KeyObject {
  const der = concatBytes(SPKI_PREFIX[kind], requireKey(`${kind} public key`, raw));
  return createPublicKey({ key: asBuffer(der), format: "der", type: "spki" });
}

function publicPart(privateKey: KeyObject): Bytes {
  const der = createPublicKey(privateKey).export({ format: "der", type: "spki" });
  return toBytes(der).slice(-32);
}

function asBuffer(bytes: Bytes): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** A Buffer of node:crypto as plain bytes; it owns or shares a plain ArrayBuffer, never a SharedArrayBuffer. */
function toBytes(buffer: Uint8Array): Bytes {
  return new Uint8Array(buffer.buffer as ArrayBuffer, buffer.byteOffset, buffer.byteLength);
}
