/**
 * Runs what is pure in a process without permissions of its own and without the globals of Deno and Node: loads every
 * module whose URL is an argument, then lets two peers meet in a room. Prints what came of it as JSON.
 */

/** Read first: what follows takes the runtime's globals away. */
const urls = Deno.args;
const removed = ["Deno", "process", "Buffer", "global", "setImmediate", "clearImmediate"];
for (const name of removed) Reflect.deleteProperty(globalThis, name);

for (const url of urls) await import(url);

const { createSessionIdentity, hostIdentity } = await import("../../src/crypto/identity.ts");
const { createHandshake } = await import("../../src/crypto/noise.ts");
const { createToken, deriveRoomSecret } = await import("../../src/crypto/room_secret.ts");
const { createCardSealer } = await import("../../src/crypto/seal.ts");
const { createRecordLayer } = await import("../../src/crypto/session.ts");
const { webSuite: suite } = await import("../../src/crypto/web_suite.ts");
const { decodeMessage, encodeMessage } = await import("../../src/protocol/message.ts");
const { decodePacket } = await import("../../src/protocol/packet.ts");
const { decide } = await import("../../src/safety/policy.ts");
const { encodePeerMessage, joinProofInput } = await import("../../src/protocol/control.ts");
const { checkJoin, createNonce } = await import("../../relay/core/join.ts");
const { createRoom, room } = await import("../../relay/core/room.ts");

const secret = await deriveRoomSecret({ token: await createToken(), room: "pure" });
const host = await hostIdentity(suite, suite.randomBytes(32));
const [alice, bob] = [await createSessionIdentity(suite), await createSessionIdentity(suite)];

const sealer = await createCardSealer(suite, {
  cardKey: secret.cardKey,
  roomPublicKey: secret.roomKey.publicKey,
  host,
  session: alice,
});
const card = await sealer.seal({
  v: 1,
  seq: 1,
  name: "pure",
  tags: [],
  platform: { os: "web", family: "other", arch: "wasm", kernel: "none", shell: "/bin/sh" },
  mode: "plan",
  accepts: false,
  role: "session",
  version: "0",
  capabilities: [],
  startedAt: 0,
  connectedAt: 0,
});
const opened = await sealer.open(alice.address, card);

const claim = {
  host: "relay.example",
  nonce: createNonce(),
  room: secret.roomKey.publicKey,
  session: alice.sessionKey.publicKey,
};
const joinText = encodePeerMessage({
  type: "join",
  protocol: 1,
  room: claim.room,
  session: claim.session,
  roomProof: await suite.ed25519Sign(secret.roomKey, joinProofInput(claim)),
  sessionProof: await suite.ed25519Sign(alice.sessionKey, joinProofInput(claim)),
  host: claim.host,
  card,
  client: "pure",
  watch: true,
});
const outcome = await checkJoin(joinText, {
  nonce: claim.nonce,
  expectedHosts: [claim.host],
  allowedRooms: new Set([secret.roomId]),
});
const effects = outcome.ok
  ? room(createRoom<string>({ maxMembers: 2 }), {
    kind: "joined",
    connection: "alice",
    ...outcome.joined,
    observed: "192.0.2.1:1",
    limits: { framesPerSec: 1, bytesPerSec: 1, idleTimeoutSecs: 1 },
  })
  : [];

const initiator = await createHandshake({
  role: "initiator",
  staticKey: alice.dhKey,
  remoteStaticKey: bob.dhPublicKey,
  psk: secret.sessionPsk,
});
const responder = await createHandshake({
  role: "responder",
  staticKey: bob.dhKey,
  psk: secret.sessionPsk,
});
await responder.readMessage(await initiator.writeMessage(card));
await initiator.readMessage(await responder.writeMessage());
const sending = await createRecordLayer({ suite, keys: await initiator.split(), remoteIndex: 7 });
const receiving = await createRecordLayer({ suite, keys: await responder.split(), remoteIndex: 8 });
const record = decodePacket(await sending.seal(encodeMessage({ t: "ping", id: 42 })));
const message = record.type === "record" ? decodeMessage(await receiving.open(record)) : undefined;

const report = {
  loaded: urls.length,
  // Nothing brought one of them back, and nothing needed it.
  globals: removed.filter((name) => name in globalThis),
  cardName: opened.card.name,
  isHostKnown: opened.agentId === host.agentId,
  effects: effects.map(({ kind }) => kind),
  message: message?.header,
  plan: decide({ operation: "write_file", access: "write", mode: "plan" }).decision,
};
// deno-lint-ignore no-console -- without Deno there is no other way to report
console.log(JSON.stringify(report));
