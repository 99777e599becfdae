import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import { createTasks } from "../../../src/peer/tasks.ts";
import { createTurns } from "../../../src/peer/turns.ts";

Deno.test("add() begins the first pieces at once and the others in later turns, in order", async () => {
  const tasks = createTasks();
  const turns = createTurns(3, tasks);
  const begun: number[] = [];
  let loopTurns = 0;
  let isDone = false;
  const count = () => {
    loopTurns++;
    if (!isDone) setImmediate(count);
  };
  for (let i = 0; i < 20; i++) {
    turns.add(() => {
      begun.push(i);
      return Promise.resolve();
    });
  }
  assert.deepEqual([begun, turns.waiting], [[0, 1, 2], 17]);
  count();
  await tasks.settled();
  isDone = true;
  assert.deepEqual(begun, Array.from({ length: 20 }, (_, i) => i));
  assert.equal(turns.waiting, 0);
  assert.ok(loopTurns >= 5, "the event loop turned between the pieces");
  await new Promise((resolve) => setImmediate(resolve)); // The last turn that was counted.
});

Deno.test("add() works on no more at once than it may, and goes on as pieces end", async () => {
  const tasks = createTasks();
  const turns = createTurns(2, tasks);
  const gates = Array.from({ length: 5 }, () => Promise.withResolvers<void>());
  let atWork = 0;
  let most = 0;
  for (const { promise } of gates) {
    turns.add(async () => {
      most = Math.max(most, ++atWork);
      await promise;
      atWork--;
    });
  }
  for (const { resolve } of gates) {
    resolve();
    await new Promise((next) => setTimeout(next, 0));
  }
  await tasks.settled();
  assert.deepEqual([most, atWork, turns.waiting], [2, 0, 0]);
});

Deno.test("add() takes pieces that pieces add", async () => {
  const tasks = createTasks();
  const turns = createTurns(1, tasks);
  const order: string[] = [];
  turns.add(() => {
    turns.add(() => {
      order.push("second");
      return Promise.resolve();
    });
    order.push("first");
    return Promise.resolve();
  });
  await tasks.settled();
  assert.deepEqual(order, ["first", "second"]);
});
