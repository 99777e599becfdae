/**
 * Makes the project's own vectors: `deno run -A tests/vectors/make.ts` writes the JSON files beside it.
 * All inputs are drawn from SHA-256 of fixed labels, so it always makes the same files, also under Node.
 */
import { Buffer } from "node:buffer";
import { writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import {
  addressOf,
  agentIdOf,
  type KeySource,
  noiseTranscript,
  publicKey,
  roomIdOf,
  roomSecret,
  sealedCard,
  sealedRecord,
  sha256,
  tokenText,
  tuple,
} from "./oracle.ts";

const SOURCE = "tests/vectors/make.ts, on node:crypto alone";

/** Returns `length` bytes that a label stands for. */
function bytesOf(label: string, length = 32): Buffer {
  const blocks: Buffer[] = [];
  for (let i = 0; blocks.length * 32 < length; i++) blocks.push(sha256(Buffer.from(`${label} ${i}`)));
  return Buffer.concat(blocks).subarray(0, length);
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString("hex");

/** Handshakes in the form of the published vectors. */
function noiseVectors() {
  const prologues: readonly [string, Buffer][] = [
    ["no prologue", Buffer.alloc(0)],
    ["a short prologue", Buffer.from("remote-agents/1")],
    [
      "the prologue of a session",
      tuple("remote-agents/1", bytesOf("room"), bytesOf("initiator", 16), bytesOf("responder", 16)),
    ],
    ["a prologue of 1000 bytes", bytesOf("prologue", 1000)],
  ];
  const sizes: readonly (readonly number[])[] = [
    [0, 0, 0, 0],
    [1, 0, 15, 16, 17, 31],
    [448, 0, 64, 1000],
    [1000, 1000, 1000, 1],
  ];
  return prologues.flatMap(([name, prologue], p) =>
    [0, 1].map((set) => {
      const label = `noise ${p} ${set}`;
      const input = {
        initStatic: bytesOf(`${label} init static`),
        initEphemeral: bytesOf(`${label} init ephemeral`),
        respStatic: bytesOf(`${label} resp static`),
        respEphemeral: bytesOf(`${label} resp ephemeral`),
        psk: set === 0 ? bytesOf(`${label} psk`) : Buffer.alloc(32, 0xff * (p % 2)),
        prologue,
      };
      const payloads = (sizes[(p + set) % sizes.length] ?? []).map((size, i) =>
        bytesOf(`${label} ${i}`, size)
      );
      const { messages, handshakeHash } = noiseTranscript(input, payloads);
      return {
        name: `${name}, keys ${set}`,
        init_prologue: hex(prologue),
        init_psks: [hex(input.psk)],
        init_static: hex(input.initStatic),
        init_ephemeral: hex(input.initEphemeral),
        init_remote_static: hex(publicKey("x25519", input.respStatic)),
        resp_prologue: hex(prologue),
        resp_psks: [hex(input.psk)],
        resp_static: hex(input.respStatic),
        resp_ephemeral: hex(input.respEphemeral),
        handshake_hash: hex(handshakeHash),
        messages: payloads.map((payload, i) => ({
          payload: hex(payload),
          ciphertext: hex(messages[i] ?? Buffer.alloc(0)),
        })),
      };
    })
  );
}

/** What tokens give; every passphrase costs 600 000 iterations. */
function roomVectors() {
  const generated = (label: string): KeySource => {
    const secret = bytesOf(label);
    return { text: tokenText(secret), secret };
  };
  const cases: readonly { name: string; token: KeySource; room: string; encryptionKey?: KeySource }[] = [
    { name: "a generated token", token: generated("token 1"), room: "home" },
    { name: "the same token in another room", token: generated("token 1"), room: "home2" },
    { name: "a room without ASCII letters", token: generated("token 2"), room: "Büro – 東京" },
    {
      name: "a generated encryption key",
      token: generated("token 1"),
      room: "home",
      encryptionKey: generated("encryption key"),
    },
    {
      name: "a passphrase that is not in normal form, of 8 characters",
      token: { text: "cafe\u0301 e\u0301te\u0301" },
      room: "home",
    },
    {
      name: "a passphrase as encryption key",
      token: generated("token 2"),
      room: "lab",
      encryptionKey: { text: "correct horse battery staple" },
    },
  ];
  return cases.map(({ name, token, room, encryptionKey }) => {
    const secret = roomSecret({ token, room, encryptionKey });
    return {
      name,
      token: token.text,
      room,
      encryption_key: encryptionKey?.text ?? null,
      room_public_key: hex(secret.roomPublicKey),
      room_id: secret.roomId,
      card_key: hex(secret.cardKey),
      session_psk: hex(secret.sessionPsk),
    };
  });
}

/** Generated tokens. */
function tokenVectors() {
  const secrets = [Buffer.alloc(32), Buffer.alloc(32, 0xff), bytesOf("token 1"), bytesOf("token 2")];
  return secrets.map((secret) => ({ secret: hex(secret), token: tokenText(secret) }));
}

/** Names that are hashes of keys. */
function identityVectors() {
  return ["one", "two", "three", "four"].map((label) => {
    const seed = bytesOf(`identity ${label}`);
    const key = publicKey("ed25519", seed);
    return {
      seed: hex(seed),
      public_key: hex(key),
      agent_id: agentIdOf(key),
      address: hex(addressOf(key)),
      room_id: roomIdOf(key),
    };
  });
}

/** Sealed cards; `card` is the JSON that is signed, to the byte. */
function cardVectors() {
  return ["plain", "with fields of a later version"].map((name, i) => {
    const keys = {
      cardKey: bytesOf(`card ${i} card key`),
      roomPublicKey: publicKey("ed25519", bytesOf(`card ${i} room`)),
      hostSeed: bytesOf(`card ${i} host`),
      sessionSeed: bytesOf(`card ${i} session`),
      nonce: bytesOf(`card ${i} nonce`, 12),
    };
    const hostKey = publicKey("ed25519", keys.hostSeed);
    const sessionKey = publicKey("ed25519", keys.sessionSeed);
    const dhKey = publicKey("x25519", bytesOf(`card ${i} dh`));
    const address = addressOf(sessionKey);
    const card = JSON.stringify({
      v: 1,
      seq: i,
      hostKey: hostKey.toString("base64url"),
      sessionKey: sessionKey.toString("base64url"),
      dhKey: dhKey.toString("base64url"),
      name: `build-${i}`,
      tags: ["ci", "gpu.a100"],
      platform: {
        os: "linux",
        family: "linux",
        arch: "x86_64",
        ...(i === 0 ? {} : { distro: "Débian 12", cores: 8 }),
        kernel: "6.1.0",
        shell: "/bin/sh",
      },
      mode: "bypass",
      accepts: true,
      role: "service",
      version: "0.1.0",
      capabilities: [],
      startedAt: 1_700_000_000_000,
      connectedAt: 1_700_000_000_500,
      ...(i === 0 ? {} : { later: { nested: [1, null] } }),
    });
    return {
      name,
      card_key: hex(keys.cardKey),
      room_public_key: hex(keys.roomPublicKey),
      host_seed: hex(keys.hostSeed),
      session_seed: hex(keys.sessionSeed),
      dh_private_key: hex(bytesOf(`card ${i} dh`)),
      nonce: hex(keys.nonce),
      address: hex(address),
      agent_id: agentIdOf(hostKey),
      card,
      sealed: hex(sealedCard({ ...keys, address, json: Buffer.from(card) })),
    };
  });
}

/** Records, in any order of their counters. */
function recordVectors() {
  const cases: readonly [number, bigint, number][] = [
    [0, 0n, 0],
    [1, 1n, 1],
    [0xffffffff, 2n, 64],
    [0x01020304, 0xffffffffn, 16],
    [7, 0x1_0000_0000n, 17],
    [7, 0xffff_ffff_fffen, 1000],
  ];
  return cases.map(([index, counter, size]) => {
    const key = bytesOf(`record ${index}`);
    const plaintext = bytesOf(`record ${index} ${counter}`, size);
    return {
      key: hex(key),
      index,
      counter: Number(counter),
      plaintext: hex(plaintext),
      record: hex(sealedRecord({ key, index, counter, plaintext })),
    };
  });
}

/** Returns every vector file by its name. */
export function makeVectors(): Record<
  string,
  { readonly source: string; readonly vectors: readonly unknown[] }
> {
  return {
    "noise.json": { source: SOURCE, vectors: noiseVectors() },
    "room_secret.json": { source: SOURCE, vectors: roomVectors() },
    "token.json": { source: SOURCE, vectors: tokenVectors() },
    "identity.json": { source: SOURCE, vectors: identityVectors() },
    "card.json": { source: SOURCE, vectors: cardVectors() },
    "record.json": { source: SOURCE, vectors: recordVectors() },
  };
}

if (import.meta.main) {
  for (const [name, content] of Object.entries(makeVectors())) {
    writeFileSync(fileURLToPath(new URL(name, import.meta.url)), JSON.stringify(content, null, 2) + "\n");
  }
}
