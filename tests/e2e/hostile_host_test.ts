/**
 * What a malicious host achieves against those who ask it: false answers about itself, and nothing else. Callers
 * check what comes, hold it to its bounds, and can always give up.
 */
import assert from "node:assert/strict";
import { join } from "node:path";
import { OperationError } from "../../src/errors.ts";
import { createFleet, type Fleet } from "../../src/fleet/fleet.ts";
import { openSavedRuns } from "../../src/fleet/mapreduce/saved_runs.ts";
import { createRunStore } from "../../src/fleet/run_store.ts";
import { openSpool } from "../../src/parts/spool.ts";
import type { ErrorCode } from "../../src/protocol/error_code.ts";
import { type Bytes, concatBytes, EMPTY, utf8 } from "../../src/protocol/bytes.ts";
import type { RequestOptions } from "../../src/peer/pending.ts";
import { eventually } from "../helpers/eventually.ts";
import { type Conversation, type HostileMember, joinAsHostileMember } from "../helpers/hostile_member.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";
import { assertAllSucceeded, type Scene, setScene } from "../helpers/hostile_scene.ts";

const MIB = 1024 * 1024;

const OUTPUT = { head: "", tail: "", bytes: 0, truncated: false, invalidUtf8: false };
const RESULT = { exitCode: 0, signal: null, timedOut: false, durationMs: 1, stdout: OUTPUT, stderr: OUTPUT };

interface HostScene extends AsyncDisposable {
  readonly scene: Scene;
  readonly mallory: HostileMember;
  /** The session that the caller opened with the malicious host. */
  readonly caller: Conversation;
  /** Asks the malicious host and returns the id that it sees. */
  ask(options?: RequestOptions): Promise<{ id: number; answer: Promise<unknown> }>;
  /** The caller's fleet, as its tools use it. */
  readonly fleet: Fleet;
}

async function setHostScene(): Promise<HostScene> {
  await using setting = new AsyncDisposableStack();
  const scene = setting.use(await setScene());
  await scene.settled();
  const { relay, token, room } = scene;
  const mallory = setting.use(await joinAsHostileMember({ relayUrl: relay.url, token, room }));
  // The caller opens sessions ahead of need.
  const caller = await mallory.visitors.next();
  const { peer, executors } = scene.caller;
  const { folder: stateFolder } = setting.use(await temporaryFolder());
  const fleet = createFleet({
    runStore: setting.use(createRunStore({ stateFolder })),
    savedRuns: setting.use(openSavedRuns({ stateFolder, now: Date.now })),
    spool: setting.use(openSpool({ folder: join(stateFolder, "parts") })),
    randomBytes: (length) => crypto.getRandomValues(new Uint8Array(length)),
    self: { id: peer.agentId, name: "caller" },
    executors,
    peer,
    describeSelf: () => {
      throw new Error("It is in a room");
    },
  });
  const owned = setting.move();
  return {
    scene,
    mallory,
    caller,
    fleet,
    async ask(options) {
      const answer = peer.request(mallory.address, { op: "exec", params: { command: "true" } }, options);
      // Awaited by the test, after what it says meanwhile.
      answer.catch(() => {});
      const { header } = await caller.expect("request");
      return { id: header.id, answer };
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

async function assertOthersUnaffected(scene: Scene): Promise<void> {
  assertAllSucceeded([
    await scene.call(scene.alpha, { streams: true, lines: 50 }),
    await scene.call(scene.beta),
  ]);
  await scene.verify();
}

async function assertFails(answer: Promise<unknown>, code: ErrorCode): Promise<void> {
  await assert.rejects(answer, (error) => {
    assert.ok(error instanceof OperationError, `not our error: ${error}`);
    assert.equal(error.code, code, error.message);
    return true;
  });
}

const nest = (depth: number): unknown => JSON.parse("[".repeat(depth) + "]".repeat(depth));

/** Results that are not of the operation's shape. */
const SHAPES: readonly (readonly [string, unknown])[] = [
  ["nothing", undefined],
  ["null", null],
  ["a text", "done"],
  ["a list", [RESULT]],
  ["an empty object", {}],
  ["a text for the exit code", { ...RESULT, exitCode: "0" }],
  ["a negative duration", { ...RESULT, durationMs: -1 }],
  ["no stderr", { ...RESULT, stderr: undefined }],
  ["a list for an output", { ...RESULT, stdout: [OUTPUT] }],
  ["an output nested deep", { ...RESULT, stdout: nest(3_000) }],
];

Deno.test("results of a wrong shape are an error that says so", async () => {
  await using set = await setHostScene();
  const { caller, fleet, scene } = set;
  await eventually(
    "the host is known",
    () => scene.caller.peer.agents.some(({ name }) => name === "mallory"),
  );
  for (const [what, result] of SHAPES) {
    const { signal } = new AbortController();
    const answer = fleet.call("mallory", { op: "exec", params: { command: "true" } }, { signal });
    answer.catch(() => {});
    const { header } = await caller.expect("request");
    await caller.say({ t: "response", id: header.id, ok: true, result });
    await assert.rejects(answer, (error) => {
      assert.ok(error instanceof OperationError && error.code === "internal", `${what}: ${error}`);
      assert.match(error.message, /mallory.*not of the shape/);
      return true;
    });
  }
  await assertOthersUnaffected(scene);
});

Deno.test("a result that comes as a stream is held to its announcement and its limit", async () => {
  await using set = await setHostScene();
  const { caller, scene, ask } = set;
  const stream = async (id: number, bytes: Bytes) => {
    for (let at = 0; at < bytes.length; at += 100_000) {
      await caller.say({ t: "data", id, channel: "result", offset: at }, bytes.slice(at, at + 100_000));
    }
  };
  const broken = await ask();
  await stream(broken.id, utf8("{{{{"));
  await caller.say({ t: "response", id: broken.id, ok: true, resultBytes: 4 });
  await assertFails(broken.answer, "internal");

  const notText = await ask();
  await stream(notText.id, new Uint8Array([0xff, 0xfe]));
  await caller.say({ t: "response", id: notText.id, ok: true, resultBytes: 2 });
  await assertFails(notText.answer, "internal");

  const longer = await ask();
  await stream(longer.id, utf8(JSON.stringify(RESULT) + "  "));
  await caller.say({ t: "response", id: longer.id, ok: true, resultBytes: 3 });
  await assertFails(longer.answer, "link_lost");

  const before = scene.caller.count("bad_message");
  const huge = await ask();
  await caller.say({ t: "response", id: huge.id, ok: true, resultBytes: 8 * MIB + 1 });
  await eventually("the announcement is refused", () => scene.caller.count("bad_message") === before + 1);
  await stream(huge.id, new Uint8Array(10 * MIB));
  await eventually(
    "what is beyond the limit is refused",
    () => scene.caller.count("bad_message") > before + 1,
  );
  await caller.say({ t: "response", id: huge.id, ok: false, error: { code: "internal", message: "x" } });
  await assertFails(huge.answer, "internal");
  await assertOthersUnaffected(scene);
});

Deno.test("output that was not asked for, and output beyond its credit, is dropped and counted", async () => {
  await using set = await setHostScene();
  const { caller, scene, ask } = set;
  const count = () => scene.caller.count("bad_message");
  const silent = await ask();
  await caller.say({ t: "data", id: silent.id, channel: "stdout", offset: 0 }, utf8("unasked"));
  await caller.say({ t: "data", id: silent.id, channel: "stdin", offset: 0 }, utf8("no such channel"));
  await caller.say({ t: "request", id: silent.id, op: "exec", params: { command: "true" } });
  await eventually("they were counted", () => count() === 2);
  assert.equal((await caller.expect("response")).header.ok, false); // The caller runs nothing for others.
  await caller.say({ t: "response", id: silent.id, ok: true, result: RESULT });
  assert.deepEqual(await silent.answer, RESULT);

  let received: Bytes = EMPTY;
  const streaming = await ask({
    onOutput: (_channel, bytes) => void (received = concatBytes(received, bytes)),
  });
  const data = { t: "data", id: streaming.id, channel: "stdout" };
  await caller.say({ ...data, offset: MIB - 1 }, utf8("beyond"));
  await caller.say({ ...data, offset: Number.MAX_SAFE_INTEGER }, utf8("far beyond"));
  await eventually("they were counted", () => count() === 4);
  // Of bytes that come twice, the first are taken.
  await caller.say({ ...data, offset: 3 }, utf8("def"));
  await caller.say({ ...data, offset: 0 }, utf8("abc"));
  await caller.say({ ...data, offset: 0 }, utf8("XXXXXX"));
  await caller.say({ ...data, offset: 4 }, utf8("YYghi"));
  await caller.say({ t: "response", id: streaming.id, ok: true, result: RESULT, sent: { stdout: 9 } });
  await streaming.answer;
  assert.equal(new TextDecoder().decode(received), "abcdefghi");
  await assertOthersUnaffected(scene);
});

Deno.test("an answer that announces output that never comes is given up in time", async () => {
  await using set = await setHostScene();
  const { caller, scene, ask } = set;
  const { id, answer } = await ask({ onOutput: () => {} });
  await caller.say({ t: "data", id, channel: "stdout", offset: 0 }, utf8("abc"));
  await caller.say({ t: "response", id, ok: true, result: RESULT, sent: { stdout: 4 } });
  let isOver = false;
  void answer.catch(() => (isOver = true));
  for (let elapsed = 0; !isOver; elapsed += 16_000) {
    assert.ok(elapsed < 90_000, "it still waits");
    await scene.caller.elapse();
  }
  await assertFails(answer, "link_lost");
  await assertOthersUnaffected(scene);
});

Deno.test("endless progress does not keep a caller from its deadline or from giving up", async () => {
  await using set = await setHostScene();
  const { caller, scene, ask } = set;
  const controller = new AbortController();
  const cancelled = await ask({ signal: controller.signal });
  const overdue = await ask({ deadlineMs: 1_000 });
  for (let i = 0; i < 500; i++) {
    await caller.say({ t: "progress", id: cancelled.id, note: "soon", done: i });
    await caller.say({ t: "progress", id: overdue.id, note: "x".repeat(1_024) });
  }
  controller.abort();
  await assertFails(cancelled.answer, "cancelled");
  assert.equal((await caller.expect("cancel")).header.id, cancelled.id);
  await scene.caller.elapse();
  await caller.say({ t: "progress", id: overdue.id });
  await assertFails(overdue.answer, "timed_out");
  await assertOthersUnaffected(scene);
});

Deno.test("a second answer changes nothing, and answers to what was not asked are ignored", async () => {
  await using set = await setHostScene();
  const { caller, scene, ask } = set;
  const { id, answer } = await ask();
  for (let other = 0; other < 100; other++) {
    await caller.say({ t: "response", id: other + 1_000, ok: true, result: "forged" });
  }
  await caller.say({ t: "response", id, ok: true, result: RESULT });
  await caller.say({ t: "response", id, ok: false, error: { code: "refused", message: "no" } });
  await caller.say({ t: "response", id, ok: true, result: "other" });
  assert.deepEqual(await answer, RESULT);

  // The first one counts also while what it announces is still on its way.
  const long = await ask();
  const bytes = utf8(JSON.stringify(RESULT));
  await caller.say({ t: "response", id: long.id, ok: true, resultBytes: bytes.length });
  await caller.say({ t: "response", id: long.id, ok: false, error: { code: "link_lost", message: "lost" } });
  await caller.say({ t: "data", id: long.id, channel: "result", offset: 0 }, bytes);
  assert.deepEqual(await long.answer, RESULT);
  await assertOthersUnaffected(scene);
});

Deno.test("a host that answers no handshake and no request costs its caller a bounded wait", async () => {
  await using set = await setHostScene();
  const { scene, ask } = set;
  const { answer } = await ask();
  let isOver = false;
  void answer.catch(() => (isOver = true));
  for (let elapsed = 0; !isOver; elapsed += 16_000) {
    assert.ok(elapsed < 200_000, "it still waits");
    await scene.caller.elapse();
  }
  await assertFails(answer, "peer_gone");
  await assertOthersUnaffected(scene);
});

Deno.test("a host that leaves in the middle of an answer fails the call at once", async () => {
  await using set = await setHostScene();
  const { caller, scene, mallory, ask } = set;
  const { id, answer } = await ask({ onOutput: () => {} });
  await caller.say({ t: "data", id, channel: "stdout", offset: 0 }, utf8("half"));
  mallory.raw.socket.close();
  await assertFails(answer, "peer_gone");
  await assertOthersUnaffected(scene);
});
