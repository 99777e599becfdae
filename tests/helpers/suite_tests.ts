/**
 * What every cipher suite must do, by published vectors; the tests of each suite register them.
 */
import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concatBytes, EMPTY, utf8 } from "../../src/protocol/bytes.ts";
import {
  AuthenticationError,
  type CipherSuite,
  type MaybePromise,
  X25519_BASE_POINT,
} from "../../src/crypto/cipher_suite.ts";
import * as oracle from "../vectors/oracle.ts";
import { eachFlip } from "./damage.ts";

/** Public keys of small order, and their twins that are not reduced or have the unused bit set. */
export const SMALL_ORDER_POINTS: readonly string[] = [
  "00".repeat(32),
  `01${"00".repeat(31)}`,
  "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
  "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
  `ec${"ff".repeat(30)}7f`,
  `ed${"ff".repeat(30)}7f`,
  `ee${"ff".repeat(30)}7f`,
  `${"00".repeat(31)}80`,
  `01${"00".repeat(30)}80`,
];

const hex = (text: string): Bytes => Uint8Array.fromHex(text.replaceAll(" ", ""));

/** RFC 6234 and FIPS 180. */
const HASHES: readonly [string, string][] = [
  ["", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"],
  ["abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"],
];

/** RFC 4231, cases 1 and 2; then nothing at all. */
const MACS: readonly [string, string, string][] = [
  [
    "0b".repeat(20),
    utf8("Hi There").toHex(),
    "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
  ],
  [
    utf8("Jefe").toHex(),
    utf8("what do ya want for nothing?").toHex(),
    "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
  ],
  ["", "", "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad"],
];

/** The common vectors of PBKDF2-HMAC-SHA-256 for "password" and "salt". */
const STRETCHED: readonly [number, string][] = [
  [1, "120fb6cffcf8b32c43e7225256c4f837a86548c92ccc35480805987cb70be17b"],
  [2, "ae4d0c95af6b46d32d0adff928f06dd02a303f8ef3c251dfd6e2d85a95474c43"],
  [4096, "c5e478d59288c841aa530db6845c4c8d962893a001ce4e11a4963873aa98134a"],
];

/** RFC 7748, section 5.2, then 6.1: private key, public key, result. */
const AGREEMENTS: readonly [string, string, string][] = [
  [
    "a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4",
    "e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c",
    "c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552",
  ],
  [
    "4b66e9d4d1b4673c5ad22691957d6af5c11b6421e0ea01d42ca4169e7918ba0d",
    "e5210f12786811d3f4b7959d0538ae2c31dbe7106fc03c3efc4cd549c715a493",
    "95cbde9476e8907d7aade45cb4b873f88b595a68799fa152e6f8f7647aac7957",
  ],
  [
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
  ],
  [
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
    "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742",
  ],
];

/** RFC 7748, section 6.1: private key, public key. */
const PUBLIC_KEYS: readonly [string, string][] = [
  [
    "77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a",
    "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a",
  ],
  [
    "5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb",
    "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f",
  ],
];

/** RFC 8032, section 7.1, TEST 1 and TEST 2: seed, public key, message, signature. */
const SIGNATURES: readonly [string, string, string, string][] = [
  [
    "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
    "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
    "",
    "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
  ],
  [
    "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
    "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
    "72",
    "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
  ],
];

const KEY_15 = "feffe9928665731c6d6a8f9467308308".repeat(2);
const PLAINTEXT_15 = "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a72" +
  "1c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b391aafd255";
const CIPHERTEXT_15 = "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa" +
  "8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662898015ad";

/** The GCM specification (submitted to NIST), test cases 13 to 16. */
const SEALED = [
  {
    name: "13",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    aad: "",
    plaintext: "",
    sealed: "530f8afbc74536b9a963b4f1c4cb738b",
  },
  {
    name: "14",
    key: "00".repeat(32),
    nonce: "00".repeat(12),
    aad: "",
    plaintext: "00".repeat(16),
    sealed: "cea7403d4d606b6e074ec5d3baf39d18" + "d0d1c8a799996bf0265b98b5d48ab919",
  },
  {
    name: "15",
    key: KEY_15,
    nonce: "cafebabefacedbaddecaf888",
    aad: "",
    plaintext: PLAINTEXT_15,
    sealed: CIPHERTEXT_15 + "b094dac5d93471bdec1a502270e3cc6c",
  },
  {
    name: "16",
    key: KEY_15,
    nonce: "cafebabefacedbaddecaf888",
    aad: "feedfacedeadbeeffeedfacedeadbeefabaddad2",
    plaintext: PLAINTEXT_15.slice(0, 120),
    sealed: CIPHERTEXT_15.slice(0, 120) + "76fc6ece0f4e1768cddf8853bb2d551b",
  },
] as const;

/** Registers the tests of one suite. */
export function testSuite(name: string, suite: CipherSuite): void {
  registerHashes(name, suite);
  registerAgreements(name, suite);
  registerSignatures(name, suite);
  registerEncryption(name, suite);
}

function registerHashes(name: string, suite: CipherSuite): void {
  for (const [text, digest] of HASHES) {
    Deno.test(`${name}.sha256() of "${text}" is the published one`, async () => {
      assert.equal((await suite.sha256(utf8(text))).toHex(), digest);
    });
  }
  for (const [key, data, mac] of MACS) {
    Deno.test(`${name}.hmacSha256() of "${data}" is the published one`, async () => {
      assert.equal((await suite.hmacSha256(hex(key), hex(data))).toHex(), mac);
    });
  }
  for (const [iterations, key] of STRETCHED) {
    Deno.test(`${name}.pbkdf2Sha256() of ${iterations} iterations is the published one`, async () => {
      assert.equal((await suite.pbkdf2Sha256(utf8("password"), utf8("salt"), iterations)).toHex(), key);
    });
  }
  Deno.test(`${name}.randomBytes() gives other bytes each time, in memory of their own`, () => {
    for (const length of [0, 4, 32, 1000]) {
      const bytes = suite.randomBytes(length);
      assert.deepEqual([bytes.length, bytes.byteOffset, bytes.buffer.byteLength], [length, 0, length]);
    }
    assert.notDeepEqual(suite.randomBytes(32), suite.randomBytes(32));
  });
}

function registerAgreements(name: string, suite: CipherSuite): void {
  for (const [own, other, shared] of AGREEMENTS) {
    Deno.test(`${name}.x25519() of ${own.slice(0, 8)} and ${other.slice(0, 8)} is that of RFC 7748`, async () => {
      assert.equal((await suite.x25519(hex(own), hex(other))).toHex(), shared);
    });
  }
  for (const [own, publicKey] of PUBLIC_KEYS) {
    Deno.test(`${name}.x25519() with the base point gives the public key of ${own.slice(0, 8)}`, async () => {
      assert.equal((await suite.x25519(hex(own), X25519_BASE_POINT)).toHex(), publicKey);
      assert.equal((await suite.x25519(hex(own), X25519_BASE_POINT.slice())).toHex(), publicKey);
    });
  }
  for (const point of SMALL_ORDER_POINTS) {
    Deno.test(`${name}.x25519() refuses the point of small order ${point.slice(0, 8)}...${point.slice(-2)}`, async () => {
      await assert.rejects(
        attempt(() => suite.x25519(suite.randomBytes(32), hex(point))),
        AuthenticationError,
      );
    });
  }
  for (const length of [0, 31, 33]) {
    Deno.test(`${name}.x25519() refuses keys of ${length} bytes`, async () => {
      const bad = new Uint8Array(length).fill(9);
      await assert.rejects(attempt(() => suite.x25519(bad, X25519_BASE_POINT)), RangeError);
      await assert.rejects(attempt(() => suite.x25519(new Uint8Array(32).fill(9), bad)), RangeError);
    });
  }
}

function registerSignatures(name: string, suite: CipherSuite): void {
  for (const [seed, publicKey, data, signature] of SIGNATURES) {
    Deno.test(`${name} signs "${data}" as RFC 8032 does`, async () => {
      const key = await suite.ed25519KeyPair(hex(seed));
      assert.equal(key.publicKey.toHex(), publicKey);
      assert.equal((await suite.ed25519Sign(key, hex(data))).toHex(), signature);
      assert.equal(await suite.ed25519Verify(hex(publicKey), hex(signature), hex(data)), true);
    });
  }

  Deno.test(`${name}.ed25519Verify() refuses a signature, key or text with any byte changed`, async () => {
    const key = await suite.ed25519KeyPair(hex(SIGNATURES[0]?.[0] ?? ""));
    const data = utf8("text");
    const signature = await suite.ed25519Sign(key, data);
    for (const { bytes, at } of eachFlip(signature)) {
      assert.equal(await suite.ed25519Verify(key.publicKey, bytes, data), false, `signature, byte ${at}`);
    }
    for (const { bytes, at } of eachFlip(key.publicKey)) {
      assert.equal(await suite.ed25519Verify(bytes, signature, data), false, `key, byte ${at}`);
    }
    for (const { bytes } of eachFlip(data)) {
      assert.equal(await suite.ed25519Verify(key.publicKey, signature, bytes), false);
    }
  });

  Deno.test(`${name}.ed25519Verify() refuses the second form of a valid signature`, async () => {
    const key = await suite.ed25519KeyPair(hex(SIGNATURES[0]?.[0] ?? ""));
    const signature = await suite.ed25519Sign(key, EMPTY);
    const other = concatBytes(signature.subarray(0, 32), addGroupOrder(signature.subarray(32)));
    assert.equal(await suite.ed25519Verify(key.publicKey, other, EMPTY), false);
  });

  Deno.test(`${name}.ed25519Verify() is false for keys and signatures of other lengths`, async () => {
    const key = await suite.ed25519KeyPair(hex(SIGNATURES[0]?.[0] ?? ""));
    const signature = await suite.ed25519Sign(key, EMPTY);
    for (const length of [0, 31, 33]) {
      assert.equal(await suite.ed25519Verify(new Uint8Array(length), signature, EMPTY), false);
    }
    for (const bad of [EMPTY, signature.slice(0, 63), concatBytes(signature, Uint8Array.of(0))]) {
      assert.equal(await suite.ed25519Verify(key.publicKey, bad, EMPTY), false);
    }
  });

  Deno.test(`${name}.ed25519KeyPair() refuses seeds of other lengths`, async () => {
    for (const length of [0, 31, 33]) {
      await assert.rejects(attempt(() => suite.ed25519KeyPair(new Uint8Array(length))), RangeError);
    }
  });
}

function registerEncryption(name: string, suite: CipherSuite): void {
  for (const { name: number, key, nonce, aad, plaintext, sealed } of SEALED) {
    Deno.test(`${name}.aesGcm() seals and opens test case ${number} of the GCM specification`, async () => {
      const cipher = await suite.aesGcm(hex(key));
      assert.equal((await cipher.seal(hex(nonce), hex(aad), hex(plaintext))).toHex(), sealed);
      assert.equal((await cipher.open(hex(nonce), hex(aad), hex(sealed))).toHex(), plaintext);
    });
  }

  for (const size of [0, 40, 9000]) {
    Deno.test(`${name}.aesGcm() opens ${size} bytes only with the same key, nonce and AAD`, async () => {
      const [key, nonce, aad] = [suite.randomBytes(32), suite.randomBytes(12), suite.randomBytes(13)];
      const cipher = await suite.aesGcm(key);
      const sealed = await cipher.seal(nonce, aad, suite.randomBytes(size));
      const refuse = (open: () => MaybePromise<Bytes>) => assert.rejects(attempt(open), AuthenticationError);
      for (const { bytes } of eachFlip(nonce)) await refuse(() => cipher.open(bytes, aad, sealed));
      for (const { bytes } of eachFlip(aad)) await refuse(() => cipher.open(nonce, bytes, sealed));
      await refuse(() => cipher.open(nonce, EMPTY, sealed));
      const other = await suite.aesGcm(key.with(31, (key[31] ?? 0) ^ 1));
      await refuse(() => other.open(nonce, aad, sealed));
      const some = size < 100 ? sealed : concatBytes(sealed.subarray(0, 20), sealed.subarray(-20));
      for (const { bytes, at } of eachFlip(some)) {
        const damaged = sealed.slice();
        const index = at < 20 || size < 100 ? at : sealed.length - some.length + at;
        damaged[index] = bytes[at] ?? 0;
        await refuse(() => cipher.open(nonce, aad, damaged));
      }
    });
  }

  Deno.test(`${name}.aesGcm() refuses a ciphertext that is cut off or longer`, async () => {
    const cipher = await suite.aesGcm(new Uint8Array(32));
    const nonce = new Uint8Array(12);
    const sealed = await cipher.seal(nonce, EMPTY, utf8("some text"));
    for (let length = 0; length < sealed.length; length++) {
      await assert.rejects(
        attempt(() => cipher.open(nonce, EMPTY, sealed.slice(0, length))),
        AuthenticationError,
      );
    }
    const longer = concatBytes(sealed, Uint8Array.of(0));
    await assert.rejects(attempt(() => cipher.open(nonce, EMPTY, longer)), AuthenticationError);
  });

  Deno.test(`${name}.aesGcm() refuses keys of other lengths`, async () => {
    for (const length of [0, 16, 24, 31, 33]) {
      await assert.rejects(attempt(() => suite.aesGcm(new Uint8Array(length))), RangeError);
    }
  });

  Deno.test(`${name} agrees with the oracle on random inputs that begin inside their buffers`, async () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const bytes = fc.uint8Array({ maxLength: 200 });
    await fc.assert(
      fc.asyncProperty(key, key, bytes, bytes, async (a, b, data, aad) => {
        const [first, second, text, ad] = [inside(a), inside(b), inside(data), inside(aad)];
        assert.equal((await suite.sha256(text)).toHex(), oracle.sha256(data).toString("hex"));
        assert.equal((await suite.hmacSha256(ad, text)).toHex(), oracle.hmac(aad, data).toString("hex"));
        const publicKey = await suite.x25519(first, X25519_BASE_POINT);
        assert.equal(publicKey.toHex(), oracle.publicKey("x25519", a).toString("hex"));
        const shared = await suite.x25519(second, inside(publicKey));
        assert.equal(shared.toHex(), oracle.x25519(b, publicKey).toString("hex"));
        const pair = await suite.ed25519KeyPair(first);
        const signature = await suite.ed25519Sign(pair, text);
        assert.equal(signature.toHex(), oracle.ed25519Sign(a, data).toString("hex"));
        assert.ok(await suite.ed25519Verify(inside(pair.publicKey), inside(signature), text));
        const nonce = a.slice(0, 12);
        const cipher = await suite.aesGcm(second);
        const sealed = await cipher.seal(inside(nonce), ad, text);
        assert.equal(sealed.toHex(), oracle.aesGcm(b, { nonce, ad: aad, plaintext: data }).toString("hex"));
        assert.deepEqual(await cipher.open(inside(nonce), ad, inside(sealed)), data);
      }),
      { numRuns: 30 },
    );
  });
}

/** Makes one kind of failure of what a suite throws at once and what it rejects with. */
async function attempt<T>(action: () => MaybePromise<T>): Promise<T> {
  return await action();
}

/** The same bytes as a view into a larger buffer. */
function inside(bytes: Bytes): Bytes {
  const buffer = new Uint8Array(bytes.length + 9).fill(0xa5);
  buffer.set(bytes, 5);
  return buffer.subarray(5, 5 + bytes.length);
}

/** Adds the order of Ed25519's group to a little-endian number: a signature that a lax verifier takes as well. */
function addGroupOrder(scalar: Uint8Array): Bytes {
  const order = 2n ** 252n + 27742317777372353535851937790883648493n;
  let sum = BigInt(`0x${scalar.toReversed().toHex()}`) + order;
  const out = new Uint8Array(32);
  for (let i = 0; i < 32; i++, sum >>= 8n) out[i] = Number(sum & 0xffn);
  return out;
}
