import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import type { CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import { createSessionIdentity, hostIdentity } from "../../../src/crypto/identity.ts";
import { CardError, createCardSealer } from "../../../src/crypto/seal.ts";
import { type Bytes, concatBytes, EMPTY, utf8 } from "../../../src/protocol/bytes.ts";
import { Card } from "../../../src/protocol/card.ts";
import { Mode } from "../../../src/protocol/mode.ts";
import { lineText } from "../../helpers/any_text.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";
import { SUITES } from "../../helpers/suites.ts";
import cards from "../../vectors/card.json" with { type: "json" };
import * as oracle from "../../vectors/oracle.ts";
import { expectedCard, replayCard } from "../../vectors/replay.ts";

type Fields = Omit<Card, "hostKey" | "sessionKey" | "dhKey">;

const fields: Fields = {
  v: 1,
  seq: 3,
  name: "build",
  tags: ["ci"],
  platform: { os: "linux", family: "linux", arch: "x86_64", kernel: "6.1", shell: "/bin/sh" },
  mode: "edit",
  accepts: true,
  role: "service",
  version: "0.1.0",
  capabilities: [],
  startedAt: 1,
  connectedAt: 2,
};

const shortText = lineText();
/** What a date can hold. */
const time = fc.maxSafeNat().map((number) => Math.min(number, 8.64e15));
const anyFields: fc.Arbitrary<Fields> = fc.record({
  v: fc.constant(1 as const),
  seq: fc.maxSafeNat(),
  name: fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9._-]{0,20}$/),
  tags: fc.array(fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,10}$/), { maxLength: 5 }),
  platform: fc.record({
    os: shortText,
    family: fc.constantFrom("linux" as const, "macos" as const, "other" as const),
    arch: shortText,
    kernel: shortText,
    shell: shortText,
  }, { noNullPrototype: true }),
  mode: fc.constantFrom(...Mode.options),
  accepts: fc.boolean(),
  role: fc.constantFrom("service" as const, "session" as const),
  version: shortText,
  capabilities: fc.array(shortText, { maxLength: 3 }),
  startedAt: time,
  connectedAt: time,
}, { noNullPrototype: true });

/** A room with one member, whose keys are known. */
async function createMember(suite: CipherSuite) {
  const keys = {
    cardKey: suite.randomBytes(32),
    roomPublicKey: suite.randomBytes(32),
    host: await hostIdentity(suite, suite.randomBytes(32)),
    session: await createSessionIdentity(suite),
  };
  return { ...keys, sealer: await createCardSealer(suite, keys) };
}

type Member = Awaited<ReturnType<typeof createMember>>;

/** The JSON that a member signs. */
function jsonOf({ host, session }: Member, changes: Record<string, unknown> = {}): Record<string, unknown> {
  const text = (key: Bytes) => key.toBase64({ alphabet: "base64url", omitPadding: true });
  return {
    ...fields,
    hostKey: text(host.hostKey.publicKey),
    sessionKey: text(session.sessionKey.publicKey),
    dhKey: text(session.dhPublicKey),
    ...changes,
  };
}

/** Seals as a member of the room who keeps no rule could, through the oracle. */
function forge(
  member: Member,
  { json = jsonOf(member), ...changes }: {
    readonly json?: Record<string, unknown> | Uint8Array;
    readonly hostSeed?: Bytes;
    readonly sessionSeed?: Bytes;
    readonly address?: Bytes;
    readonly roomPublicKey?: Bytes;
  } = {},
): Bytes {
  return new Uint8Array(oracle.sealedCard({
    cardKey: member.cardKey,
    roomPublicKey: member.roomPublicKey,
    address: member.session.address,
    hostSeed: member.host.hostKey.seed,
    sessionSeed: member.session.sessionKey.seed,
    nonce: new Uint8Array(12),
    ...changes,
    json: json instanceof Uint8Array ? json : Buffer.from(JSON.stringify(json)),
  }));
}

for (const [name, suite] of SUITES) {
  for (const vector of cards.vectors) {
    Deno.test(`createCardSealer() passes the vector "${vector.name}" on ${name}`, async () => {
      const outcome = await replayCard(vector, suite);
      const expected = await expectedCard(vector, suite);
      assert.deepEqual(outcome.opened, expected.opened);
      // What a later version added was not kept, so it cannot be sealed again.
      if (vector.name === "plain") assert.equal(outcome.sealed, expected.sealed);
    });
  }

  Deno.test(`open() of seal() gives the card back with the keys of its maker on ${name}`, async () => {
    const member = await createMember(suite);
    const reader = await createCardSealer(suite, { ...await createMember(suite), ...roomOf(member) });
    await fc.assert(
      fc.asyncProperty(anyFields, async (written) => {
        const opened = await reader.open(member.session.address, await member.sealer.seal(written));
        assert.deepEqual(opened.card, jsonOf(member, written));
        assert.equal(opened.agentId, member.host.agentId);
        assert.deepEqual(opened.dhKey, member.session.dhPublicKey);
      }),
      { numRuns: 20 },
    );
  });

  Deno.test(`seal() never gives the same bytes twice on ${name}`, async () => {
    const { sealer } = await createMember(suite);
    const [first, second] = [await sealer.seal(fields), await sealer.seal(fields)];
    assert.notDeepEqual(first.subarray(0, 12), second.subarray(0, 12));
    assert.notDeepEqual(first.subarray(12), second.subarray(12));
  });

  Deno.test(`open() refuses a card with any byte changed, missing or added on ${name}`, async () => {
    const { sealer, session } = await createMember(suite);
    const sealed = await sealer.seal(fields);
    const refuse = (bytes: Bytes, what: string) =>
      assert.rejects(sealer.open(session.address, bytes), CardError, what);
    for (const { bytes, at } of eachFlip(sealed)) await refuse(bytes, `byte ${at}`);
    for (const cut of eachCut(sealed)) await refuse(cut, `${cut.length} bytes`);
    await refuse(concatBytes(sealed, Uint8Array.of(0)), "one more byte");
    await sealer.open(session.address, sealed);
  });

  const forgeries: readonly [string, (member: Member, other: Member) => Bytes][] = [
    ["another room", (member, other) => forge(member, { roomPublicKey: other.roomPublicKey })],
    ["another address", (member, other) => forge(member, { address: other.session.address })],
    ["another card key", (member, other) => forge({ ...member, cardKey: other.cardKey })],
    [
      "the host key of somebody else",
      (member, other) => forge(member, { json: jsonOf(member, { hostKey: jsonOf(other).hostKey }) }),
    ],
    [
      "the signature of another host",
      (member, other) => forge(member, { hostSeed: other.host.hostKey.seed }),
    ],
    [
      "the session key of another address",
      (member, other) =>
        forge(member, {
          json: jsonOf(member, { sessionKey: jsonOf(other).sessionKey }),
          sessionSeed: other.session.sessionKey.seed,
        }),
    ],
    [
      "the signature of another session",
      (member, other) => forge(member, { sessionSeed: other.session.sessionKey.seed }),
    ],
    ["text that is not JSON", (member) => forge(member, { json: utf8("{") })],
    ["text that is not UTF-8", (member) => forge(member, { json: Uint8Array.of(0xff) })],
    ["no JSON", (member) => forge(member, { json: EMPTY })],
    ["another version", (member) => forge(member, { json: jsonOf(member, { v: 2 }) })],
    ["a name that is none", (member) => forge(member, { json: jsonOf(member, { name: "a b" }) })],
    ["a key that is cut off", (member) => forge(member, { json: jsonOf(member, { dhKey: "AA" }) })],
  ];
  for (const [what, make] of forgeries) {
    Deno.test(`open() refuses a card with ${what} on ${name}`, async () => {
      const [member, other] = [await createMember(suite), await createMember(suite)];
      await assert.rejects(member.sealer.open(member.session.address, make(member, other)), CardError);
      await member.sealer.open(member.session.address, forge(member)); // So the forger can forge.
    });
  }

  Deno.test(`open() refuses a card without one of its signatures on ${name}`, async () => {
    const { cardKey, roomPublicKey, session, sealer, ...member } = await createMember(suite);
    const json = utf8(JSON.stringify(jsonOf({ cardKey, roomPublicKey, session, sealer, ...member })));
    const signed = oracle.tuple("remote-agents/1 card", roomPublicKey, session.address, json);
    const host = oracle.ed25519Sign(member.host.hostKey.seed, signed);
    const own = oracle.ed25519Sign(session.sessionKey.seed, signed);
    const zeros = new Uint8Array(64);
    const ad = oracle.tuple("remote-agents/1 sealed card", roomPublicKey, session.address);
    const seal = (...signatures: readonly Uint8Array[]) => {
      const nonce = new Uint8Array(12);
      const plaintext = concatBytes(...signatures, json);
      return concatBytes(nonce, oracle.aesGcm(cardKey, { nonce, ad, plaintext }));
    };
    const wrong = [[zeros, own], [host, zeros], [own, host], [host, host], [own, own], [host], [own], []];
    for (const signatures of wrong) {
      await assert.rejects(sealer.open(session.address, seal(...signatures)), CardError);
    }
    await sealer.open(session.address, seal(host, own));
  });

  Deno.test(`open() refuses a good card that is shown as that of another address or room on ${name}`, async () => {
    const [member, other] = [await createMember(suite), await createMember(suite)];
    const sealed = await member.sealer.seal(fields);
    await assert.rejects(member.sealer.open(other.session.address, sealed), CardError);
    await assert.rejects(member.sealer.open(member.session.address.subarray(0, 15), sealed), CardError);
    const elsewhere = await createCardSealer(suite, { ...member, roomPublicKey: other.roomPublicKey });
    await assert.rejects(elsewhere.open(member.session.address, sealed), CardError);
  });

  Deno.test(`open() bears fields of a later version on ${name}`, async () => {
    const member = await createMember(suite);
    const json = jsonOf(member, { later: { a: [1] }, platform: { ...fields.platform, cores: 8 } });
    const { card } = await member.sealer.open(member.session.address, forge(member, { json }));
    assert.deepEqual(card, jsonOf(member));
  });
}

function roomOf({ cardKey, roomPublicKey }: Member) {
  return { cardKey, roomPublicKey };
}
