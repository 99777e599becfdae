import assert from "node:assert/strict";
import type { Bytes } from "../../src/protocol/bytes.ts";
import { MAX_MESSAGE_BYTES } from "../../src/protocol/limits.ts";
import { Outbox, type SendingSocket, WINDOW_BYTES } from "../../relay/socket.ts";

/** A socket that keeps what it is sent until the test takes it. */
class FakeSocket implements SendingSocket {
  readyState: number = WebSocket.OPEN;
  bufferedAmount = 0;
  readonly sent: (string | Bytes)[] = [];
  readonly closes: [number, string][] = [];

  send(data: string | Bytes): void {
    this.sent.push(data);
    this.bufferedAmount += data.length;
  }
  close(code: number, reason: string): void {
    this.closes.push([code, reason]);
    this.readyState = WebSocket.CLOSING;
  }
}

function createTestOutbox(maxBytes?: number) {
  const socket = new FakeSocket();
  let tooSlow = 0;
  const outbox = new Outbox(socket, { onTooSlow: () => tooSlow++, ...(maxBytes ? { maxBytes } : {}) });
  return { socket, outbox, countTooSlow: () => tooSlow };
}

/** The turn of the event loop that follows. */
const nextTurn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await nextTurn();
}

const bytes = (length: number, fill: number) => new Uint8Array(length).fill(fill);

Deno.test("Outbox.forward() packs what comes in one turn into one message, in order", async () => {
  const { socket, outbox } = createTestOutbox();
  outbox.forward(bytes(2, 1));
  outbox.forward(bytes(1, 2));
  assert.deepEqual(socket.sent, []);
  await until(() => socket.sent.length > 0);
  assert.deepEqual(socket.sent, [new Uint8Array([1, 1, 2])]);
  outbox.forward(bytes(1, 3));
  await until(() => socket.sent.length > 1);
  assert.deepEqual(socket.sent[1], new Uint8Array([3]));
});

Deno.test("Outbox.sendText() comes after the frames given before it and before those after it", async () => {
  const { socket, outbox } = createTestOutbox();
  outbox.forward(bytes(1, 1));
  outbox.sendText("text");
  outbox.forward(bytes(1, 2));
  await until(() => socket.sent.length === 3);
  assert.deepEqual(socket.sent, [bytes(1, 1), "text", bytes(1, 2)]);
});

Deno.test("Outbox.forward() never packs more than a message may carry", async () => {
  const { socket, outbox } = createTestOutbox();
  outbox.forward(bytes(100, 1));
  outbox.forward(bytes(MAX_MESSAGE_BYTES - 50, 2));
  await until(() => socket.sent.length === 2);
  assert.deepEqual(socket.sent.map(({ length }) => length), [100, MAX_MESSAGE_BYTES - 50]);
});

Deno.test("Outbox.forward() does not wait for the end of the turn with a full pack", () => {
  const { socket, outbox } = createTestOutbox();
  for (let i = 0; i < 1000; i++) outbox.forward(bytes(1, 1));
  assert.ok(socket.sent.length > 1);
  outbox.discard();
});

Deno.test("Outbox hands over a window only and the rest in order as it drains", async () => {
  const { socket, outbox } = createTestOutbox();
  for (let i = 0; i < 6; i++) outbox.forward(bytes(WINDOW_BYTES / 2, i));
  outbox.sendText("last");
  await nextTurn();
  assert.equal(socket.sent.length, 2);
  await until(() => {
    socket.bufferedAmount = 0;
    return socket.sent.length === 7;
  });
  assert.deepEqual(socket.sent.map((data) => typeof data === "string" ? data : data[0]), [
    0,
    1,
    2,
    3,
    4,
    5,
    "last",
  ]);
});

Deno.test("Outbox copies a small part of a large message that has to wait", async () => {
  const { socket, outbox } = createTestOutbox();
  socket.bufferedAmount = WINDOW_BYTES;
  outbox.forward(bytes(WINDOW_BYTES / 2, 7).subarray(5, 10));
  await nextTurn();
  await nextTurn();
  socket.bufferedAmount = 0;
  await until(() => socket.sent.length === 1);
  const [sent] = socket.sent;
  assert.ok(sent instanceof Uint8Array);
  assert.deepEqual(sent, bytes(5, 7));
  assert.equal(sent.buffer.byteLength, 5);
});

Deno.test("Outbox says once that a connection is too slow, and sends nothing more but the reason", async () => {
  const { socket, outbox, countTooSlow } = createTestOutbox(2 * WINDOW_BYTES);
  for (let i = 0; i < 12; i++) outbox.forward(bytes(WINDOW_BYTES / 4, i));
  await nextTurn();
  assert.equal(countTooSlow(), 1);
  const before = socket.sent.length;
  outbox.forward(bytes(10, 1));
  outbox.sendText("never");
  await nextTurn();
  assert.equal(socket.sent.length, before);
  outbox.close(4429, "too slow", "reason");
  assert.deepEqual(socket.sent.slice(before), ["reason"]);
  await until(() => socket.closes.length > 0);
  assert.deepEqual(socket.closes, [[4429, "too slow"]]);
});

Deno.test("Outbox.close() sends what was given before it, closes once, and cuts the reason between characters", async () => {
  const { socket, outbox } = createTestOutbox();
  outbox.forward(bytes(1, 1));
  outbox.close(4400, "ä".repeat(100), "why");
  outbox.close(4401, "again", "again");
  assert.deepEqual(socket.sent, [bytes(1, 1), "why"]);
  await until(() => socket.closes.length > 0);
  assert.deepEqual(socket.closes, [[4400, "ä".repeat(60)]]);
});

Deno.test("Outbox.close() waits for a socket that is not open yet to be closed again", async () => {
  const { socket, outbox } = createTestOutbox();
  socket.readyState = WebSocket.CONNECTING;
  outbox.close(4408, "r", "t");
  await nextTurn();
  assert.deepEqual(socket.closes, []);
  socket.readyState = WebSocket.OPEN;
  outbox.close(4408, "r", "t");
  await until(() => socket.closes.length > 0);
  assert.deepEqual(socket.closes, [[4408, "r"]]);
});
