/**
 * What a malicious member of a room achieves as a caller: nothing that the others notice. Everything it causes is bounded, counted or refused.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { deriveRoomSecret } from "../../src/crypto/room_secret.ts";
import { createCardSealer } from "../../src/crypto/seal.ts";
import { createSessionIdentity, hostIdentity } from "../../src/crypto/identity.ts";
import { OperationError } from "../../src/errors.ts";
import { hybridSuite } from "../../src/host/hybrid_suite.ts";
import { type Bytes, utf8 } from "../../src/protocol/bytes.ts";
import { encodeInitiation } from "../../src/protocol/packet.ts";
import { findAgent } from "../../src/peer/roster.ts";
import { eventually } from "../helpers/eventually.ts";
import { joinAsHostileMember, plaintextOf } from "../helpers/hostile_member.ts";
import { assertAllSucceeded, type Scene, setScene } from "../helpers/hostile_scene.ts";

const MIB = 1024 * 1024;
/** Requests of one peer whose parameters may be on their way. */
const MAX_ASSEMBLING = 64;

const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** A scene with a malicious member that has a session with alpha, and a bystander whose calls go on. */
async function setMemberScene(hosts: { maxRunning?: number; maxQueued?: number } = {}) {
  await using setting = new AsyncDisposableStack();
  const scene = setting.use(await setScene({ hosts }));
  await scene.settled();
  const mallory = setting.use(await joinMallory(scene));
  const alpha = await mallory.talk(scene.alpha.address);
  const owned = setting.move();
  return { scene, mallory, alpha, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function joinMallory({ relay, token, room }: Scene) {
  return joinAsHostileMember({ relayUrl: relay.url, token, room });
}

async function assertOthersUnaffected(scene: Scene): Promise<void> {
  assertAllSucceeded([await scene.call(scene.alpha), await scene.call(scene.beta)]);
  await scene.verify();
}

/** A request to run a shell line. */
function execRequest(id: number, command: string, more: Record<string, unknown> = {}) {
  return { t: "request", id, op: "exec", params: { command }, ...more };
}

Deno.test("requests beyond the queue are refused as busy, and a storm of cancels leaves nothing behind", async () => {
  await using set = await setMemberScene({ maxRunning: 3, maxQueued: 5 });
  const { scene, alpha } = set;
  const mark = join(scene.alpha.home, "mark");
  const count = 1_000;
  for (let id = 1; id <= count; id++) await alpha.say(execRequest(id, `echo ${id} >> ${mark}; sleep 60`));
  for (let refused = 0; refused < count - 8; refused++) {
    const { header } = await alpha.expect("response");
    assert.ok(!header.ok && header.error.code === "busy", JSON.stringify(header));
  }
  assert.equal(scene.alpha.executors.running, 3);
  assert.equal(scene.alpha.executors.queued, 5);
  const outcome = await scene.call(scene.alpha);
  assert.ok(outcome.error instanceof OperationError && outcome.error.code === "busy", String(outcome.error));

  for (let round = 0; round < 5; round++) {
    for (let id = 0; id <= count; id++) await alpha.say({ t: "cancel", id });
  }
  await eventually("everything was cancelled", () => scene.alpha.executors.running === 0);
  assert.ok((await Deno.readTextFile(mark)).trim().split("\n").length <= 8);
  await assertOthersUnaffected(scene);
});

Deno.test("a request id that is used again is answered from memory, whatever it asks for then", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  const mark = join(scene.alpha.home, "mark");
  for (let i = 0; i < 50; i++) await alpha.say(execRequest(7, `echo ${i} >> ${mark}; sleep 0.2`));
  const { header } = await alpha.expect("response");
  assert.ok(header.ok);
  for (let i = 50; i < 60; i++) await alpha.say(execRequest(7, `echo ${i} >> ${mark}`));
  for (let i = 50; i < 60; i++) assert.ok((await alpha.expect("response")).header.ok);
  assert.equal(await Deno.readTextFile(mark), "0\n");
  assert.equal(scene.alpha.count("repeated_request"), 59);
  await assertOthersUnaffected(scene);
});

Deno.test("parameters that never come take a bounded number of places, and none from others", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  for (let id = 1; id <= MAX_ASSEMBLING + 40; id++) {
    await alpha.say({ t: "request", id, op: "exec", paramsBytes: 8 * MIB });
    await alpha.say({ t: "data", id, channel: "params", offset: 0 }, random(10));
  }
  for (let i = 0; i < 40; i++) {
    const { header } = await alpha.expect("response");
    assert.ok(!header.ok && header.error.code === "busy");
  }
  assertAllSucceeded(await scene.calls(2, scene.alpha, { paddingBytes: 100_000 }));
  await alpha.say({ t: "cancel", id: 1 });
  const params = utf8(JSON.stringify({ command: "true" }));
  await alpha.say({ t: "request", id: 999, op: "exec", paramsBytes: params.length });
  await alpha.say({ t: "data", id: 999, channel: "params", offset: 0 }, params);
  assert.ok((await alpha.expect("response")).header.ok);
  await assertOthersUnaffected(scene);
});

Deno.test("parameters that come twice, overlapping and backwards make one command run", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  const mark = join(scene.alpha.home, "mark");
  const params = utf8(JSON.stringify({ command: `echo "$TEXT" >> ${mark}`, env: { TEXT: "x".repeat(500) } }));
  await alpha.say({ t: "request", id: 1, op: "exec", paramsBytes: params.length });
  const say = (from: number, to: number) =>
    alpha.say({ t: "data", id: 1, channel: "params", offset: from }, params.slice(from, to));
  for (let from = 400; from >= 100; from -= 100) await say(from, from + 150);
  await say(300, params.length);
  await say(0, 120);
  await say(0, params.length);
  await say(50, 60);
  assert.ok((await alpha.expect("response")).header.ok);
  assert.equal(await Deno.readTextFile(mark), `${"x".repeat(500)}\n`);
  await assertOthersUnaffected(scene);
});

Deno.test("data beyond its credit, and single bytes out of large records, are dropped and counted", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  await alpha.say({ t: "request", id: 1, op: "exec", paramsBytes: 8 * MIB });
  const data = { t: "data", id: 1, channel: "params" };
  await alpha.say({ ...data, offset: MIB }, random(1));
  await alpha.say({ ...data, offset: Number.MAX_SAFE_INTEGER }, random(1));
  await alpha.say({ ...data, offset: 0 });
  await eventually("they were counted", () => scene.alpha.count("bad_message") === 3);
  // Each keeps a gap before it, and would keep its record of 200 KiB alive.
  const padding = "x".repeat(200 * 1024);
  for (let i = 1; i <= 400; i++) await alpha.say({ ...data, offset: 2 * i, padding }, random(1));
  await eventually("most were refused", () => scene.alpha.count("bad_message") > 100);
  await assertOthersUnaffected(scene);
});

Deno.test("a caller that grants no credit stops its command, and the host keeps next to nothing", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  const progress = join(scene.alpha.home, "progress");
  const kib = "head -c 4096 /dev/zero";
  await alpha.say(
    execRequest(1, `i=0; while [ $i -lt 5000 ]; do ${kib}; i=$((i+1)); echo $i > ${progress}; done`, {
      stream: true,
      credit: 0,
    }),
  );
  const written = async () => Number(await Deno.readTextFile(progress).catch(() => "0"));
  let last = -1;
  await eventually("the command stands still", async () => {
    const before = last;
    last = await written();
    await new Promise((resolve) => setTimeout(resolve, 150));
    return last > 0 && last === before;
  });
  // The pipe, and what was read from it and waits for credit.
  assert.ok(last * 4096 <= 512 * 1024, `${last * 4} KiB were taken`);
  await assertOthersUnaffected(scene);
  await alpha.say({ t: "credit", id: 1, channel: "stdout", bytes: 10_000 });
  let got = 0;
  while (got < 10_000) got += (await alpha.expect("data")).body.length;
  assert.equal(got, 10_000);
  await alpha.say({ t: "cancel", id: 1 });
  const { header } = await alpha.expect("response");
  assert.ok(!header.ok && header.error.code === "cancelled");
  await eventually("the command ended", () => scene.alpha.executors.running === 0);
});

Deno.test("absurd credit makes the host send what there is, and no more", async () => {
  await using set = await setMemberScene();
  const { scene, alpha } = set;
  await alpha.say(execRequest(1, "yes | head -c 30000", { stream: true, credit: 1 }));
  let got = (await alpha.expect("data")).body.length;
  assert.equal(got, 1);
  for (let i = 0; i < 20; i++) {
    await alpha.say({ t: "credit", id: 1, channel: "stdout", bytes: Number.MAX_SAFE_INTEGER });
    await alpha.say({ t: "credit", id: 1, channel: "params", bytes: Number.MAX_SAFE_INTEGER });
  }
  while (got < 30_000) {
    const { header, body } = await alpha.expect("data");
    assert.deepEqual([header.channel, header.offset], ["stdout", got]);
    got += body.length;
  }
  assert.ok((await alpha.expect("response")).header.ok);
  await assertOthersUnaffected(scene);
});

const nested = (depth: number) => "[".repeat(depth) + "]".repeat(depth);
const request = (params: string) => `{"t":"request","id":1,"op":"exec","params":${params}}`;

/** Headers that are nonsense: most are dropped and counted, some are requests that are refused. */
const HEADERS:
  readonly (readonly [string, string | Bytes, "counted" | "bad_request" | "unknown_operation"])[] = [
    ["nothing", new Uint8Array(4), "counted"],
    ["too few bytes", new Uint8Array(3), "counted"],
    ["a length beyond the record", new Uint8Array([255, 255, 255, 255, 1]), "counted"],
    ["bytes that are not UTF-8", new Uint8Array([0, 0, 0, 2, 0xff, 0xfe]), "counted"],
    ["no JSON", "{", "counted"],
    ["an array", "[]", "counted"],
    ["no kind", '{"id":1}', "counted"],
    ["an unknown kind", '{"t":"shutdown","id":1}', "counted"],
    ["an id that is not a number", '{"t":"ping","id":"1"}', "counted"],
    ["a negative id", '{"t":"cancel","id":-1}', "counted"],
    ["an id past 2^53", '{"t":"ping","id":9007199254740993}', "counted"],
    ["a kind of its own prototype", '{"t":"__proto__","id":1}', "counted"],
    [
      "the name of an operation that is too long",
      `{"t":"request","id":1,"op":"${"x".repeat(1000)}"}`,
      "counted",
    ],
    [
      "parameters larger than any may be",
      '{"t":"request","id":1,"op":"exec","paramsBytes":9000000}',
      "counted",
    ],
    ["a deadline in the past", '{"t":"request","id":1,"op":"exec","deadlineMs":-1}', "counted"],
    ["data on a channel that does not exist", '{"t":"data","id":1,"channel":"stdin","offset":0}', "counted"],
    ["a header of 250 KiB", `{"t":"nonsense","x":"${"x".repeat(250_000)}"}`, "counted"],
    ["an operation that does not exist", '{"t":"request","id":1,"op":"constructor"}', "unknown_operation"],
    ["an operation named like a prototype", '{"t":"request","id":1,"op":"__proto__"}', "unknown_operation"],
    ["no parameters", '{"t":"request","id":1,"op":"exec"}', "bad_request"],
    ["parameters that are a number", request("7"), "bad_request"],
    ["parameters with a prototype", request('{"__proto__":{"command":"true"}}'), "bad_request"],
    ["parameters nested 50 000 deep", request(nested(50_000)), "bad_request"],
    ["a command nested 50 000 deep", request(`{"command":${nested(50_000)}}`), "bad_request"],
    ["parameters with 20 000 unknown names", request(`{${manyNames(20_000)}}`), "bad_request"],
  ];

Deno.test("messages that are nonsense are counted or refused, and nothing breaks", async () => {
  await using set = await setMemberScene();
  const { scene, mallory } = set;
  for (const [what, header, outcome] of HEADERS) {
    const alpha = await mallory.talk(scene.alpha.address);
    const before = scene.alpha.count("bad_message");
    const text = typeof header === "string" ? header.replace('"id":1,', `"id":${nextId()},`) : header;
    await alpha.sayBytes(typeof text === "string" ? plaintextOf(text) : text);
    if (outcome === "counted") {
      await eventually(`${what} is counted`, () => scene.alpha.count("bad_message") === before + 1);
    } else {
      const answer = await alpha.expect("response");
      assert.ok(
        !answer.header.ok && answer.header.error.code === outcome,
        `${what}: ${JSON.stringify(answer.header)}`,
      );
      assert.ok(answer.header.error.message.length < 9_000);
    }
  }
  await assertOthersUnaffected(scene);
});

Deno.test("a flood of handshakes is bounded and counted, and the others' sessions stay", async () => {
  await using set = await setMemberScene();
  const { scene, mallory } = set;
  const replies = scene.relay.seen.length;
  for (let batch = 0; batch < 20; batch++) {
    const forged = Array.from({ length: 100 }, () => encodeInitiation(1, random(400)));
    mallory.raw.send(scene.alpha.address, ...forged);
  }
  await eventually(
    "they were counted",
    () => scene.alpha.count("bad_handshake") + scene.alpha.count("dropped_handshake") === 2_000,
  );
  assert.ok(scene.alpha.count("dropped_handshake") > 0);
  assert.ok(scene.relay.seen.length - replies < 2_100, "forged handshakes were answered");
  for (let i = 0; i < 100; i++) await mallory.talk(scene.alpha.address);
  const fresh = await mallory.talk(scene.alpha.address);
  await fresh.say(execRequest(1, "true"));
  assert.ok((await fresh.expect("response")).header.ok);
  await assertOthersUnaffected(scene);
});

Deno.test("a member cannot end, feed or answer the requests of others", async () => {
  await using set = await setMemberScene();
  const { scene, mallory, alpha } = set;
  const calls = scene.calls(3, scene.alpha, { sleepSecs: 1, streams: true, lines: 50 });
  await eventually("the commands began", async () => (await scene.marks()).size === 3);
  const caller = await mallory.talk(scene.caller.address);
  for (let id = 0; id < 20; id++) {
    await alpha.say({ t: "cancel", id });
    await alpha.say({ t: "credit", id, channel: "stdout", bytes: 1 });
    await caller.say({ t: "data", id, channel: "stdout", offset: 0 }, utf8("forged"));
    await caller.say({ t: "response", id, ok: true, result: { forged: true }, sent: { stdout: 0 } });
    await caller.say({ t: "response", id, ok: false, error: { code: "cancelled", message: "forged" } });
  }
  await eventually("the answers were counted", () => scene.caller.count("bad_message") >= 9);
  assertAllSucceeded(await calls);
  await assertOthersUnaffected(scene);
});

Deno.test("a member cannot pass for another: not by its key, its address or its name", async () => {
  await using scene = await setScene();
  await scene.settled();
  const { relay, caller, token, room, alpha } = scene;
  const secret = await deriveRoomSecret({ token, room, suite: hybridSuite });
  const session = await createSessionIdentity(hybridSuite);
  const own = await hostIdentity(hybridSuite, random(32));
  const victim = findAgent(caller.peer.agents, "alpha").members[0];
  assert.ok(victim !== undefined);
  // The public host key of alpha, with a signature that mallory's own key made.
  const stolenKey = Uint8Array.fromBase64(victim.card.hostKey, { alphabet: "base64url" });
  const sealerOf = (host: typeof own) =>
    createCardSealer(hybridSuite, {
      cardKey: secret.cardKey,
      roomPublicKey: secret.roomKey.publicKey,
      host,
      session,
    });
  const liar = await sealerOf({ ...own, hostKey: { ...own.hostKey, publicKey: stolenKey } });
  const honest = await sealerOf(own);
  await using mallory = await joinMallory(scene);
  await eventually("mallory is known", () => caller.peer.agents.length === 4);

  const to = relay.victim(caller.address);
  relay.say(to, { type: "joined", address: session.address, card: await liar.seal(mallory.card) });
  relay.say(to, {
    type: "joined",
    address: alpha.address,
    card: await honest.seal({ ...mallory.card, seq: 99 }),
  });
  await eventually("both cards were refused", () => caller.count("bad_card") === 2);
  assert.equal(caller.peer.agents.length, 4);

  await using _twin = await joinAsHostileMember({
    relayUrl: relay.url,
    token,
    room,
    card: { name: "alpha" },
  });
  await eventually("the twin is known", () => caller.peer.agents.length === 5);
  assert.throws(
    () => findAgent(caller.peer.agents, "alpha"),
    (error) => error instanceof OperationError && error.code === "ambiguous_agent",
  );
  assert.deepEqual(findAgent(caller.peer.agents, alpha.peer.agentId).members[0]?.address, alpha.address);
  await assertOthersUnaffected(scene);
});

let lastId = 0;
function nextId(): number {
  return ++lastId;
}

function manyNames(count: number): string {
  return Array.from({ length: count }, (_, i) => `"n${i}":1`).join(",");
}
