import assert from "node:assert/strict";
import { addressOf } from "../../../src/protocol/address.ts";
import { createSessionIdentity, hostIdentity } from "../../../src/crypto/identity.ts";
import { SUITES } from "../../helpers/suites.ts";
import identities from "../../vectors/identity.json" with { type: "json" };
import * as oracle from "../../vectors/oracle.ts";
import { replayIdentity } from "../../vectors/replay.ts";

for (const [name, suite] of SUITES) {
  for (const [i, vector] of identities.vectors.entries()) {
    Deno.test(`hostIdentity() and the names of keys pass vector ${i} on ${name}`, async () => {
      assert.deepEqual(await replayIdentity(vector, suite), vector);
    });
  }

  Deno.test(`hostIdentity() refuses a seed of another length on ${name}`, async () => {
    for (const length of [0, 31, 33]) {
      await assert.rejects(hostIdentity(suite, new Uint8Array(length)), RangeError);
    }
  });

  Deno.test(`createSessionIdentity() makes keys that belong together on ${name}`, async () => {
    const { sessionKey, dhKey, dhPublicKey, address } = await createSessionIdentity(suite);
    assert.equal(sessionKey.publicKey.toHex(), oracle.publicKey("ed25519", sessionKey.seed).toString("hex"));
    assert.equal(dhPublicKey.toHex(), oracle.publicKey("x25519", dhKey).toString("hex"));
    assert.deepEqual(address, await addressOf(sessionKey.publicKey));
  });

  Deno.test(`createSessionIdentity() makes all keys anew each time on ${name}`, async () => {
    const made = [await createSessionIdentity(suite), await createSessionIdentity(suite)];
    const keys = made.flatMap(({ sessionKey, dhKey }) => [sessionKey.seed.toHex(), dhKey.toHex()]);
    assert.equal(new Set(keys).size, 4);
  });
}
