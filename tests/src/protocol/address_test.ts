import assert from "node:assert/strict";
import fc from "fast-check";
import { addressOf, agentIdOf, formatAddress, roomIdOf } from "../../../src/protocol/address.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import * as oracle from "../../vectors/oracle.ts";

Deno.test("addressOf(), roomIdOf() and agentIdOf() agree with the oracle on any key", async () => {
  const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
  await fc.assert(fc.asyncProperty(key, async (publicKey) => {
    assert.equal((await addressOf(publicKey)).toHex(), oracle.addressOf(publicKey).toString("hex"));
    assert.equal(await roomIdOf(publicKey), oracle.roomIdOf(publicKey));
    assert.equal(await agentIdOf(publicKey), oracle.agentIdOf(publicKey));
    assert.equal(await agentIdOf(publicKey, hybridSuite.sha256), oracle.agentIdOf(publicKey));
    assert.deepEqual(await addressOf(publicKey, hybridSuite.sha256), await addressOf(publicKey));
  }));
});

Deno.test("the names have the lengths that the protocol says", async () => {
  const key = new Uint8Array(32);
  assert.equal((await addressOf(key)).length, 16);
  assert.match(await roomIdOf(key), /^[a-z2-7]{32}$/);
  assert.match(await agentIdOf(key), /^[a-z2-7]{20}$/);
});

Deno.test("formatAddress() gives each address a text of its own", () => {
  const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
  fc.assert(fc.property(address, address, (a, b) => {
    assert.match(formatAddress(a), /^[a-z2-7]{26}$/);
    assert.equal(formatAddress(a) === formatAddress(b), a.toHex() === b.toHex());
  }));
  assert.equal(formatAddress(new Uint8Array(16)), "a".repeat(26));
});
