import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concatBytes } from "../../../src/protocol/bytes.ts";
import {
  decodePacket,
  encodeInitiation,
  encodeRecordHeader,
  encodeReply,
  encodeUnknown,
  type Packet,
  PacketError,
  RECORD_HEADER_BYTES,
} from "../../../src/protocol/packet.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

const MAX_COUNTER = 2 ** 48;
const bytes = Uint8Array.of(0xaa, 0xbb);

const layouts: readonly [string, Bytes, string][] = [
  ["an initiation", encodeInitiation(0x01020304, bytes), "0101020304aabb"],
  ["a reply", encodeReply(0x01020304, 0xfffffffe, bytes), "0201020304fffffffeaabb"],
  ["a record's header", encodeRecordHeader(0x01020304, 0x0102_0304_0506), "03010203040000010203040506"],
  ["a record's header at counter 0", encodeRecordHeader(0xffffffff, 0), "03ffffffff0000000000000000"],
  ["a record's header past 32 bits", encodeRecordHeader(0, 2 ** 32), "03000000000000000100000000"],
  ["a hint", encodeUnknown(0xffffffff), "04ffffffff"],
];
for (const [what, encoded, expected] of layouts) {
  Deno.test(`the encoding of ${what} is as the protocol says`, () => assert.equal(encoded.toHex(), expected));
}

function encode(packet: Packet): Bytes {
  switch (packet.type) {
    case "initiation":
      return encodeInitiation(packet.senderIndex, packet.noise);
    case "reply":
      return encodeReply(packet.senderIndex, packet.receiverIndex, packet.noise);
    case "record":
      return concatBytes(encodeRecordHeader(packet.receiverIndex, packet.counter), packet.ciphertext);
    case "unknown":
      return encodeUnknown(packet.receiverIndex);
  }
}

/** Decodes and lets only a PacketError pass. */
function tryDecode(payload: Bytes): Packet | undefined {
  try {
    return decodePacket(payload);
  } catch (error) {
    if (error instanceof PacketError) return undefined;
    throw error;
  }
}

const index = fc.nat(0xffffffff);
const body = fc.uint8Array({ maxLength: 100 });

Deno.test("decodePacket() gives back what was encoded", () => {
  const counter = fc.oneof(fc.nat(10), fc.maxSafeNat().map((n) => n % (MAX_COUNTER + 1)));
  fc.assert(fc.property(index, index, counter, body, (a, b, n, noise) => {
    assert.deepEqual(decodePacket(encodeInitiation(a, noise)), { type: "initiation", senderIndex: a, noise });
    assert.deepEqual(decodePacket(encodeReply(a, b, noise)), {
      type: "reply",
      senderIndex: a,
      receiverIndex: b,
      noise,
    });
    const header = encodeRecordHeader(a, n);
    assert.deepEqual(decodePacket(concatBytes(header, noise)), {
      type: "record",
      receiverIndex: a,
      counter: n,
      header,
      ciphertext: noise,
    });
    assert.deepEqual(decodePacket(encodeUnknown(a)), { type: "unknown", receiverIndex: a });
  }));
});

Deno.test("decodePacket() reads a payload that begins inside its buffer", () => {
  const payload = concatBytes(encodeRecordHeader(7, 9), bytes);
  const buffer = concatBytes(Uint8Array.of(1, 2, 3), payload);
  assert.deepEqual(decodePacket(buffer.subarray(3)), decodePacket(payload));
});

Deno.test("decodePacket() reads what encodes to the same bytes, or throws PacketError", () => {
  const check = (payload: Bytes) => {
    const packet = tryDecode(payload);
    if (packet !== undefined) assert.deepEqual(encode(packet), payload);
  };
  fc.assert(fc.property(fc.uint8Array({ maxLength: 60 }), check));
  fc.assert(fc.property(fc.nat(5), body, (type, rest) => check(concatBytes(Uint8Array.of(type), rest))));
  for (const [, encoded] of layouts) for (const { bytes: flipped } of eachFlip(encoded)) check(flipped);
});

for (
  const [what, encoded, shortest] of [
    ["an initiation", layouts[0]?.[1], 5],
    ["a reply", layouts[1]?.[1], 9],
    ["a record", layouts[2]?.[1], RECORD_HEADER_BYTES],
    ["a hint", layouts[5]?.[1], 5],
  ] as const
) {
  Deno.test(`decodePacket() refuses ${what} that is cut off before byte ${shortest}`, () => {
    assert.ok(encoded !== undefined && encoded.length >= shortest);
    for (const cut of eachCut(encoded)) assert.equal(tryDecode(cut) === undefined, cut.length < shortest);
  });
}

const refused: readonly [string, Bytes][] = [
  ["type 0", Uint8Array.fromHex("0000000001")],
  ["type 5", Uint8Array.fromHex("0500000001")],
  ["type 255", Uint8Array.fromHex("ff00000001")],
  ["a hint with a byte after it", Uint8Array.fromHex("040000000100")],
  ["the counter after 2^48", Uint8Array.fromHex("03000000000001000000000001")],
  ["the largest counter", Uint8Array.fromHex("0300000000ffffffffffffffff")],
];
for (const [what, payload] of refused) {
  Deno.test(`decodePacket() refuses ${what}`, () => assert.throws(() => decodePacket(payload), PacketError));
}

Deno.test("decodePacket() takes the counter 2^48", () => {
  const packet = decodePacket(Uint8Array.fromHex("03000000000001000000000000"));
  assert.equal(packet.type === "record" && packet.counter, MAX_COUNTER);
});
