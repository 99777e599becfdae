/**
 * One-way delay of a stream of small messages, on the product's link (the `ws` package) and on the runtime's own
 * WebSocket client.
 */
import { dialWebSocket } from "../../../src/transport/websocket_link.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { encodeFrames } from "../../../src/protocol/frame.ts";
import { startBare } from "../relays.ts";
import type { PartOptions, PartReport } from "../report.ts";
import { measureInRounds } from "../rounds.ts";
import { median, percentile } from "../statistics.ts";

const PAYLOAD_BYTES = 200;
const GAP_MS = 2;

/** Sends bytes, and is closed at the end. */
interface Sender {
  send(message: Bytes): void;
  close(): void;
}

/** Measures links. */
export async function measureLink({ quick }: PartOptions): Promise<PartReport> {
  const rounds = quick ? 1 : 3;
  const count = quick ? 100 : 400;
  await using stack = new AsyncDisposableStack();
  const { url } = await startBare(stack);
  const stream = (open: typeof openWs) => () => streamOnce(url, open, count);
  const delays = await measureInRounds({ ws: stream(openWs), native: stream(openNative) }, { rounds });
  const row = (label: string, values: readonly number[]) => [
    label,
    median(values).toFixed(2),
    percentile(values, 0.99).toFixed(2),
    Math.max(...values).toFixed(2),
  ];
  return {
    method:
      `${count} messages of ${PAYLOAD_BYTES} bytes, one every ${GAP_MS} ms and nothing in the other direction, ` +
      "through the minimal relay on `Deno.serve` to a second connection of the same process, which takes the time. " +
      `${rounds} rounds, sides in turns.`,
    tables: [{
      title: "Milliseconds from send to arrival",
      columns: ["sender's client", "p50", "p99", "worst"],
      rows: [row("ws package", delays.ws.flat()), row("runtime's WebSocket", delays.native.flat())],
    }],
    goals: [],
    notes: [],
  };
}

async function streamOnce(
  url: string,
  open: (url: URL) => Promise<Sender>,
  count: number,
): Promise<number[]> {
  const to = crypto.getRandomValues(new Uint8Array(16));
  const sentAt: number[] = [];
  const delays: number[] = [];
  const finished = Promise.withResolvers<void>();
  const receiver = await openReceiver(new URL(`/connect?address=${to.toHex()}`, url), () => {
    delays.push(performance.now() - (sentAt[delays.length] ?? NaN));
    if (delays.length === count) finished.resolve();
  });
  const from = crypto.getRandomValues(new Uint8Array(16));
  const sender = await open(new URL(`/connect?address=${from.toHex()}`, url));
  const message = encodeFrames([{ address: to, payload: new Uint8Array(PAYLOAD_BYTES) }]);
  for (let i = 0; i < count; i++) {
    sentAt.push(performance.now());
    sender.send(message);
    await new Promise((resolve) => setTimeout(resolve, GAP_MS));
  }
  await finished.promise;
  sender.close();
  receiver.close();
  return delays;
}

async function openReceiver(url: URL, onMessage: () => void): Promise<Sender> {
  const welcomed = Promise.withResolvers<void>();
  const link = await dialWebSocket(url, {
    onText: () => welcomed.resolve(),
    onBinary: onMessage,
    onClose: () => {},
  }, new AbortController().signal);
  await welcomed.promise;
  return { send: (message) => link.sendBinary(message), close: () => link.close() };
}

function openWs(url: URL): Promise<Sender> {
  return openReceiver(url, () => {});
}

async function openNative(url: URL): Promise<Sender> {
  const socket = new WebSocket(url);
  await new Promise((resolve) => socket.addEventListener("message", resolve, { once: true }));
  return { send: (message) => socket.send(message), close: () => socket.close() };
}
