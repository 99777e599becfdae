import assert from "node:assert/strict";
import fc from "fast-check";
import { AuthenticationError, type CipherSuite } from "../../../src/crypto/cipher_suite.ts";
import {
  createCipherState,
  createHandshake,
  type Handshake,
  type HandshakeOptions,
  noiseNonce,
  publicKeyOf,
} from "../../../src/crypto/noise.ts";
import { type Bytes, EMPTY, encodeTuple, utf8 } from "../../../src/protocol/bytes.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";
import { note } from "../../helpers/eventually.ts";
import { SMALL_ORDER_POINTS } from "../../helpers/suite_tests.ts";
import { SUITES } from "../../helpers/suites.ts";
import ownVectors from "../../vectors/noise.json" with { type: "json" };
import * as oracle from "../../vectors/oracle.ts";
import { expectedNoise, type NoiseVector, replayNoise } from "../../vectors/replay.ts";

/** The published vectors stand beside the repository where it is developed, and nowhere else. */
const PUBLISHED = new URL("../../../../shared/vectors/noise_ikpsk2.json", import.meta.url);

async function readPublished(): Promise<readonly NoiseVector[]> {
  try {
    return JSON.parse(await Deno.readTextFile(PUBLISHED)).vectors;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    note(`${PUBLISHED.pathname} is absent: the published Noise vectors are not replayed`);
    return [];
  }
}

const published = await readPublished();
Deno.test({
  name: "createHandshake() has published vectors to replay (ignored where ../shared/vectors is absent)",
  ignore: published.length === 0,
  fn: () => assert.ok(published.every(({ messages }) => messages.length > 2)),
});

/** What both sides of a test's handshake bring. */
interface Sides {
  readonly initiator: HandshakeOptions;
  readonly responder: HandshakeOptions;
}

async function makeSides(
  suite: CipherSuite,
  changes: {
    readonly initiator?: Partial<HandshakeOptions>;
    readonly responder?: Partial<HandshakeOptions>;
  } = {},
): Promise<Sides> {
  const [initStatic, respStatic] = [suite.randomBytes(32), suite.randomBytes(32)];
  const shared = { psk: suite.randomBytes(32), prologue: utf8("prologue"), suite };
  return {
    initiator: {
      role: "initiator",
      staticKey: initStatic,
      remoteStaticKey: await publicKeyOf(respStatic, suite),
      ...shared,
      ...changes.initiator,
    },
    responder: { role: "responder", staticKey: respStatic, ...shared, ...changes.responder },
  };
}

async function start({ initiator, responder }: Sides): Promise<[Handshake, Handshake]> {
  return [await createHandshake(initiator), await createHandshake(responder)];
}

const refused = (action: Promise<unknown>, message?: string) =>
  assert.rejects(action, AuthenticationError, message);

for (const [name, suite] of SUITES) {
  const vectors = [
    ...published.map((vector, i) => [`published vector ${i}`, vector] as const),
    ...ownVectors.vectors.map((vector) => [`vector "${vector.name}"`, vector] as const),
  ];
  for (const [what, vector] of vectors) {
    Deno.test(`createHandshake() replays the ${what} on ${name}`, async () => {
      assert.deepEqual(await replayNoise(vector, suite), await expectedNoise(vector, suite));
    });
  }

  Deno.test(`createHandshake() agrees with the oracle on random keys, prologues and payloads on ${name}`, async () => {
    const key = fc.uint8Array({ minLength: 32, maxLength: 32 });
    const keys = fc.record({
      initStatic: key,
      initEphemeral: key,
      respStatic: key,
      respEphemeral: key,
      psk: key,
      prologue: fc.uint8Array({ maxLength: 100 }),
    });
    const payload = fc.uint8Array({ maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(keys, payload, payload, async (input, first, second) => {
        const { messages, handshakeHash } = oracle.noiseTranscript(input, [first, second]);
        const { psk, prologue } = input;
        const initiator = await createHandshake({
          role: "initiator",
          staticKey: input.initStatic,
          remoteStaticKey: await publicKeyOf(input.respStatic, suite),
          ephemeralKey: input.initEphemeral,
          psk,
          prologue,
          suite,
        });
        assert.equal((await initiator.writeMessage(first)).toHex(), messages[0]?.toString("hex"));
        assert.deepEqual(await initiator.readMessage(new Uint8Array(messages[1] ?? [])), second);
        assert.equal((await initiator.split()).handshakeHash.toHex(), handshakeHash.toString("hex"));
      }),
      { numRuns: 15 },
    );
  });

  Deno.test(`createHandshake() gives both sides the same keys, crossed, on ${name}`, async () => {
    const [initiator, responder] = await start(await makeSides(suite));
    assert.deepEqual(await responder.readMessage(await initiator.writeMessage(utf8("hello"))), utf8("hello"));
    assert.deepEqual(await initiator.readMessage(await responder.writeMessage()), EMPTY);
    const [ours, theirs] = [await initiator.split(), await responder.split()];
    assert.deepEqual([ours.sendKey, ours.receiveKey], [theirs.receiveKey, theirs.sendKey]);
    assert.deepEqual(ours.handshakeHash, theirs.handshakeHash);
    assert.notDeepEqual(ours.sendKey, ours.receiveKey);
  });

  Deno.test(`createHandshake() makes new ephemeral keys for each handshake on ${name}`, async () => {
    const { initiator } = await makeSides(suite);
    const first = await (await createHandshake(initiator)).writeMessage();
    const second = await (await createHandshake(initiator)).writeMessage();
    assert.notDeepEqual(first.subarray(0, 32), second.subarray(0, 32));
  });

  Deno.test(`readMessage() refuses message 1 with any byte changed or missing on ${name}`, async () => {
    const sides = await makeSides(suite);
    const message = await (await createHandshake(sides.initiator)).writeMessage(utf8("payload"));
    for (const { bytes, at } of eachFlip(message)) {
      await refused((await createHandshake(sides.responder)).readMessage(bytes), `byte ${at}`);
    }
    for (const cut of eachCut(message)) {
      await refused((await createHandshake(sides.responder)).readMessage(cut));
    }
    const longer = new Uint8Array([...message, 0]);
    await refused((await createHandshake(sides.responder)).readMessage(longer));
  });

  Deno.test(`readMessage() refuses message 2 with any byte changed or missing on ${name}`, async () => {
    const sides = await makeSides(suite, { initiator: { ephemeralKey: suite.randomBytes(32) } });
    const responder = await createHandshake(sides.responder);
    await responder.readMessage(await (await createHandshake(sides.initiator)).writeMessage());
    const message = await responder.writeMessage(utf8("ok"));
    const fresh = async () => {
      const initiator = await createHandshake(sides.initiator); // The same ephemeral key: the same handshake.
      await initiator.writeMessage();
      return initiator;
    };
    for (const { bytes, at } of eachFlip(message)) {
      await refused((await fresh()).readMessage(bytes), `byte ${at}`);
    }
    for (const cut of eachCut(message)) await refused((await fresh()).readMessage(cut));
    assert.deepEqual(await (await fresh()).readMessage(message), utf8("ok"));
  });

  const addresses = [new Uint8Array(16).fill(1), new Uint8Array(16).fill(2)] as const;
  const swapped = {
    initiator: { prologue: encodeTuple(addresses[0], addresses[1]) },
    responder: { prologue: encodeTuple(addresses[1], addresses[0]) },
  };
  const atMessage1: readonly [string, () => Promise<Sides>][] = [
    ["another prologue", () => makeSides(suite, { responder: { prologue: EMPTY } })],
    ["addresses that were swapped", () => makeSides(suite, swapped)],
    [
      "another static key than it was meant for",
      () => makeSides(suite, { responder: { staticKey: suite.randomBytes(32) } }),
    ],
  ];
  for (const [what, make] of atMessage1) {
    Deno.test(`readMessage() of a responder refuses ${what} on ${name}`, async () => {
      const [initiator, responder] = await start(await make());
      await refused(responder.readMessage(await initiator.writeMessage()));
    });
  }

  Deno.test(`readMessage() of an initiator refuses the answer of who has another psk on ${name}`, async () => {
    const [initiator, responder] = await start(
      await makeSides(suite, { responder: { psk: suite.randomBytes(32) } }),
    );
    await responder.readMessage(await initiator.writeMessage());
    await refused(initiator.readMessage(await responder.writeMessage()));
    await assert.rejects(initiator.split(), TypeError);
  });

  Deno.test(`readMessage() of an initiator refuses the answer to another handshake on ${name}`, async () => {
    const sides = await makeSides(suite);
    const [first, responder] = await start(sides);
    await responder.readMessage(await first.writeMessage());
    const answer = await responder.writeMessage();
    const second = await createHandshake(sides.initiator);
    await second.writeMessage();
    await refused(second.readMessage(answer));
    await first.readMessage(answer);
  });

  for (const point of SMALL_ORDER_POINTS) {
    const publicKey = Uint8Array.fromHex(point);
    Deno.test(`a handshake refuses the public key ${point.slice(0, 8)}...${point.slice(-2)} on ${name}`, async () => {
      const sides = await makeSides(suite);
      const toNobody = await createHandshake({ ...sides.initiator, remoteStaticKey: publicKey });
      await refused(toNobody.writeMessage());
      const [initiator, responder] = await start(sides);
      const message = await initiator.writeMessage();
      await refused(responder.readMessage(new Uint8Array([...publicKey, ...message.subarray(32)])));
      await refused(initiator.readMessage(new Uint8Array([...publicKey, ...new Uint8Array(16)])));
    });
  }

  Deno.test(`a handshake refuses what is not its turn on ${name}`, async () => {
    const [initiator, responder] = await start(await makeSides(suite));
    const outOfTurn = async (...actions: readonly (() => Promise<unknown>)[]) => {
      for (const action of actions) await assert.rejects(action(), TypeError);
    };
    const message = new Uint8Array(200);
    await outOfTurn(
      () => initiator.readMessage(message),
      () => responder.writeMessage(),
      () => initiator.split(),
      () => responder.split(),
    );
    assert.equal(responder.remoteStaticKey, undefined);
    await responder.readMessage(await initiator.writeMessage());
    await outOfTurn(
      () => initiator.writeMessage(),
      () => responder.readMessage(message),
      () => initiator.split(),
      () => responder.split(),
    );
    await initiator.readMessage(await responder.writeMessage());
    for (const side of [initiator, responder]) {
      await outOfTurn(() => side.writeMessage(), () => side.readMessage(message));
      await side.split();
    }
  });

  Deno.test(`a handshake is dead after a message that it refused on ${name}`, async () => {
    const [initiator, responder] = await start(await makeSides(suite));
    const message = await initiator.writeMessage();
    await refused(responder.readMessage(message.with(40, (message[40] ?? 0) ^ 1)));
    await assert.rejects(responder.readMessage(message), TypeError);
    await assert.rejects(responder.writeMessage(), TypeError);
    await assert.rejects(responder.split(), TypeError);
  });

  Deno.test(`createHandshake() refuses keys of other lengths on ${name}`, async () => {
    const { initiator, responder } = await makeSides(suite);
    for (const field of ["staticKey", "psk", "ephemeralKey"] as const) {
      for (const length of [0, 31, 33]) {
        await assert.rejects(createHandshake({ ...responder, [field]: new Uint8Array(length) }), RangeError);
      }
    }
    await assert.rejects(createHandshake({ ...initiator, remoteStaticKey: new Uint8Array(31) }), RangeError);
  });

  Deno.test(`createHandshake() wants the responder's key from the initiator alone on ${name}`, async () => {
    const { initiator, responder } = await makeSides(suite);
    const remoteStaticKey = initiator.remoteStaticKey ?? EMPTY;
    await assert.rejects(createHandshake({ ...responder, role: "initiator" }), TypeError);
    await assert.rejects(createHandshake({ ...responder, remoteStaticKey }), TypeError);
  });

  Deno.test(`createCipherState() decrypts in order only, with the same additional data, on ${name}`, async () => {
    const key = suite.randomBytes(32);
    const [sender, receiver] = [await createCipherState(key, suite), await createCipherState(key, suite)];
    const first = await sender.encrypt(utf8("first"), utf8("ad"));
    const second = await sender.encrypt(utf8("second"));
    assert.deepEqual(await receiver.decrypt(first, utf8("ad")), utf8("first"));
    await refused(receiver.decrypt(first, utf8("ad")));
    const late: Bytes = await sender.encrypt(utf8("third"));
    assert.deepEqual(await receiver.decrypt(late), utf8("third"));
    await refused((await createCipherState(key, suite)).decrypt(second));
    await refused((await createCipherState(key, suite)).decrypt(first));
  });
}

Deno.test("noiseNonce() agrees with the oracle", () => {
  fc.assert(fc.property(fc.maxSafeNat(), (counter) => {
    assert.equal(noiseNonce(counter).toHex(), oracle.noiseNonce(BigInt(counter)).toString("hex"));
  }));
  assert.equal(noiseNonce(0x1_0000_0002).toHex(), "00000000" + "0000000100000002");
});
