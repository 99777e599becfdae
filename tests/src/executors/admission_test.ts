import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import { Admission } from "../../../src/executors/admission.ts";

const { signal: never } = new AbortController();

Deno.test("acquire() admits up to the limit at once, then in the order of arrival", async () => {
  const admission = new Admission({ maxRunning: 2, maxQueued: 3 });
  const first = await admission.acquire(never);
  await admission.acquire(never);
  const order: string[] = [];
  const waiting = ["a", "b", "c"].map(async (name) => {
    using _place = await admission.acquire(never);
    order.push(name);
  });
  assert.deepEqual([admission.running, admission.queued], [2, 3]);
  assert.deepEqual(order, []);
  first[Symbol.dispose]();
  await Promise.all(waiting);
  assert.deepEqual(order, ["a", "b", "c"]);
  assert.deepEqual([admission.running, admission.queued], [1, 0]);
});

Deno.test("acquire() refuses with both numbers when the queue is full", async () => {
  const admission = new Admission({ maxRunning: 1, maxQueued: 1 });
  await admission.acquire(never);
  const controller = new AbortController();
  const queued = admission.acquire(controller.signal);
  await assert.rejects(admission.acquire(never), (error) => {
    assert.ok(error instanceof OperationError && error.code === "busy");
    assert.match(error.message, /runs 1 and 1 more are waiting/);
    return true;
  });
  controller.abort();
  await assert.rejects(queued);
});

Deno.test("acquire() lets an aborted request leave the queue, and the next one through", async () => {
  const admission = new Admission({ maxRunning: 1, maxQueued: 2 });
  const place = await admission.acquire(never);
  const controller = new AbortController();
  const leaving = admission.acquire(controller.signal);
  const staying = admission.acquire(never);
  controller.abort();
  await assert.rejects(leaving, (error) => error instanceof OperationError && error.code === "cancelled");
  assert.equal(admission.queued, 1);
  place[Symbol.dispose]();
  (await staying)[Symbol.dispose]();
  assert.deepEqual([admission.running, admission.queued], [0, 0]);
});

Deno.test("acquire() says what the signal says, if it is an error of ours", async () => {
  const admission = new Admission({ maxRunning: 1 });
  const reason = new OperationError("timed_out", "Cannot complete the request: its deadline has passed");
  await assert.rejects(admission.acquire(AbortSignal.abort(reason)), (error) => error === reason);
  assert.equal(admission.running, 0);
});

Deno.test("acquire() gives a place that counts once, however often it is disposed of", async () => {
  const admission = new Admission({ maxRunning: 2 });
  const place = await admission.acquire(never);
  await admission.acquire(never);
  place[Symbol.dispose]();
  place[Symbol.dispose]();
  assert.equal(admission.running, 1);
});

Deno.test("acquire() runs 64 and queues 1024 unless told otherwise", async () => {
  const admission = new Admission();
  const all = Array.from({ length: 64 + 1024 }, () => admission.acquire(never));
  assert.deepEqual([admission.running, admission.queued], [64, 1024]);
  await assert.rejects(admission.acquire(never), /runs 64 and 1024 more/);
  for (const place of all) (await place)[Symbol.dispose]();
  assert.deepEqual([admission.running, admission.queued], [0, 0]);
});
