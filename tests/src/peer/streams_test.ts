import assert from "node:assert/strict";
import fc from "fast-check";
import { createCollector, createIncomingStream, createOutgoingStream } from "../../../src/peer/streams.ts";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import { MAX_CHUNK_BYTES } from "../../../src/protocol/limits.ts";
import { turn } from "../../helpers/fake_clock.ts";

const KIB = 1024;

/** Bytes of which every four tell where they are. */
function pattern(length: number): Bytes {
  return new Uint8Array(
    Uint32Array.from({ length: Math.ceil(length / 4) }, (_, i) => i * 2_654_435_761).buffer,
  )
    .subarray(0, length);
}

function startOutgoing(credit: number, drained: () => Promise<void> = () => Promise.resolve()) {
  const chunks: Bytes[] = [];
  const stream = createOutgoingStream({
    credit,
    drained,
    send(offset, chunk) {
      assert.equal(offset, concatBytes(...chunks).length);
      chunks.push(chunk);
    },
  });
  return { stream, chunks, bytes: () => concatBytes(...chunks) };
}

Deno.test("write() never sends more than the credit, whatever is written and granted, and loses nothing", async () => {
  const sizes = fc.array(fc.nat(3_000), { maxLength: 12 });
  await fc.assert(
    fc.asyncProperty(fc.nat(4_000), sizes, sizes, async (credit, writes, grants) => {
      const whole = pattern(writes.reduce((sum, size) => sum + size, 0));
      const { stream, bytes } = startOutgoing(credit);
      let at = 0;
      const writing = (async () => {
        for (const size of writes) await stream.write(whole.subarray(at, at += size));
      })();
      let granted = credit;
      for (const grant of grants) {
        await turn();
        assert.ok(stream.sent <= granted);
        assert.equal(stream.sent, Math.min(granted, whole.length));
        stream.grant(grant);
        granted += grant;
      }
      stream.grant(whole.length);
      await writing;
      assert.deepEqual(bytes(), whole);
    }),
    { numRuns: 40 },
  );
});

Deno.test("write() cuts what is large into chunks of at most 128 KiB", async () => {
  const { stream, chunks, bytes } = startOutgoing(1024 * KIB);
  const whole = pattern(300 * KIB);
  await stream.write(whole);
  assert.deepEqual(chunks.map(({ length }) => length), [MAX_CHUNK_BYTES, MAX_CHUNK_BYTES, 44 * KIB]);
  assert.deepEqual(bytes(), whole);
});

Deno.test("write() waits until the link can take more before it resolves and before the next chunk", async () => {
  const waiting: (() => void)[] = [];
  const { stream, chunks } = startOutgoing(1024 * KIB, () => new Promise((resolve) => waiting.push(resolve)));
  let isWritten = false;
  const writing = stream.write(pattern(200 * KIB)).then(() => isWritten = true);
  await turn();
  assert.equal(chunks.length, 1);
  waiting.shift()?.();
  await turn();
  assert.deepEqual([chunks.length, isWritten], [2, false]);
  waiting.shift()?.();
  await writing;
});

for (const [state, credit] of [["credit", 0], ["the link", 1_000]] as const) {
  Deno.test(`fail() rejects a write that waits for ${state}, and every later one, with the first reason`, async () => {
    const link = Promise.withResolvers<void>();
    const { stream, chunks } = startOutgoing(credit, () => link.promise);
    const writing = stream.write(pattern(100));
    const rejected = assert.rejects(writing, /first/);
    await turn();
    stream.fail(new Error("first"));
    stream.fail(new Error("second"));
    link.resolve();
    await rejected;
    stream.grant(1_000);
    await assert.rejects(stream.write(pattern(1)), /first/);
    assert.equal(chunks.length, credit === 0 ? 0 : 1);
  });
}

Deno.test("write() rejects with what sending throws", async () => {
  const stream = createOutgoingStream({
    credit: 10,
    drained: () => Promise.resolve(),
    send() {
      throw new RangeError("Too much");
    },
  });
  await assert.rejects(stream.write(pattern(1)), /Too much/);
  assert.equal(stream.sent, 0);
});

function startIncoming(window: number, consume: (bytes: Bytes) => void | Promise<void> = () => {}) {
  const taken: Bytes[] = [];
  const grants: number[] = [];
  const stream = createIncomingStream({
    window,
    grant: (bytes) => grants.push(bytes),
    consume(bytes) {
      taken.push(bytes);
      return consume(bytes);
    },
  });
  return {
    stream,
    grants,
    granted: () => grants.reduce((a, b) => a + b, 0),
    bytes: () => concatBytes(...taken),
  };
}

/** Cuts `whole` at the given places, as chunks with their offsets. */
function cut(whole: Bytes, places: readonly number[]): [number, Bytes][] {
  const ends = [...new Set(places.map((place) => place % whole.length)), 0, whole.length].sort((a, b) =>
    a - b
  );
  return ends.slice(1).map((end, i): [number, Bytes] => [ends[i] ?? 0, whole.subarray(ends[i], end)])
    .filter(([, chunk]) => chunk.length > 0);
}

Deno.test("push() gives the exact bytes for any order, repetition and other cutting of the chunks", async () => {
  const places = fc.array(fc.nat(), { maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 400 }),
      places,
      places,
      fc.infiniteStream(fc.nat()),
      async (length, first, second, order) => {
        const whole = pattern(length);
        const chunks = [...cut(whole, first), ...cut(whole, second)];
        const shuffled: typeof chunks = [];
        while (chunks.length > 0) {
          shuffled.push(...chunks.splice((order.next().value ?? 0) % chunks.length, 1));
        }
        // Room for both cuttings beyond the gap.
        const { stream, bytes } = startIncoming(2 * length);
        for (const [offset, chunk] of shuffled) {
          assert.equal(stream.push(offset, chunk), true);
          assert.ok(stream.received <= length);
        }
        assert.equal(stream.received, length);
        await stream.consumed();
        assert.deepEqual(bytes(), whole);
      },
    ),
  );
});

Deno.test("push() refuses what lies beyond the credit, empty chunks, and nothing that fits exactly", () => {
  const { stream } = startIncoming(100);
  const refused: [number, number][] = [[0, 101], [100, 1], [99, 2], [0, 0], [Number.MAX_SAFE_INTEGER, 1]];
  for (const [offset, length] of refused) assert.equal(stream.push(offset, pattern(length)), false);
  assert.equal(stream.push(0, pattern(100)), true);
  assert.equal(stream.push(100, pattern(1)), false);
});

Deno.test("push() takes the longer of two early chunks from the same place", async () => {
  const { stream, bytes } = startIncoming(100);
  const whole = pattern(40);
  for (const [start, end] of [[10, 20], [10, 40], [10, 15], [0, 10]] as const) {
    assert.equal(stream.push(start, whole.subarray(start, end)), true);
  }
  await stream.consumed();
  assert.deepEqual(bytes(), whole);
});

Deno.test("push() keeps no more early bytes than the window", () => {
  const { stream } = startIncoming(100);
  let kept = 0;
  for (let offset = 1; offset <= 60; offset++) if (stream.push(offset, pattern(40))) kept += 40;
  assert.ok(kept <= 100, `${kept}`);
  assert.equal(stream.received, 0);
});

Deno.test("push() grants exactly what was consumed, a quarter of the window at a time", async () => {
  const { stream, grants, granted } = startIncoming(100);
  const sent = 1_000;
  for (let offset = 0; offset < sent; offset += 10) {
    assert.equal(stream.push(offset, pattern(10)), true, `at ${offset}`);
    await stream.consumed();
  }
  assert.ok(grants.every((grant) => grant >= 25));
  assert.ok(granted() <= sent && granted() > sent - 25, `${granted()}`);
});

Deno.test("push() grants nothing while the consumer is at work, and goes on when it is done", async () => {
  const consumer = Promise.withResolvers<void>();
  const { stream, grants } = startIncoming(100, () => consumer.promise);
  assert.equal(stream.push(0, pattern(100)), true);
  await turn();
  assert.deepEqual(grants, []);
  assert.equal(stream.push(100, pattern(1)), false);
  consumer.resolve();
  await stream.consumed();
  assert.deepEqual(grants, [100]);
  assert.equal(stream.push(100, pattern(1)), true);
});

Deno.test("push() hands chunks to the consumer one after the other", async () => {
  let running = 0;
  const { stream } = startIncoming(100, async () => {
    assert.equal(running++, 0);
    await turn();
    running--;
  });
  for (const offset of [0, 10, 20]) stream.push(offset, pattern(10));
  await stream.consumed();
});

for (const how of ["throws", "rejects"] as const) {
  Deno.test(`consumed() tells of a consumer that ${how}, which gets nothing more and no credit`, async () => {
    let calls = 0;
    const { stream, grants } = startIncoming(100, () => {
      calls++;
      if (how === "throws") throw new Error("Full");
      return Promise.reject(new Error("Full"));
    });
    stream.push(0, pattern(50));
    stream.push(50, pattern(50));
    await turn();
    await assert.rejects(stream.consumed(), /Full/);
    assert.deepEqual([calls, grants], [1, []]);
  });
}

Deno.test("collected() gives the whole value, up to the limit", async () => {
  const grants: number[] = [];
  const { stream, collected } = createCollector(1_000, { window: 400, grant: (bytes) => grants.push(bytes) });
  const whole = pattern(1_000);
  for (const [offset, chunk] of cut(whole, [100, 200, 400, 600, 777])) {
    assert.equal(stream.push(offset, chunk), true);
    await stream.consumed();
  }
  assert.deepEqual(await collected(), whole);
});

Deno.test("collected() rejects a value over the limit", async () => {
  const { stream, collected } = createCollector(1_000, { window: 2_000, grant: () => {} });
  stream.push(0, pattern(1_001));
  await assert.rejects(collected(), RangeError);
});
