/**
 * What a hostile relay keeps back and sends later: old handshakes and records, requests that were asked again, and
 * packets of one session in another. Nothing runs twice, and what was broken mends itself.
 */
import assert from "node:assert/strict";
import { equalBytes } from "../../src/protocol/bytes.ts";
import { encodeUnknown } from "../../src/protocol/packet.ts";
import { eventually } from "../helpers/eventually.ts";
import { drop, either, hold, only } from "../helpers/hostile_attacks.ts";
import { type PassingFrame, passOn } from "../helpers/hostile_relay.ts";
import { testSideBySide } from "../helpers/hostile_side_by_side.ts";
import { assertAllSucceeded, type Scene, setScene } from "../helpers/hostile_scene.ts";

/** Longer than a host remembers an answer, and than it once remembered a caller. */
const ELEVEN_MINUTES_MS = 660_000;
/** The first 13 bytes of a record, and the tag. */
const EMPTY_RECORD_BYTES = 29;

/** A scene with sessions that have been used. */
async function setUsedScene(speed?: number): Promise<Scene> {
  const scene = await setScene(speed === undefined ? {} : { speed });
  await scene.settled();
  assertAllSucceeded([await scene.call(scene.alpha), await scene.call(scene.beta)]);
  return scene;
}

testSideBySide("a relay that keeps things back achieves nothing", [
  {
    name: "a relay that replays all it saw, at once and after everybody reconnected, makes nothing run",
    fn: async () => {
      await using scene = await setUsedScene();
      const { relay, alpha, caller } = scene;
      assertAllSucceeded(await scene.calls(5, alpha, { streams: true, lines: 20 }));
      const before = await scene.marks();
      const replay = () => {
        const old = relay.seen.slice();
        for (const { from, to, payload } of old) {
          if (to === undefined) continue;
          relay.deliver([{ to: relay.victim(to.address), as: from.address, payload }]);
        }
        return old.length;
      };
      assert.ok(replay() > 10);
      await eventually(
        "both sides saw the replay",
        () =>
          alpha.count("replayed_record") > 5 && caller.count("replayed_record") > 5 &&
          alpha.count("replayed_handshake") > 0 && caller.count("replayed_handshake") > 0,
      );

      relay.close(1012);
      await eventually("the connections are gone", () => alpha.downs.length > 0 && caller.downs.length > 0);
      await scene.settled();
      const counted = alpha.count("replayed_record") + alpha.count("unknown_session");
      replay();
      await eventually(
        "the host saw the replay again",
        () => alpha.count("replayed_record") + alpha.count("unknown_session") > counted + 5,
      );
      assertAllSucceeded([await scene.call(alpha)]);
      await scene.verify();
      assert.equal((await scene.marks()).size, before.size + 1);
    },
  },
  {
    name: "a request that the relay kept back until the host forgot its answer is not carried out again",
    fn: async () => {
      await using scene = await setUsedScene();
      const { relay, caller, alpha } = scene;
      // The first request passes, its answer is lost, and its repetitions are kept back.
      const repetitions = hold(only("record", { from: caller.address, to: alpha.address, skip: 1 }));
      const lost = drop(only("record", { from: alpha.address }));
      const attack = relay.onFrame("keeps repetitions back", either(repetitions.rule, lost));
      const call = scene.call(alpha);
      await eventually("the command ran", async () => (await scene.marks()).size === 3);
      await eventually("the request was asked again", async () => {
        await caller.elapse();
        return repetitions.frames.length > 0;
      });
      let isOver = false;
      void call.then(() => (isOver = true));
      while (!isOver) await caller.elapse();
      assert.ok((await call).error !== undefined);
      attack[Symbol.dispose]();
      await alpha.elapse(ELEVEN_MINUTES_MS);
      await alpha.elapse();

      const repeated = alpha.count("repeated_request");
      assert.ok(repetitions.frames.length > 0);
      repetitions.release((deliveries) => relay.deliver(deliveries));
      await eventually("the host noticed the repetition", () => alpha.count("repeated_request") > repeated);
      assertAllSucceeded([await scene.call(alpha)]);
      await scene.verify();
    },
  },
  {
    name: "a request whose command took longer than answers are remembered is not carried out again",
    fn: async () => {
      await using scene = await setUsedScene();
      const { relay, caller, alpha } = scene;
      const call = scene.call(alpha, { sleepSecs: 4 });
      await eventually("the command began", async () => (await scene.marks()).size === 3);
      await alpha.elapse(ELEVEN_MINUTES_MS);
      const isAnswer = only("record", { from: alpha.address, times: 1 });
      const attack = relay.onFrame("loses the answer", drop(isAnswer));
      await eventually("the answer was lost", () => attack.applied > 0);
      await alpha.elapse();
      await caller.elapse();
      assertAllSucceeded([await call]);
      assert.ok(alpha.count("repeated_request") > 0);
      await scene.verify();
    },
  },
  {
    name: "large parameters and their repetition in one message make one command run",
    fn: async () => {
      await using scene = await setUsedScene();
      const { relay, caller, alpha } = scene;
      const kept = hold(only("record", { from: caller.address, to: alpha.address }));
      const attack = relay.onFrame("keeps requests back", kept.rule);
      const call = scene.call(alpha, { paddingBytes: 100_000 });
      await eventually("request and parameters were sent", () => kept.frames.length === 2);
      await caller.elapse();
      await eventually("they were sent again", () => kept.frames.length >= 4);
      attack[Symbol.dispose]();
      relay.deliver(kept.frames.flatMap(passOn));
      assertAllSucceeded([await call]);
      await eventually("the host noticed the repetition", () => alpha.count("repeated_request") > 0);
      assertAllSucceeded([await scene.call(alpha)]);
      await scene.verify();
    },
  },
  {
    name: "a relay that pretends that sessions are lost causes handshakes, and nothing runs twice",
    fn: async () => {
      await using scene = await setUsedScene(10);
      const { relay, caller, alpha } = scene;
      const handshakes = () => relay.seen.filter(({ kind }) => kind === "initiation").length;
      const before = handshakes();
      const calls = scene.calls(5, alpha, { sleepSecs: 1 });
      await eventually("the commands began", async () => (await scene.marks()).size === 7);
      hint(scene, indexOf(lastRecord(scene, caller.address)));
      hint(scene, 12_345);
      await eventually("the caller shook hands again", () => handshakes() > before);
      assertAllSucceeded(await calls);
      assert.ok(caller.count("unknown_hint") > 0);
      assert.ok(alpha.count("repeated_request") >= 5);
      await scene.verify();
    },
  },
  {
    name: "a session whose index the relay changed to another's is replaced before the call is given up",
    fn: async () => {
      await using scene = await setUsedScene(10);
      const { relay, caller, alpha } = scene;
      const known = indexOf(lastRecord(scene, caller.address));
      // Indexes are not part of what a handshake proves: the reply of the second handshake names the first session.
      const isReply = only("reply", { from: alpha.address, times: 1 });
      const attack = relay.onFrame("changes an index", (frame) => {
        if (!isReply(frame)) return undefined;
        const payload = frame.payload.slice();
        new DataView(payload.buffer).setUint32(1, known);
        return passOn({ ...frame, payload });
      });
      hint(scene, known);
      await eventually("the index was changed", () => attack.applied > 0);
      // Its records come to a session with other keys, which may have seen their counters before.
      await eventually(
        "the session is used",
        () => alpha.count("bad_record") + alpha.count("replayed_record") > 0,
      );
      assertAllSucceeded(await scene.calls(3, alpha));
      await scene.verify();
    },
  },
]);

/** Tells the caller, as if from alpha, that an index is not known there. */
function hint({ relay, caller, alpha }: Scene, index: number): void {
  relay.deliver([{ to: relay.victim(caller.address), as: alpha.address, payload: encodeUnknown(index) }]);
}

function lastRecord({ relay, alpha }: Scene, from: Uint8Array): PassingFrame {
  const record = relay.seen.findLast((frame) =>
    frame.kind === "record" && equalBytes(frame.from.address, from) && frame.to !== undefined &&
    equalBytes(frame.to.address, alpha.address)
  );
  assert.ok(record !== undefined && record.payload.length > EMPTY_RECORD_BYTES);
  return record;
}

/** The receiver's index of a record. */
function indexOf({ payload }: PassingFrame): number {
  return new DataView(payload.buffer, payload.byteOffset).getUint32(1);
}
