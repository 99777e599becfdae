import assert from "node:assert/strict";
import fc from "fast-check";
import { AuthenticationError, type CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import { REPLAY_WINDOW_SIZE } from "../../../src/crypto/replay_window.ts";
import {
  createRecordLayer,
  type RecordLayer,
  type RecordPacket,
  ReplayError,
} from "../../../src/crypto/session.ts";
import { type Bytes, utf8 } from "../../../src/protocol/bytes.ts";
import { decodePacket, PacketError } from "../../../src/protocol/packet.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";
import { SUITES } from "../../helpers/suites.ts";
import * as oracle from "../../vectors/oracle.ts";
import records from "../../vectors/record.json" with { type: "json" };
import { replayRecord } from "../../vectors/replay.ts";

const INDEX = 0x01020304;

async function createPair(suite: CipherSuite): Promise<[RecordLayer, RecordLayer]> {
  const [sendKey, receiveKey] = [suite.randomBytes(32), suite.randomBytes(32)];
  return [
    await createRecordLayer({ suite, keys: { sendKey, receiveKey }, remoteIndex: INDEX }),
    await createRecordLayer({ suite, keys: { sendKey: receiveKey, receiveKey: sendKey }, remoteIndex: 7 }),
  ];
}

function packetOf(record: Bytes): RecordPacket {
  const packet = decodePacket(record);
  assert.ok(packet.type === "record");
  return packet;
}

/** Opens a record; what is thrown at once becomes a rejection as well. */
async function open(layer: RecordLayer, record: Bytes): Promise<Bytes> {
  return await layer.open(packetOf(record));
}

for (const [name, suite] of SUITES) {
  for (const [i, vector] of records.vectors.entries()) {
    Deno.test(`createRecordLayer() passes vector ${i} on ${name}`, async () => {
      assert.deepEqual(await replayRecord(vector, suite), vector);
    });
  }

  Deno.test(`open() gives back what seal() was given, and only the oracle's bytes travel, on ${name}`, async () => {
    const size = fc.oneof(fc.nat(100), fc.constantFrom(8 * 1024 - 16, 8 * 1024, 256 * 1024));
    await fc.assert(
      fc.asyncProperty(fc.array(size, { minLength: 1, maxLength: 4 }), async (sizes) => {
        const key = suite.randomBytes(32);
        const keys = { sendKey: key, receiveKey: key };
        const sender = await createRecordLayer({ suite, keys, remoteIndex: INDEX });
        const receiver = await createRecordLayer({ suite, keys, remoteIndex: 0 });
        for (const [i, length] of sizes.entries()) {
          const plaintext = new Uint8Array(length).fill(i);
          const record = await sender.seal(plaintext);
          const expected = oracle.sealedRecord({ key, index: INDEX, counter: BigInt(i), plaintext });
          assert.ok(expected.equals(record));
          assert.ok(expected.length === length + 13 + 16);
          assert.equal((await open(receiver, record)).toHex(), plaintext.toHex());
        }
      }),
      { numRuns: 15 },
    );
  });

  Deno.test(`open() refuses a record with any byte changed on ${name}, and then opens the right one`, async () => {
    const [sender, receiver] = await createPair(suite);
    const record = await sender.seal(utf8("a secret command"));
    for (const { bytes, at } of eachFlip(record)) {
      const expected = at === 0 ? Error : AuthenticationError;
      await assert.rejects(
        async () => {
          try {
            await open(receiver, bytes);
          } catch (error) {
            // A counter with a high bit set is refused before any decryption.
            if (error instanceof PacketError && at < 13) {
              throw new AuthenticationError("Refused", { cause: error });
            }
            throw error;
          }
        },
        expected,
        `byte ${at}`,
      );
    }
    for (const cut of eachCut(record)) {
      if (cut.length >= 13) await assert.rejects(open(receiver, cut), AuthenticationError);
      else assert.throws(() => decodePacket(cut), PacketError);
    }
    assert.deepEqual(await open(receiver, record), utf8("a secret command"));
  });

  Deno.test(`open() refuses a record of the other direction or of another session on ${name}`, async () => {
    const [sender, receiver] = await createPair(suite);
    const [stranger] = await createPair(suite);
    const record = await sender.seal(utf8("text"));
    await assert.rejects(open(sender, record), AuthenticationError);
    await assert.rejects(open(stranger, record), AuthenticationError);
    await assert.rejects(open(receiver, await stranger.seal(utf8("text"))), AuthenticationError);
  });

  Deno.test(`open() refuses a record that was opened before on ${name}`, async () => {
    const [sender, receiver] = await createPair(suite);
    const record = await sender.seal(utf8("once"));
    await open(receiver, record);
    await assert.rejects(open(receiver, record), ReplayError);
    // Not even decrypted: whoever repeats records costs the receiver nothing.
    await assert.rejects(open(receiver, record.with(-1, (record.at(-1) ?? 0) ^ 1)), ReplayError);
  });

  Deno.test(`open() takes records in any order within the window, and none twice, on ${name}`, async () => {
    const [sender, receiver] = await createPair(suite);
    const sealed: Bytes[] = [];
    for (let i = 0; i < 40; i++) sealed.push(await sender.seal(Uint8Array.of(i)));
    const order = sealed.map((_, i) => (i * 17 + 5) % sealed.length);
    for (const i of order) {
      assert.deepEqual(await open(receiver, sealed[i] ?? sealed[0] ?? utf8("")), Uint8Array.of(i));
    }
    for (const record of sealed) await assert.rejects(open(receiver, record), ReplayError);
  });

  Deno.test(`open() refuses a record that is older than the window on ${name}`, async () => {
    const key = suite.randomBytes(32);
    const receiver = await createRecordLayer({
      suite,
      keys: { sendKey: key, receiveKey: key },
      remoteIndex: 0,
    });
    const at = (counter: number) =>
      new Uint8Array(
        oracle.sealedRecord({ key, index: INDEX, counter: BigInt(counter), plaintext: Uint8Array.of(1) }),
      );
    await open(receiver, at(10 + REPLAY_WINDOW_SIZE));
    await assert.rejects(open(receiver, at(10)), ReplayError);
    await open(receiver, at(11));
    await assert.rejects(open(receiver, at(11)), ReplayError);
  });

  Deno.test(`open() does not let a forged counter move the window on ${name}`, async () => {
    const [sender, receiver] = await createPair(suite);
    const record = await sender.seal(utf8("text"));
    const forged = record.slice();
    new DataView(forged.buffer).setUint32(9, 1_000_000);
    await assert.rejects(open(receiver, forged), AuthenticationError);
    assert.deepEqual(await open(receiver, record), utf8("text"));
  });

  for (const size of [100, 200_000]) {
    Deno.test(`open() accepts one of several copies of ${size} bytes opened at the same time on ${name}`, async () => {
      const [sender, receiver] = await createPair(suite);
      const record = await sender.seal(new Uint8Array(size));
      const outcomes = await Promise.allSettled([1, 2, 3].map(() => open(receiver, record)));
      const errors = outcomes.flatMap((outcome) => outcome.status === "rejected" ? [outcome.reason] : []);
      assert.equal(errors.length, 2);
      assert.ok(errors.every((error) => error instanceof ReplayError));
      await assert.rejects(open(receiver, record), ReplayError);
    });
  }

  Deno.test(`seal() numbers records in the order of the calls, large and small, on ${name}`, async () => {
    const [sender] = await createPair(suite);
    const sizes = [9000, 1, 200_000, 0, 9000];
    const sealed = sizes.map((size) => sender.seal(new Uint8Array(size)));
    assert.equal(sender.sent, sizes.length);
    const counters = (await Promise.all(sealed)).map((record) => packetOf(record).counter);
    assert.deepEqual(counters, [0, 1, 2, 3, 4]);
  });
}
