import assert from "node:assert/strict";
import fc from "fast-check";
import { createToken, deriveRoomSecret, MIN_TOKEN_CHARACTERS } from "../../../src/crypto/room_secret.ts";
import { hybridSuite } from "../../../src/host/hybrid_suite.ts";
import { SUITES } from "../../helpers/suites.ts";
import { replayRoom, replayToken } from "../../vectors/replay.ts";
import rooms from "../../vectors/room_secret.json" with { type: "json" };
import tokens from "../../vectors/token.json" with { type: "json" };

// Passphrases cost 600 000 iterations each, so most of these tests use generated tokens.
const TOKEN = tokens.vectors[2]?.token ?? "";
const derive = (token: string, encryptionKey?: string) =>
  deriveRoomSecret({ token, room: "home", encryptionKey, suite: hybridSuite });

for (const [name, suite] of SUITES) {
  for (const vector of rooms.vectors) {
    Deno.test(`deriveRoomSecret() passes the vector "${vector.name}" on ${name}`, async () => {
      assert.deepEqual(await replayRoom(vector, suite), vector);
    });
  }
  for (const [i, vector] of tokens.vectors.entries()) {
    Deno.test(`createToken() passes vector ${i} on ${name}`, async () => {
      assert.deepEqual(await replayToken(vector, suite), vector);
    });
  }
}

Deno.test("createToken() makes tokens that deriveRoomSecret() reads, each another", async () => {
  const made = [await createToken(), await createToken(hybridSuite)];
  for (const token of made) assert.match(token, /^ra1_[a-z2-7]{55}$/);
  const ids = await Promise.all(made.map(async (token) => (await derive(token)).roomId));
  assert.equal(new Set(ids).size, 2);
});

Deno.test("deriveRoomSecret() separates room, tokens and purposes", async () => {
  const other = tokens.vectors[3]?.token ?? "";
  const secrets = [
    await derive(TOKEN),
    await derive(other),
    await deriveRoomSecret({ token: TOKEN, room: "home ", suite: hybridSuite }),
  ];
  const keys = secrets.flatMap(({ roomKey, cardKey, sessionPsk }) =>
    [roomKey.seed, roomKey.publicKey, cardKey, sessionPsk].map((key) => key.toHex())
  );
  assert.equal(new Set(keys).size, 12);
});

Deno.test("deriveRoomSecret() takes the room from the token and the inner keys from the encryption key", async () => {
  const other = tokens.vectors[3]?.token ?? "";
  const [plain, keyed, fromOther] = [await derive(TOKEN), await derive(TOKEN, other), await derive(other)];
  assert.deepEqual(keyed.roomKey, plain.roomKey);
  assert.deepEqual([keyed.cardKey, keyed.sessionPsk], [fromOther.cardKey, fromOther.sessionPsk]);
});

Deno.test("deriveRoomSecret() gives one secret for both ways to write an accent", async () => {
  const vector = rooms.vectors.find(({ token }) => token.normalize("NFC") !== token);
  assert.ok(vector !== undefined);
  const { roomId } = await deriveRoomSecret({
    token: vector.token.normalize("NFC"),
    room: vector.room,
    suite: hybridSuite,
  });
  assert.equal(roomId, vector.room_id);
});

const short: readonly [string, string][] = [
  ["nothing", ""],
  ["7 characters", "x".repeat(MIN_TOKEN_CHARACTERS - 1)],
  ["7 characters of two UTF-16 units each", "😀".repeat(7)],
  ["7 characters that are written as 9", "cafe\u0301 e\u0301e"],
];
for (const [what, token] of short) {
  Deno.test(`deriveRoomSecret() refuses a token and an encryption key of ${what}`, async () => {
    await assert.rejects(derive(token), { name: "RangeError", message: /token.*"remote-agent token"$/ });
    await assert.rejects(derive(TOKEN, token), { name: "RangeError", message: /encryption key/ });
  });
}

Deno.test("deriveRoomSecret() reports any wrong, missing or doubled character of a generated token", async () => {
  const refuse = (token: string) =>
    assert.rejects(derive(token), (error) => {
      assert.ok(error instanceof SyntaxError, token);
      assert.match(error.message, /typing error/);
      return !error.message.includes(token.slice(4, 30));
    });
  for (let at = 4; at < TOKEN.length; at++) {
    const [before, after] = [TOKEN.slice(0, at), TOKEN.slice(at + 1)];
    for (const character of ["a", "b", "7", "A", "1", " ", "é"]) {
      if (character !== TOKEN[at]) await refuse(before + character + after);
    }
    await refuse(before + after);
    await refuse(before + TOKEN[at] + TOKEN[at] + after);
  }
  await refuse("ra1_" + "a".repeat(10));
});

Deno.test("deriveRoomSecret() accepts hardly any text in the form of a generated token", async () => {
  const text = fc.string({
    unit: fc.constantFrom(..."abcdefghijklmnopqrstuvwxyz234567"),
    minLength: 4,
    maxLength: 56,
  });
  await fc.assert(fc.asyncProperty(text, async (rest) => {
    await assert.rejects(derive(`ra1_${rest}`), SyntaxError);
  }));
});
