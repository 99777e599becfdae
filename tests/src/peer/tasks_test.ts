import assert from "node:assert/strict";
import { createTasks } from "../../../src/peer/tasks.ts";

Deno.test("settled() waits for work that failed and for work that work started", async () => {
  const tasks = createTasks();
  const gates = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const;
  const failing = tasks.add(gates[0].promise.then(() => {
    void tasks.add(gates[1].promise);
    throw new Error("the work failed");
  }));
  let isSettled = false;
  const settled = tasks.settled().then(() => isSettled = true);
  gates[0].resolve();
  await assert.rejects(failing, /the work failed/);
  assert.equal(isSettled, false);
  gates[1].resolve();
  await settled;
});

Deno.test("settled() resolves at once if there is no work", async () => {
  await createTasks().settled();
});
