/**
 * The load generator: pairs of members, in each of which one sends frames to the other as fast as a window allows.
 * A request on stdin is one measurement.
 */
import * as z from "zod";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { encodeFrames } from "../../../src/protocol/frame.ts";
import { createRawKeys } from "../../helpers/relay.ts";
import { cpuSecondsOf } from "../proc.ts";
import { answer, requests } from "./json_lines.ts";
import { joinRelay, type LoadMember } from "./members.ts";
import { encodeBinary } from "./raw_websocket.ts";

const Load = z.object({
  kind: z.enum(["product", "minimal", "mirror"]),
  url: z.string(),
  /** Process of the relay, whose processor time is looked at. */
  pid: z.number(),
  payloadBytes: z.number(),
  /** Frames in one message. */
  batch: z.number(),
  pairs: z.number(),
  /** True: a sender sends its next message when the one before has arrived. */
  isLone: z.boolean(),
  warmUpMs: z.number(),
  measureMs: z.number(),
});
type Load = z.infer<typeof Load>;

/** What a sender has under way at most: enough to keep a relay busy, and not a second's worth of it. */
const WINDOW_FRAMES = 2048;
const WINDOW_BYTES = 1024 * 1024;
const MIN_WINDOW_MESSAGES = 4;
const DRAIN_MS = 5_000;

/** A sender and its receiver. */
class Pair {
  readonly #sender: LoadMember;
  readonly #receiver: LoadMember;
  readonly #chunk: Bytes;
  readonly #chunkBytes: number;
  readonly #windowBytes: number;
  #sentBytes = 0;
  #wake = () => {};

  constructor(sender: LoadMember, receiver: LoadMember, { payloadBytes, batch, isLone }: Load) {
    this.#sender = sender;
    this.#receiver = receiver;
    const frame = { address: receiver.address, payload: new Uint8Array(payloadBytes).fill(7) };
    const payload = encodeFrames(Array.from({ length: batch }, () => frame));
    const message = encodeBinary(payload);
    const window = Math.min(WINDOW_BYTES, WINDOW_FRAMES * (payload.length / batch));
    this.#windowBytes = isLone ? payload.length : Math.max(window, MIN_WINDOW_MESSAGES * payload.length);
    const messages = isLone ? 1 : Math.floor(this.#windowBytes / payload.length / MIN_WINDOW_MESSAGES);
    this.#chunk = new Uint8Array(messages * message.length);
    for (let i = 0; i < messages; i++) this.#chunk.set(message, i * message.length);
    this.#chunkBytes = messages * payload.length;
  }

  /** Bytes of frames that arrived. */
  get received(): number {
    return this.#receiver.socket.binaryBytes;
  }

  /** To be called when something arrived. */
  wake(): void {
    this.#wake();
  }

  /** Sends until the signal, then waits until all has arrived. */
  async run(stop: AbortSignal): Promise<void> {
    while (!stop.aborted) {
      if (this.#sentBytes + this.#chunkBytes - this.received > this.#windowBytes) {
        await this.#arrival();
        continue;
      }
      this.#sentBytes += this.#chunkBytes;
      await this.#sender.socket.write(this.#chunk);
    }
    const deadline = performance.now() + DRAIN_MS;
    while (this.received < this.#sentBytes) {
      if (performance.now() > deadline) {
        throw new Error(`Cannot finish: ${this.#sentBytes - this.received} bytes were lost on the way`);
      }
      await this.#arrival();
    }
  }

  close(): void {
    this.#sender.socket.close();
    this.#receiver.socket.close();
  }

  async #arrival(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, 100);
    this.#wake = resolve;
    await promise;
    clearTimeout(timer);
  }
}

async function openPair(load: Load, room: Awaited<ReturnType<typeof createRawKeys>>): Promise<Pair> {
  const { kind, url } = load;
  const hooks = { onBinary: () => {} };
  const receiver = await joinRelay({ kind, url, room, onBinary: () => hooks.onBinary() });
  const sender = await joinRelay({ kind, url, room, to: receiver.address });
  const pair = new Pair(sender, receiver, load);
  hooks.onBinary = () => pair.wake();
  return pair;
}

async function measure(load: Load) {
  const room = await createRawKeys();
  const pairs = await Promise.all(Array.from({ length: load.pairs }, () => openPair(load, room)));
  const stop = new AbortController();
  const running = Promise.all(pairs.map((pair) => pair.run(stop.signal)));
  const look = () => ({
    at: performance.now(),
    bytes: pairs.reduce((sum, pair) => sum + pair.received, 0),
    relayCpu: cpuSecondsOf(load.pid),
    ownCpu: cpuSecondsOf(Deno.pid),
  });
  await sleep(load.warmUpMs);
  const before = look();
  await sleep(load.measureMs);
  const after = look();
  stop.abort();
  await running;
  for (const pair of pairs) pair.close();
  const seconds = (after.at - before.at) / 1000;
  return {
    framesPerSec: (after.bytes - before.bytes) / (20 + load.payloadBytes) / seconds,
    relayCpu: (after.relayCpu - before.relayCpu) / seconds,
    ownCpu: (after.ownCpu - before.ownCpu) / seconds,
  };
}

function sleep(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

for await (const request of requests()) answer(await measure(Load.parse(request)));
