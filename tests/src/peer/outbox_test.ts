import assert from "node:assert/strict";
import fc from "fast-check";
import { createBucket, takeTokens } from "../../../relay/core/limits.ts";
import { createOutbox } from "../../../src/peer/outbox.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import type { RelayLimits } from "../../../src/protocol/control.ts";
import { decodeFrames } from "../../../src/protocol/frame.ts";
import { MAX_MESSAGE_BYTES, MAX_PAYLOAD_BYTES } from "../../../src/protocol/limits.ts";
import { type Link, LINK_HIGH_WATER_BYTES } from "../../../src/transport/link.ts";
import { turn, useFakeClock } from "../../helpers/fake_clock.ts";
import { sampleAddress } from "../../helpers/sample_card.ts";

const MIB = 1024 * 1024;
const GENEROUS: RelayLimits = { framesPerSec: 1e9, bytesPerSec: 1e12, idleTimeoutSecs: 90 };
const to = sampleAddress(1);

function recordingLink(drained: () => Promise<void> = () => Promise.resolve()) {
  const messages: Bytes[] = [];
  const link: Link = {
    sendText: () => assert.fail("The outbox sends no text"),
    sendBinary: (message) => messages.push(message),
    drained,
    close: () => assert.fail("The outbox does not own the link"),
  };
  return { link, messages, frames: () => messages.flatMap((message) => decodeFrames(message)) };
}

Deno.test("push() packs the frames of one turn into one message, in order", async () => {
  const { link, messages, frames } = recordingLink();
  const outbox = createOutbox(link, GENEROUS, () => 0);
  for (let i = 0; i < 100; i++) outbox.push(sampleAddress(i), Uint8Array.of(i));
  assert.equal(messages.length, 0);
  await turn();
  assert.equal(messages.length, 1);
  assert.deepEqual(
    frames().map(({ address, payload }) => [address[0], payload[0]]),
    Array.from({ length: 100 }, (_, i) => [i, i]),
  );
  outbox.push(to, Uint8Array.of(200));
  await turn();
  assert.equal(messages.length, 2);
});

Deno.test("push() begins another message where one would be over 1 MiB", async () => {
  const { link, messages, frames } = recordingLink();
  const outbox = createOutbox(link, GENEROUS, () => 0);
  for (let i = 0; i < 10; i++) outbox.push(to, new Uint8Array(MAX_PAYLOAD_BYTES).fill(i));
  await turn();
  assert.deepEqual(messages.map((message) => decodeFrames(message).length), [3, 3, 3, 1]);
  assert.ok(messages.every(({ length }) => length <= MAX_MESSAGE_BYTES));
  assert.deepEqual(frames().map(({ payload }) => payload[0]), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});

Deno.test("push() never sends more than the relay's bucket holds, whatever the load, and sends all of it", async () => {
  const limits = fc.record({
    framesPerSec: fc.constantFrom(1, 10, 1_000, 200_000),
    bytesPerSec: fc.constantFrom(MIB, 10 * MIB, 512 * MIB),
    idleTimeoutSecs: fc.constant(90),
  });
  const burst = fc.record({
    waitMs: fc.nat(3_000),
    count: fc.oneof(fc.nat(20), fc.constant(1_500)),
    size: fc.constantFrom(0, 64, 5_000, MAX_PAYLOAD_BYTES),
  });
  await fc.assert(
    fc.asyncProperty(limits, fc.array(burst, { minLength: 1, maxLength: 5 }), async (rates, bursts) => {
      using clock = useFakeClock();
      const frames = createBucket(rates.framesPerSec, clock.now());
      const bytes = createBucket(rates.bytesPerSec, clock.now());
      const { link } = recordingLink();
      let sent = 0;
      const excesses: string[] = [];
      const outbox = createOutbox(
        {
          ...link,
          sendBinary(message) {
            const count = decodeFrames(message).length;
            if (!takeTokens(frames, count, clock.now())) excesses.push(`${count} frames at ${clock.now()}`);
            if (!takeTokens(bytes, message.length, clock.now())) excesses.push(`${message.length} bytes`);
            sent += count;
          },
        },
        rates,
        clock.now,
      );
      let pushed = 0;
      for (const { waitMs, count, size } of bursts) {
        await clock.advance(waitMs);
        // Large frames by the thousand, or frames for a relay of one a second, only cost the test time.
        const allowed = Math.min(count, size > 5_000 ? 20 : count, rates.framesPerSec * 5);
        const payload = new Uint8Array(size);
        for (let i = 0; i < allowed; i++) outbox.push(to, payload.slice());
        pushed += allowed;
      }
      await clock.advance(120_000);
      assert.deepEqual(excesses, []);
      assert.equal(sent, pushed);
      assert.equal(clock.timers, 0);
    }),
    { numRuns: 40 },
  );
});

Deno.test("push() uses most of the rate that the relay allows", async () => {
  using clock = useFakeClock();
  const { link, frames } = recordingLink();
  const outbox = createOutbox(link, { ...GENEROUS, framesPerSec: 1_000 }, clock.now);
  for (let i = 0; i < 10_000; i++) outbox.push(to, new Uint8Array(1));
  await clock.advance(5_000);
  const sent = frames().length;
  assert.ok(sent > 5 * 700 && sent < 5 * 1_000 + 1_000, `${sent}`);
  outbox.close();
});

Deno.test("drained() waits while a full buffer waits for its turn, and wakes all when it is out", async () => {
  using clock = useFakeClock();
  const { link } = recordingLink();
  const outbox = createOutbox(link, { ...GENEROUS, bytesPerSec: MIB }, clock.now);
  const payload = new Uint8Array(200_000);
  await outbox.drained();
  for (let sent = 0; sent <= 2 * LINK_HIGH_WATER_BYTES; sent += payload.length) {
    outbox.push(to, payload.slice());
  }
  let woken = 0;
  for (let i = 0; i < 3; i++) void outbox.drained().then(() => woken++);
  await turn();
  assert.equal(woken, 0);
  await clock.advance(10_000);
  assert.equal(woken, 3);
  await outbox.drained();
});

Deno.test("drained() waits for the link too", async () => {
  const full = Promise.withResolvers<void>();
  const { link } = recordingLink(() => full.promise);
  let isDrained = false;
  const waiting = createOutbox(link, GENEROUS, () => 0).drained().then(() => isDrained = true);
  await turn();
  assert.equal(isDrained, false);
  full.resolve();
  await waiting;
});

Deno.test("close() ends the timer, drops what waits, and lets waiting senders go", async () => {
  using clock = useFakeClock();
  const { link, messages } = recordingLink();
  const outbox = createOutbox(link, { ...GENEROUS, bytesPerSec: MIB }, clock.now);
  for (let i = 0; i < 30; i++) outbox.push(to, new Uint8Array(200_000));
  await turn();
  const before = messages.length;
  const waiting = outbox.drained();
  assert.equal(clock.timers, 1);
  outbox.close();
  await waiting;
  assert.equal(clock.timers, 0);
  outbox.push(to, new Uint8Array(1));
  await outbox.drained();
  await clock.advance(60_000);
  assert.equal(messages.length, before);
});

Deno.test("close() in the turn of a push sends nothing", async () => {
  const { link, messages } = recordingLink();
  const outbox = createOutbox(link, GENEROUS, () => 0);
  outbox.push(to, new Uint8Array(1));
  outbox.close();
  await turn();
  assert.equal(messages.length, 0);
});
