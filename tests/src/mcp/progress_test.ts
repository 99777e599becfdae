import assert from "node:assert/strict";
import fc from "fast-check";
import { createProgressSender } from "../../../src/mcp/progress.ts";
import type { ToolProgress } from "../../../src/mcp/tool.ts";
import { useFakeClock } from "../../helpers/fake_clock.ts";

function setUp() {
  const sent: ToolProgress[] = [];
  const sender = createProgressSender((progress) => {
    sent.push(progress);
    return Promise.resolve();
  });
  return { sent, sender };
}

Deno.test("createProgressSender() counts lines from one", async () => {
  const { sent, sender } = setUp();
  await sender.lines("a");
  await sender.lines("b");
  await sender.end();
  assert.deepEqual(sent, [{ progress: 1, message: "a" }, { progress: 2, message: "b" }]);
});

Deno.test("createProgressSender() sends the first report at once, then the last of each moment, and the last of all", async () => {
  using clock = useFakeClock();
  const { sent, sender } = setUp();
  for (let i = 1; i <= 50; i++) sender.report({ progress: i, total: 100, message: `host ${i}` });
  await clock.advance(0);
  assert.deepEqual(sent, [{ progress: 1, total: 100, message: "host 1" }]);
  await clock.advance(100);
  assert.deepEqual(sent.at(-1), { progress: 50, total: 100, message: "host 50" });
  for (let i = 51; i <= 100; i++) sender.report({ progress: i, total: 100 });
  await sender.end();
  assert.deepEqual(sent.slice(2), [{ progress: 100, total: 100 }]);
  sender.report({ progress: 101 });
  await sender.lines("late");
  await sender.end();
  await clock.advance(1_000);
  assert.equal(sent.length, 3, "nothing is sent after the end");
  assert.equal(clock.timers, 0);
});

Deno.test("createProgressSender() gives a client that does not read no more than one report and the last", async () => {
  using clock = useFakeClock();
  const sent: number[] = [];
  const reading = Promise.withResolvers<void>();
  const sender = createProgressSender(async ({ progress }) => {
    sent.push(progress);
    await reading.promise;
  });
  for (let i = 1; i <= 1_000; i++) {
    sender.report({ progress: i });
    await clock.advance(100);
  }
  assert.deepEqual(sent, [1]);
  reading.resolve();
  await sender.end();
  assert.equal(sent.at(-1), 1_000);
  assert.ok(sent.length <= 4, `${sent.length} were sent`);
});

Deno.test("createProgressSender() never lets the number fall or pass the total, however lines and reports mix", async () => {
  const step = fc.oneof(
    fc.constant("line" as const),
    fc.record({ progress: fc.integer({ min: -1, max: 20 }), total: fc.constant(20) }),
    fc.record({ progress: fc.double() }),
  );
  await fc.assert(fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
    using clock = useFakeClock();
    const { sent, sender } = setUp();
    let largest = 0;
    for (const one of steps) {
      if (one === "line") await sender.lines("x");
      else {
        sender.report(one);
        largest = Math.max(largest, Number.isFinite(one.progress) ? one.progress : 0);
      }
      await clock.advance(100);
    }
    await sender.end();
    for (const [i, { progress }] of sent.entries()) {
      assert.ok(Number.isFinite(progress));
      assert.ok(progress >= (sent[i - 1]?.progress ?? 0), JSON.stringify(sent));
    }
    const bound = Math.max(largest, sent.filter(({ total }) => total === undefined).length, 20) + 1;
    assert.ok((sent.at(-1)?.progress ?? 0) <= bound);
  }));
});

Deno.test("createProgressSender() puts lines between two reports into numbers between them", async () => {
  using clock = useFakeClock();
  const { sent, sender } = setUp();
  sender.report({ progress: 0, total: 4 });
  await sender.lines("a");
  await sender.lines("b");
  sender.report({ progress: 1, total: 4 });
  await clock.advance(100);
  await sender.lines("c");
  sender.report({ progress: 4, total: 4 });
  await sender.lines("d");
  await sender.end();
  const numbers = sent.map(({ progress }) => progress);
  assert.deepEqual(numbers, [0, 0.5, 2 / 3, 1, 1.5, 4, 4]);
  assert.ok(sent.every(({ total }) => total === 4));
});

Deno.test("createProgressSender() makes lines wait for their notification, and fail with it", async () => {
  const gone = new Error("gone");
  const sender = createProgressSender(() => Promise.reject(gone));
  await assert.rejects(sender.lines("a"), gone);
  sender.report({ progress: 1 });
  await sender.end();
});
