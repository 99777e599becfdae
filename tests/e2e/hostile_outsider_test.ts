/**
 * What those achieve who know something of a room, but not all that its members know: nothing.
 */
import assert from "node:assert/strict";
import { createToken, deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { OperationError } from "../../src/errors.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { encodeInitiation } from "../../src/protocol/packet.ts";
import { eventually } from "../helpers/eventually.ts";
import { joinAsHostileMember } from "../helpers/hostile_member.ts";
import { createJoin, createRawKeys, openRaw, startTestRelay } from "../helpers/relay.ts";
import { startTestPeer, type TestPeer } from "../helpers/test_peer.ts";

Deno.test("who knows the room's public key but not the token cannot join", async () => {
  await using relay = await startTestRelay();
  const { roomKey } = await deriveRoomSecret({ token: await createToken(), room: "den", suite: hybridSuite });
  const keys = await createRawKeys();
  const proofs = ["own key", "none"] as const;
  for (const proof of proofs) {
    await using raw = await openRaw(relay.url);
    const challenge = await raw.expect("challenge");
    const claim = await createJoin(raw.host, challenge, { room: keys });
    const roomProof = proof === "none" ? new Uint8Array(64) : claim.roomProof;
    raw.say({ ...claim, room: roomKey.publicKey, roomProof });
    assert.equal((await raw.expect("error")).code, "join_refused");
    assert.equal((await raw.closed()).code, 4401);
  }
});

Deno.test("who knows the token but not the encryption key joins, and learns and achieves nothing", async () => {
  await using relay = await startTestRelay();
  const place = { relayUrl: relay.url, token: await createToken(), room: "den" };
  const encryptionKey = await createToken();
  const runs: unknown[] = [];
  const start = (name: string, key: string | undefined): Promise<TestPeer> =>
    startTestPeer({
      ...place,
      name,
      encryptionKey: key,
      execute: (call) => {
        runs.push(call.params);
        return Promise.resolve({});
      },
    });
  await using host = await start("host", encryptionKey);
  await using caller = await start("caller", encryptionKey);
  await using outsider = await start("outsider", undefined);
  for (const { peer } of [host, caller, outsider]) await peer.ready();
  await eventually(
    "the cards were refused on both sides",
    () => outsider.count("bad_card") === 2 && host.count("bad_card") === 1 && caller.count("bad_card") === 1,
  );
  assert.deepEqual(outsider.peer.agents.map(({ name }) => name), ["outsider"]);
  assert.deepEqual(host.peer.agents.map(({ name }) => name).toSorted(), ["caller", "host"]);
  await assert.rejects(
    outsider.peer.request(host.address, { op: "exec", params: { command: "true" } }),
    (error) => error instanceof OperationError && error.code === "unknown_agent",
  );
  await using raw = await joinAsHostileMember(place);
  raw.raw.send(host.address, encodeInitiation(1, crypto.getRandomValues(new Uint8Array(500))));
  await eventually("the handshake failed", () => host.count("bad_handshake") === 1);
  assert.deepEqual(runs, []);
  await caller.peer.request(host.address, { op: "exec", params: {} });
  assert.deepEqual(runs, [{}]);
});
