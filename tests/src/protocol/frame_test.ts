import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import fc from "fast-check";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import {
  decodeFrames,
  encodeFrames,
  type Frame,
  FRAME_HEADER_BYTES,
  FrameError,
  frameOffsets,
} from "../../../src/protocol/frame.ts";
import { MAX_MESSAGE_BYTES, MAX_PAYLOAD_BYTES } from "../../../src/protocol/limits.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

const address = fc.uint8Array({ minLength: 16, maxLength: 16 });
const frames = fc.array(
  fc.record({ address, payload: fc.uint8Array({ maxLength: 200 }) }, { noNullPrototype: true }),
  {
    minLength: 1,
    maxLength: 8,
  },
);

function frame(payloadBytes: number, fill = 7): Frame {
  return { address: new Uint8Array(16).fill(fill), payload: new Uint8Array(payloadBytes).fill(fill) };
}

/** Decodes and lets only a FrameError pass. */
function tryDecode(message: Bytes): Frame[] | undefined {
  try {
    return decodeFrames(message);
  } catch (error) {
    if (error instanceof FrameError) return undefined;
    throw error;
  }
}

Deno.test("encodeFrames() writes length, address and payload", () => {
  const message = encodeFrames([{ ...frame(2), payload: Uint8Array.of(1, 2) }, frame(0, 9)]);
  assert.equal(message.toHex(), `00000002${"07".repeat(16)}0102` + `00000000${"09".repeat(16)}`);
  assert.equal(FRAME_HEADER_BYTES, 20);
});

Deno.test("decodeFrames() of encodeFrames() gives the frames back, as views into the message", () => {
  fc.assert(fc.property(frames, (list) => {
    const message = encodeFrames(list);
    const decoded = decodeFrames(message);
    assert.deepEqual(decoded, list);
    assert.ok(decoded.every(({ payload }) => payload.buffer === message.buffer));
  }));
});

Deno.test("decodeFrames() reads a message that begins inside its buffer", () => {
  fc.assert(fc.property(frames, fc.nat(40), (list, before) => {
    const message = encodeFrames(list);
    const buffer = new Uint8Array(before + message.length + 3).fill(0xff);
    buffer.set(message, before);
    assert.deepEqual(decodeFrames(buffer.subarray(before, before + message.length)), list);
  }));
});

Deno.test("frameOffsets() tells where each frame starts, and the length", () => {
  assert.deepEqual(frameOffsets(encodeFrames([frame(3), frame(0), frame(1)])), [0, 23, 43, 64]);
});

Deno.test("encodeFrames() and decodeFrames() take a payload of exactly 257 KiB", () => {
  const largest = frame(MAX_PAYLOAD_BYTES);
  assert.equal(MAX_PAYLOAD_BYTES, 257 * 1024);
  const [decoded] = decodeFrames(encodeFrames([largest]));
  assert.ok(Buffer.from(largest.payload).equals(decoded?.payload ?? new Uint8Array()));
});

Deno.test("encodeFrames() and decodeFrames() take a message of exactly 1 MiB", () => {
  const rest = MAX_MESSAGE_BYTES - 3 * (FRAME_HEADER_BYTES + MAX_PAYLOAD_BYTES) - FRAME_HEADER_BYTES;
  const full = [frame(MAX_PAYLOAD_BYTES), frame(MAX_PAYLOAD_BYTES), frame(MAX_PAYLOAD_BYTES), frame(rest)];
  const message = encodeFrames(full);
  assert.equal(message.length, MAX_MESSAGE_BYTES);
  assert.equal(decodeFrames(message).length, 4);
  assert.throws(() => encodeFrames([...full.slice(0, 3), frame(rest + 1)]), RangeError);
});

const unencodable: readonly [string, Frame][] = [
  ["a payload one byte over the limit", frame(MAX_PAYLOAD_BYTES + 1)],
  ["an address of 15 bytes", { ...frame(0), address: new Uint8Array(15) }],
  ["an address of 17 bytes", { ...frame(0), address: new Uint8Array(17) }],
];
for (const [what, bad] of unencodable) {
  Deno.test(`encodeFrames() refuses ${what}`, () =>
    assert.throws(() => encodeFrames([frame(1), bad]), RangeError));
}

const oversized = encodeFrames([frame(MAX_PAYLOAD_BYTES)]);
const undecodable: readonly [string, () => Bytes][] = [
  ["an empty message", () => new Uint8Array(0)],
  ["whole frames of one byte over 1 MiB together", () => {
    const most = encodeFrames(Array(3).fill(frame(MAX_PAYLOAD_BYTES)));
    return concatBytes(most, encodeFrames([frame(MAX_MESSAGE_BYTES + 1 - most.length - FRAME_HEADER_BYTES)]));
  }],
  ["a length one over the limit", () => {
    const message = new Uint8Array(oversized.length + 1);
    message.set(oversized);
    new DataView(message.buffer).setUint32(0, MAX_PAYLOAD_BYTES + 1);
    return message;
  }],
  ["the largest length", () => new Uint8Array(FRAME_HEADER_BYTES).fill(0xff)],
  ["a byte after the last frame", () => new Uint8Array([...encodeFrames([frame(3)]), 0])],
];
for (const [what, make] of undecodable) {
  Deno.test(`decodeFrames() refuses ${what}`, () => {
    assert.throws(() => decodeFrames(make()), FrameError);
    assert.throws(() => frameOffsets(make()), FrameError);
  });
}

Deno.test("decodeFrames() refuses a message that is cut off at any byte, except between frames", () => {
  const list = [frame(3, 1), frame(0, 2), frame(5, 3)];
  const ends = new Map([[23, 1], [43, 2]]);
  for (const cut of eachCut(encodeFrames(list))) {
    const whole = ends.get(cut.length);
    assert.deepEqual(tryDecode(cut), whole === undefined ? undefined : list.slice(0, whole));
  }
});

Deno.test("decodeFrames() reads what encodes to the same bytes, or throws FrameError", () => {
  const check = (message: Bytes) => {
    const decoded = tryDecode(message);
    if (decoded !== undefined) assert.deepEqual(encodeFrames(decoded), message);
  };
  for (const { bytes } of eachFlip(encodeFrames([frame(3), frame(40)]))) check(bytes);
  fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), check));
  const small = fc.uint8Array({ minLength: 20, maxLength: 120, max: 20 });
  fc.assert(fc.property(small, (bytes) => check(bytes.with(0, 0).with(1, 0).with(2, 0))));
});
