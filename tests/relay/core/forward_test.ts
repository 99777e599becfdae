import assert from "node:assert/strict";
import fc from "fast-check";
import { decodeRelayMessage } from "../../../src/protocol/control.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { decodeFrames, encodeFrames, frameOffsets } from "../../../src/protocol/frame.ts";
import { forwardFrames } from "../../../relay/core/forward.ts";
import { addMember, createMember, createRoom, removeMember } from "../../../relay/core/member.ts";

const CARD = new Uint8Array([1]);

/** Addresses that differ in one byte only, at a place that depends on `n`. */
function address(n: number): Bytes {
  const bytes = new Uint8Array(16);
  bytes[n % 16] = 1 + Math.floor(n / 16);
  return bytes;
}

function createTestRoom(members: number) {
  const state = createRoom<number>({ maxMembers: 1000 });
  for (let n = 0; n < members; n++) addMember(state, createMember(n, { address: address(n), card: CARD }));
  return state;
}

function memberOf(state: ReturnType<typeof createTestRoom>, n: number) {
  const member = state.byConnection.get(n);
  assert.ok(member);
  return member;
}

function send(state: ReturnType<typeof createTestRoom>, from: number, to: readonly number[]) {
  const message = encodeFrames(to.map((n, i) => ({ address: address(n), payload: new Uint8Array([n, i]) })));
  const effects = forwardFrames(state, memberOf(state, from), { message, offsets: frameOffsets(message) });
  return { message, effects };
}

Deno.test("forwardFrames() sends neighbouring frames to one peer as one view", () => {
  const { message, effects } = send(createTestRoom(4), 0, [1, 1, 1, 2, 1]);
  assert.deepEqual(effects.map(({ kind, to }) => [kind, to]), [["forward", 1], ["forward", 2], [
    "forward",
    1,
  ]]);
  for (const effect of effects) {
    assert.ok(effect.kind === "forward");
    assert.equal(effect.segment.buffer, message.buffer);
  }
});

Deno.test("forwardFrames() reports frames to absent addresses once a destination", () => {
  const { effects } = send(createTestRoom(2), 0, [50, 1, 50, 51, 50]);
  const texts = effects.flatMap((effect) => effect.kind === "text" ? [effect] : []);
  assert.deepEqual(texts.map(({ to }) => to), [0, 0]);
  assert.deepEqual(texts.map(({ text }) => decodeRelayMessage(text)), [
    { type: "undeliverable", to: address(50), count: 3 },
    { type: "undeliverable", to: address(51), count: 1 },
  ]);
});

Deno.test("forwardFrames() lets a member write to itself", () => {
  const { effects } = send(createTestRoom(1), 0, [0]);
  assert.deepEqual(effects.map(({ kind, to }) => [kind, to]), [["forward", 0]]);
});

Deno.test("forwardFrames() does not send to a peer that left after the last frame to it", () => {
  const state = createTestRoom(2);
  send(state, 0, [1]);
  removeMember(state, memberOf(state, 1));
  assert.deepEqual(send(state, 0, [1]).effects.map(({ kind }) => kind), ["text"]);
});

Deno.test("forwardFrames() sends to the newer connection of a replaced address", () => {
  const state = createTestRoom(2);
  send(state, 0, [1]);
  removeMember(state, memberOf(state, 1));
  addMember(state, createMember(77, { address: address(1), card: CARD }));
  assert.deepEqual(send(state, 0, [1]).effects.map(({ to }) => to), [77]);
});

Deno.test("forwardFrames() delivers every frame once, in order, unchanged, under the sender's address", () => {
  fc.assert(fc.property(
    fc.integer({ min: 0, max: 19 }),
    fc.array(fc.integer({ min: 0, max: 39 }), { minLength: 1, maxLength: 60 }),
    (from, to) => {
      const { effects } = send(createTestRoom(20), from, to);
      const got = new Map<number, number[][]>();
      let lost = 0;
      for (const effect of effects) {
        if (effect.kind === "forward") {
          for (const frame of decodeFrames(effect.segment)) {
            assert.deepEqual(frame.address, address(from));
            got.set(effect.to, [...got.get(effect.to) ?? [], [...frame.payload]]);
          }
        } else if (effect.kind === "text") {
          const message = decodeRelayMessage(effect.text);
          assert.ok(message.type === "undeliverable");
          lost += message.count;
        }
      }
      const expected = new Map<number, number[][]>();
      to.forEach((n, i) => {
        if (n < 20) expected.set(n, [...expected.get(n) ?? [], [n, i]]);
      });
      assert.deepEqual(new Map([...got].sort()), new Map([...expected].sort()));
      assert.equal(lost, to.filter((n) => n >= 20).length);
    },
  ));
});
