import assert from "node:assert/strict";
import fc from "fast-check";
import { AuthenticationError } from "../../../src/crypto/cipher_suite.ts";
import { webSuite } from "../../../src/crypto/web_suite.ts";
import { hybridSuite, WEB_CRYPTO_FROM_BYTES } from "../../../src/host/hybrid_suite.ts";
import { equalBytes } from "../../../src/protocol/bytes.ts";
import { testSuite } from "../../helpers/suite_tests.ts";

testSuite("hybridSuite", hybridSuite);

const fixed = (length: number) => fc.uint8Array({ minLength: length, maxLength: length });

Deno.test("hybridSuite and webSuite open what the other sealed, on both sides of the size threshold", async () => {
  const size = fc.oneof(
    fc.nat(64),
    fc.integer({ min: WEB_CRYPTO_FROM_BYTES - 40, max: WEB_CRYPTO_FROM_BYTES + 40 }),
    fc.constantFrom(0, 256 * 1024),
  );
  await fc.assert(
    fc.asyncProperty(fixed(32), fixed(12), fc.uint8Array({ maxLength: 40 }), size, fc.nat(255), async (
      key,
      nonce,
      aad,
      length,
      fill,
    ) => {
      const hybrid = await hybridSuite.aesGcm(key);
      const web = await webSuite.aesGcm(key);
      const plaintext = new Uint8Array(length).fill(fill);
      const sealed = await hybrid.seal(nonce, aad, plaintext);
      assert.ok(equalBytes(sealed, await web.seal(nonce, aad, plaintext)));
      assert.ok(equalBytes(await hybrid.open(nonce, aad, sealed), plaintext));
      assert.ok(equalBytes(await web.open(nonce, aad, sealed), plaintext));
    }),
    { numRuns: 60 },
  );
});

Deno.test("hybridSuite and webSuite agree on every X25519 public key, refused ones included", async () => {
  const outcome = async (action: () => Promise<Uint8Array>) => {
    try {
      return (await action()).toHex();
    } catch (error) {
      if (error instanceof AuthenticationError) return error.name;
      throw error;
    }
  };
  const publicKey = fc.oneof(fixed(32), fc.nat(20).map((n) => new Uint8Array(32).with(0, n)));
  await fc.assert(
    fc.asyncProperty(fixed(32), publicKey, async (own, other) => {
      assert.equal(
        await outcome(async () => await hybridSuite.x25519(own, other)),
        await outcome(async () => await webSuite.x25519(own, other)),
      );
    }),
    { numRuns: 60 },
  );
});

Deno.test("hybridSuite and webSuite agree on whether a signature is valid", async () => {
  await fc.assert(
    fc.asyncProperty(fixed(32), fixed(64), fc.uint8Array({ maxLength: 40 }), async (seed, noise, data) => {
      const pair = await webSuite.ed25519KeyPair(seed);
      assert.deepEqual(await hybridSuite.ed25519KeyPair(seed), pair);
      const good = await webSuite.ed25519Sign(pair, data);
      for (const signature of [good, noise]) {
        for (const key of [pair.publicKey, noise.slice(0, 32)]) {
          assert.equal(
            await hybridSuite.ed25519Verify(key, signature, data),
            await webSuite.ed25519Verify(key, signature, data),
          );
        }
      }
    }),
    { numRuns: 30 },
  );
});

Deno.test("hybridSuite uses the bytes as they are at the call", async () => {
  const key = new Uint8Array(32).fill(1);
  const web = await webSuite.aesGcm(key);
  const hybrid = await hybridSuite.aesGcm(key);
  for (const size of [10, WEB_CRYPTO_FROM_BYTES, WEB_CRYPTO_FROM_BYTES]) {
    const plaintext = new Uint8Array(size).fill(2);
    const nonce = new Uint8Array(12).fill(3);
    const expected = await web.seal(nonce, nonce, plaintext);
    const inputs = [nonce.slice(), nonce.slice(), plaintext.slice()] as const;
    const sealing = hybrid.seal(...inputs);
    for (const input of inputs) input.fill(0xff);
    assert.ok(equalBytes(await sealing, expected));
    const sealed = expected.slice();
    const opening = hybrid.open(nonce, nonce, sealed);
    sealed.fill(0xff);
    assert.ok(equalBytes(await opening, plaintext));
  }
});

Deno.test("hybridSuite computes small inputs at once and large ones in parallel", async () => {
  const cipher = await hybridSuite.aesGcm(new Uint8Array(32));
  const nonce = new Uint8Array(12);
  const small = cipher.seal(nonce, nonce, new Uint8Array(WEB_CRYPTO_FROM_BYTES - 17));
  const large = cipher.seal(nonce, nonce, new Uint8Array(WEB_CRYPTO_FROM_BYTES));
  assert.ok(!(small instanceof Promise));
  assert.ok(large instanceof Promise);
  const openSmall = cipher.open(nonce, nonce, small);
  const openLarge = cipher.open(nonce, nonce, await large);
  assert.ok(!(openSmall instanceof Promise));
  assert.ok(openLarge instanceof Promise);
  await openLarge;
});
