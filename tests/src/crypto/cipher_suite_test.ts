import assert from "node:assert/strict";
import fc from "fast-check";
import {
  AuthenticationError,
  requireKey,
  requireNonZero,
  X25519_BASE_POINT,
} from "../../../src/crypto/cipher_suite.ts";

Deno.test("requireKey() returns a key of 32 bytes and refuses any other length by its name alone", () => {
  const key = new Uint8Array(32).fill(7);
  assert.equal(requireKey("card key", key), key);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 70 }), (bytes) => {
    if (bytes.length === 32) return;
    const expected = `Cannot use card key: it is ${bytes.length} bytes, not 32`;
    assert.throws(() => requireKey("card key", bytes), { name: "RangeError", message: expected });
  }));
});

Deno.test("requireNonZero() refuses zeros and nothing else", () => {
  assert.throws(() => requireNonZero(new Uint8Array(32)), AuthenticationError);
  for (let bit = 0; bit < 256; bit++) {
    const shared = new Uint8Array(32).with(bit >> 3, 1 << (bit & 7));
    assert.equal(requireNonZero(shared), shared);
  }
});

Deno.test("X25519_BASE_POINT is 9", () => {
  assert.equal(X25519_BASE_POINT.toHex(), `09${"00".repeat(31)}`);
});
