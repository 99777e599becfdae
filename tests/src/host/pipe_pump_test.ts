import assert from "node:assert/strict";
import { PipePump } from "../../../src/host/pipe_pump.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";

/** A pipe that a test writes to, and counts how often it is read. */
function fakePipe() {
  let controller: ReadableByteStreamController | undefined;
  const state = { pulls: 0, isCancelled: false };
  const pipe = new ReadableStream({
    type: "bytes",
    start: (given) => {
      controller = given;
    },
    pull: () => {
      state.pulls++;
    },
    cancel: () => {
      state.isCancelled = true;
    },
  }, { highWaterMark: 0 });
  return {
    pipe,
    state,
    write: (text: string | Bytes) => controller?.enqueue(typeof text === "string" ? utf8(text) : text),
    close: () => {
      controller?.close();
      controller?.byobRequest?.respond(0); // A read that waits ends so.
    },
    fail: (error: Error) => controller?.error(error),
  };
}

/** A consumer that takes nothing until it is told to. */
function gate() {
  const open = Promise.withResolvers<void>();
  const taken: string[] = [];
  return {
    taken,
    open: open.resolve,
    consume: async (bytes: Bytes) => {
      taken.push(new TextDecoder().decode(bytes));
      await open.promise;
    },
  };
}

const noFailure = (error: unknown) => assert.fail(String(error));
const turn = () => new Promise((resolve) => setTimeout(resolve, 1));

Deno.test("PipePump reads nothing while its consumer is not ready", async () => {
  const { pipe, state, write, close } = fakePipe();
  const { consume, taken, open } = gate();
  const pump = new PipePump(pipe, consume, noFailure);
  write("a");
  await turn();
  const { pulls } = state;
  write("b");
  await turn();
  assert.deepEqual([taken, state.pulls], [["a"], pulls]);
  close();
  open();
  await pump.closed;
  assert.deepEqual([taken, pump.isOpen], [["a", "b"], false]);
});

Deno.test("settle() delivers everything, however long the consumer takes", async () => {
  const { pipe, write, close } = fakePipe();
  const { consume, taken, open } = gate();
  const pump = new PipePump(pipe, consume, noFailure);
  for (const text of ["a", "b", "c"]) write(text);
  close();
  let isSettled = false;
  const settled = pump.settle(5).then(() => isSettled = true);
  await new Promise((resolve) => setTimeout(resolve, 30));
  assert.equal(isSettled, false);
  open();
  await settled;
  assert.deepEqual([taken.join(""), pump.isOpen], ["abc", false]);
});

Deno.test("settle() ends after a silence if others hold the pipe, and what they write is dropped", async () => {
  const { pipe, write, close } = fakePipe();
  const { consume, taken, open } = gate();
  open();
  const pump = new PipePump(pipe, consume, noFailure);
  write("a");
  await pump.settle(5);
  assert.deepEqual([pump.isOpen, pump.hasDropped], [true, false]);
  write("late");
  close();
  await pump.closed;
  assert.deepEqual(taken, ["a"]);
  assert.deepEqual([pump.isOpen, pump.hasDropped], [false, true]);
});

Deno.test("settle() delivers what was left in the pipe, although a busy machine reads it slowly", async () => {
  const { pipe, write } = fakePipe();
  let received = 0;
  const pump = new PipePump(pipe, (bytes) => {
    received += bytes.length;
    return Promise.resolve();
  }, noFailure);
  const settled = pump.settle(50);
  for (let i = 0; i < 10; i++) {
    write(new Uint8Array(65_536));
    // Longer than a slice, of which there are five in all.
    await new Promise((resolve) => setTimeout(resolve, 12));
  }
  await settled;
  assert.equal(received, 655_360);
  await pump.stop();
});

Deno.test("settle() does not take a stalled event loop for silence", async () => {
  const { pipe, write } = fakePipe();
  const taken: string[] = [];
  const pump = new PipePump(pipe, (bytes) => {
    taken.push(new TextDecoder().decode(bytes));
    return Promise.resolve();
  }, noFailure);
  const settled = pump.settle(50);
  for (let i = 0; i < 6; i++) {
    const stallUntil = performance.now() + 40;
    while (performance.now() < stallUntil);
    await turn();
  }
  write("late");
  await settled;
  assert.deepEqual(taken, ["late"]);
  await pump.stop();
});

Deno.test("settle() ends although a background process never stops writing", async () => {
  const endless = new ReadableStream({
    type: "bytes",
    pull: (controller) => controller.enqueue(new Uint8Array(65_536)),
  });
  let bytes = 0;
  const pump = new PipePump(endless, async (chunk) => {
    bytes += chunk.length;
    await turn();
  }, noFailure);
  const before = bytes;
  await pump.settle(10_000);
  assert.ok(bytes - before >= 1024 * 1024 && bytes - before <= 1024 * 1024 + 2 * 65_536, `took ${bytes}`);
  await pump.stop();
});

Deno.test("stop() does not wait for the consumer", async () => {
  const { pipe, state, write } = fakePipe();
  const { consume, open } = gate();
  const pump = new PipePump(pipe, consume, noFailure);
  write("a");
  await turn();
  await pump.stop();
  assert.deepEqual([state.isCancelled, pump.isOpen], [true, false]);
  open();
  await pump.closed;
});

Deno.test("PipePump reports a consumer that fails, once, and reads on so that the writer can end", async () => {
  const { pipe, write, close } = fakePipe();
  const failures: unknown[] = [];
  const failure = new Error("the receiver is gone");
  const pump = new PipePump(pipe, () => Promise.reject(failure), (error) => failures.push(error));
  write("a");
  write("b");
  close();
  await pump.closed;
  assert.deepEqual([failures, pump.isOpen], [[failure], false]);
});

Deno.test("PipePump reports a pipe that fails", async () => {
  const { pipe, fail } = fakePipe();
  const failures: unknown[] = [];
  const pump = new PipePump(pipe, () => Promise.resolve(), (error) => failures.push(error));
  const failure = new Error("read failed");
  fail(failure);
  await pump.closed;
  assert.deepEqual(failures, [failure]);
});
