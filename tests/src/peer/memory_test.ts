import assert from "node:assert/strict";
import fc from "fast-check";
import { createRequestMemory, MEMORY_LIMITS, type Response } from "../../../src/peer/memory.ts";

const response = (id: number, characters = 0): Response => ({
  t: "response",
  id,
  ok: true,
  result: "x".repeat(characters),
});

Deno.test("recall() tells new, running and answered apart", () => {
  const memory = createRequestMemory();
  assert.deepEqual(memory.recall(1), { kind: "new" });
  memory.start(1);
  assert.deepEqual(memory.recall(1), { kind: "running" });
  memory.answer(1, response(1), 0);
  assert.deepEqual(memory.recall(1), { kind: "answered", response: response(1) });
  assert.deepEqual(memory.recall(2), { kind: "new" });
});

Deno.test("recall() agrees with a model that forgets nothing: an id is never new twice", () => {
  const step = fc.oneof(
    fc.record({ do: fc.constant("ask"), size: fc.constantFrom(0, 100, 140_000) }),
    fc.record({ do: fc.constant("answer"), pick: fc.nat() }),
    fc.record({ do: fc.constant("wait"), ms: fc.constantFrom(1_000, 300_000, 700_000) }),
  );
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const memory = createRequestMemory();
      const running = new Map<number, number>();
      const answered = new Map<number, number>();
      let now = 0;
      let lastId = 0;
      for (const each of steps) {
        if ("size" in each) {
          const id = ++lastId;
          // An id that is above all others was never asked.
          assert.equal(memory.recall(id).kind, "new");
          memory.start(id);
          running.set(id, each.size);
        } else if ("pick" in each && running.size > 0) {
          const [id, size] = [...running][each.pick % running.size] ?? [0, 0];
          running.delete(id);
          memory.answer(id, response(id, size), now);
          answered.set(id, now);
        } else if ("ms" in each) {
          now += each.ms;
          memory.prune(now);
        }
        for (const id of running.keys()) assert.equal(memory.recall(id).kind, "running");
        for (const [id, at] of answered) {
          const { kind } = memory.recall(id);
          assert.ok(kind === "answered" || kind === "forgotten", kind);
          if (now - at >= MEMORY_LIMITS.keepMs) assert.equal(kind, "forgotten");
        }
      }
    }),
    { numRuns: 100 },
  );
});

Deno.test("answer() keeps a large answer as carried out, without its content", () => {
  const memory = createRequestMemory();
  memory.start(1);
  memory.answer(1, response(1, MEMORY_LIMITS.answerCharacters), 0);
  assert.deepEqual(memory.recall(1), { kind: "forgotten" });
});

Deno.test("answer() keeps no more characters in all than the bound, the newest ones", () => {
  const memory = createRequestMemory();
  const characters = 100_000;
  const count = 2 * Math.ceil(MEMORY_LIMITS.totalCharacters / characters);
  for (let id = 1; id <= count; id++) {
    memory.start(id);
    memory.answer(id, response(id, characters), 0);
  }
  let kept = 0;
  for (let id = 1; id <= count; id++) {
    const recalled = memory.recall(id);
    assert.notEqual(recalled.kind, "new");
    if (recalled.kind === "answered") kept += JSON.stringify(recalled.response).length;
  }
  assert.ok(kept <= MEMORY_LIMITS.totalCharacters && kept > MEMORY_LIMITS.totalCharacters / 2, `${kept}`);
  assert.equal(memory.recall(count).kind, "answered");
});

Deno.test("answer() keeps no more ids than the bound, and refuses what it dropped", () => {
  const memory = createRequestMemory();
  const count = MEMORY_LIMITS.idsPerPeer + 10;
  for (let id = 1; id <= count; id++) {
    memory.start(id);
    memory.answer(id, response(id), 0);
  }
  assert.deepEqual([memory.recall(10).kind, memory.recall(11).kind], ["forgotten", "answered"]);
});

Deno.test("prune() forgets answers after 10 minutes, and not what still runs", () => {
  const memory = createRequestMemory();
  for (const id of [1, 2, 3]) memory.start(id);
  memory.answer(2, response(2), 0);
  memory.answer(3, response(3), 1);
  memory.prune(MEMORY_LIMITS.keepMs - 1);
  assert.equal(memory.recall(2).kind, "answered");
  memory.prune(MEMORY_LIMITS.keepMs);
  assert.deepEqual([1, 2, 3, 4].map((id) => memory.recall(id).kind), [
    "running",
    "forgotten",
    "answered",
    "new",
  ]);
});
