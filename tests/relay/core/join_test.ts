import assert from "node:assert/strict";
import fc from "fast-check";
import { addressOf, roomIdOf } from "../../../src/protocol/address.ts";
import { CloseCode, encodePeerMessage } from "../../../src/protocol/control.ts";
import { checkJoin, createNonce, type JoinContext, type JoinMessage } from "../../../relay/core/join.ts";
import { createJoin, createRawKeys } from "../../helpers/relay.ts";

const HOST = "relay.example:8080";

async function createCase() {
  const [room, session] = await Promise.all([createRawKeys(), createRawKeys()]);
  const context: JoinContext = { nonce: createNonce(), expectedHosts: [HOST], allowedRooms: new Set() };
  const join = await createJoin(HOST, { type: "challenge", protocol: 1, nonce: context.nonce }, {
    room,
    session,
  });
  return { room, session, context, join };
}

const check = (join: JoinMessage, context: JoinContext) => checkJoin(encodePeerMessage(join), context);

Deno.test("checkJoin() returns room id, address, card and watch of a proven join", async () => {
  const { room, session, context, join } = await createCase();
  const expected = {
    roomId: await roomIdOf(room.publicKey),
    address: await addressOf(session.publicKey),
    card: join.card,
    watch: false,
    client: join.client,
  };
  assert.deepEqual(await check(join, context), { ok: true, joined: expected });
  const allowed = { ...context, allowedRooms: new Set([expected.roomId]) };
  assert.deepEqual(await check(join, allowed), { ok: true, joined: expected });
});

Deno.test("checkJoin() takes the public host beside the Host header, in any case of letters", async () => {
  const { context, join } = await createCase();
  const behindProxy = { ...context, expectedHosts: ["127.0.0.1:9", "Relay.Example:8080"] };
  assert.equal((await check({ ...join, host: "RELAY.example:8080" }, behindProxy)).ok, true);
});

type Change = (made: Awaited<ReturnType<typeof createCase>>) => Promise<[JoinMessage, JoinContext]>;
const refusals: readonly { name: string; code: string; closeCode: number; text: RegExp; change: Change }[] = [
  {
    name: "a wrong room proof",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /room key/,
    change: ({ join, context }) => Promise.resolve([{ ...join, roomProof: join.sessionProof }, context]),
  },
  {
    name: "a session key of somebody else",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /room key|session key/,
    change: async ({ join, context }) => [{ ...join, session: (await createRawKeys()).publicKey }, context],
  },
  {
    name: "a stolen session key in a room of one's own",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /session key/,
    change: async ({ room, session, context }) => {
      const thief = { publicKey: session.publicKey, privateKey: (await createRawKeys()).privateKey };
      const challenge = { type: "challenge", protocol: 1, nonce: context.nonce } as const;
      return [await createJoin(HOST, challenge, { room, session: thief }), context];
    },
  },
  {
    name: "a proof for another challenge",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /room key/,
    change: ({ join, context }) => Promise.resolve([join, { ...context, nonce: createNonce() }]),
  },
  {
    name: "a proof that was made for another relay",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /room key/,
    change: ({ join, context }) =>
      Promise.resolve([{ ...join, host: "other.example" }, { ...context, expectedHosts: ["other.example"] }]),
  },
  {
    name: "another Host, naming both and the remedy",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /"relay\.example:8080".*"127\.0\.0\.1:9".*--public-host "relay\.example:8080"/,
    change: ({ join, context }) => Promise.resolve([join, { ...context, expectedHosts: ["127.0.0.1:9"] }]),
  },
  {
    name: "a room that is not on the list",
    code: "room_not_allowed",
    closeCode: CloseCode.roomNotAllowed,
    text: /--allow-room [a-z2-7]{32}$/,
    change: ({ join, context }) => Promise.resolve([join, { ...context, allowedRooms: new Set(["x"]) }]),
  },
  {
    name: "another version of the protocol",
    code: "unsupported_version",
    closeCode: CloseCode.joinRefused,
    text: /speaks protocol 2, this relay speaks 1/,
    change: ({ join, context }) => Promise.resolve([{ ...join, protocol: 2 }, context]),
  },
  {
    name: "a key that is no point of the curve",
    code: "join_refused",
    closeCode: CloseCode.joinRefused,
    text: /session key/,
    change: async ({ room, context }) => {
      const session = {
        publicKey: new Uint8Array(32).fill(0xff),
        privateKey: (await createRawKeys()).privateKey,
      };
      const challenge = { type: "challenge", protocol: 1, nonce: context.nonce } as const;
      return [await createJoin(HOST, challenge, { room, session }), context];
    },
  },
];

for (const { name, code, closeCode, text, change } of refusals) {
  Deno.test(`checkJoin() refuses ${name}`, async () => {
    const outcome = await check(...await change(await createCase()));
    assert.ok(!outcome.ok);
    assert.deepEqual([outcome.refusal.code, outcome.refusal.closeCode], [code, closeCode]);
    assert.match(outcome.refusal.message, text);
  });
}

const texts: readonly [text: string, code: string][] = [
  ["", "bad_message"],
  ["ping", "bad_message"],
  ["null", "bad_message"],
  ["{}", "bad_message"],
  ['{"type":"list"}', "bad_message"],
  ['{"type":"join","protocol":1}', "bad_message"],
  ['{"type":"join","protocol":2,"shape":"of another time"}', "unsupported_version"],
];
for (const [text, code] of texts) {
  Deno.test(`checkJoin() refuses '${text}' with ${code}`, async () => {
    const outcome = await checkJoin(text, {
      nonce: createNonce(),
      expectedHosts: [HOST],
      allowedRooms: new Set(),
    });
    assert.ok(!outcome.ok);
    assert.equal(outcome.refusal.code, code);
  });
}

Deno.test("checkJoin() refuses any text that is not a join, and never throws", async () => {
  const context = { nonce: createNonce(), expectedHosts: [HOST], allowedRooms: new Set<string>() };
  await fc.assert(fc.asyncProperty(fc.oneof(fc.string(), fc.json()), async (text) => {
    assert.equal((await checkJoin(text, context)).ok, false);
  }));
});
