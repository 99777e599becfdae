import assert from "node:assert/strict";
import fc from "fast-check";
import { type Bytes, concatBytes, EMPTY, utf8 } from "../../../src/protocol/bytes.ts";
import { ERROR_CODES, type ErrorCode } from "../../../src/protocol/error_code.ts";
import { INITIAL_CREDIT_BYTES, MAX_PLAINTEXT_BYTES, MAX_VALUE_BYTES } from "../../../src/protocol/limits.ts";
import {
  Channel,
  decodeMessage,
  encodeMessage,
  type Header,
  type Message,
  MessageError,
} from "../../../src/protocol/message.ts";
import { eachCut, eachFlip } from "../../helpers/damage.ts";

/** Decodes and lets only a MessageError pass. */
function tryDecode(plaintext: Bytes): Message | undefined {
  try {
    return decodeMessage(plaintext);
  } catch (error) {
    if (error instanceof MessageError) return undefined;
    throw error;
  }
}

/** The plaintext with that header text. */
function withHeader(json: string | Bytes, body: Bytes = EMPTY): Bytes {
  const header = typeof json === "string" ? utf8(json) : json;
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, header.length);
  return concatBytes(length, header, body);
}

const id = fc.maxSafeNat();
/** What JSON can hold: it has no negative zero. */
const value = fc.jsonValue().map((any): unknown => JSON.parse(JSON.stringify(any)));
const channel = fc.constantFrom(...Channel.options);
const valueBytes = fc.integer({ min: 1, max: MAX_VALUE_BYTES });
// The keys of a constant object are exactly its literal keys.
const code = fc.constantFrom(...(Object.keys(ERROR_CODES) as ErrorCode[]));
const plain = { noNullPrototype: true } as const;

const header: fc.Arbitrary<Header> = fc.oneof(
  fc.record({
    t: fc.constant("request" as const),
    id,
    op: fc.string({ maxLength: 64 }),
    params: value,
    paramsBytes: valueBytes,
    deadlineMs: fc.double({ min: 0, minExcluded: true, noNaN: true, max: 1e12 }),
    stream: fc.boolean(),
    credit: fc.nat(INITIAL_CREDIT_BYTES),
  }, { ...plain, requiredKeys: ["t", "id", "op"] }),
  fc.record({
    t: fc.constant("response" as const),
    id,
    ok: fc.constant(true as const),
    result: value,
    resultBytes: valueBytes,
    sent: fc.record({ stdout: id, stderr: id }, { ...plain, requiredKeys: [] }),
  }, { ...plain, requiredKeys: ["t", "id", "ok"] }),
  fc.record({
    t: fc.constant("response" as const),
    id,
    ok: fc.constant(false as const),
    error: fc.record({ code, message: fc.string(), remedy: fc.string() }, {
      ...plain,
      requiredKeys: ["code", "message"],
    }),
  }, plain),
  fc.record({ t: fc.constant("data" as const), id, channel, offset: id }, plain),
  fc.record({ t: fc.constant("credit" as const), id, channel, bytes: id }, plain),
  fc.record({
    t: fc.constant("progress" as const),
    id,
    done: fc.nat(),
    total: fc.nat(),
    note: fc.string({ maxLength: 1024 }),
  }, { ...plain, requiredKeys: ["t", "id"] }),
  fc.record({ t: fc.constantFrom("cancel" as const, "ping" as const, "pong" as const), id }, plain),
);

Deno.test("decodeMessage() of encodeMessage() gives header and body back", () => {
  fc.assert(fc.property(header, fc.uint8Array({ maxLength: 300 }), (written, body) => {
    assert.deepEqual(decodeMessage(encodeMessage(written, body)), { header: written, body });
    assert.deepEqual(decodeMessage(encodeMessage(written)), { header: written, body: EMPTY });
  }));
});

Deno.test("encodeMessage() writes the header's length, the header and the body", () => {
  const json = '{"t":"cancel","id":7}';
  assert.deepEqual(
    encodeMessage({ t: "cancel", id: 7 }),
    concatBytes(Uint8Array.of(0, 0, 0, 21), utf8(json)),
  );
  const data = encodeMessage({ t: "data", id: 1, channel: "stdout", offset: 0 }, Uint8Array.of(0xff, 0));
  assert.equal(data.subarray(-2).toHex(), "ff00");
});

Deno.test("encodeMessage() takes 256 KiB in all and not one byte more", () => {
  const written: Header = { t: "data", id: 1, channel: "stdout", offset: 0 };
  const rest = MAX_PLAINTEXT_BYTES - encodeMessage(written).length;
  const full = encodeMessage(written, new Uint8Array(rest));
  assert.equal(full.length, 256 * 1024);
  assert.equal(decodeMessage(full).body.length, rest);
  assert.throws(() => encodeMessage(written, new Uint8Array(rest + 1)), RangeError);
});

Deno.test("decodeMessage() reads a plaintext that begins inside its buffer", () => {
  const message = encodeMessage({ t: "ping", id: 3 });
  const buffer = concatBytes(new Uint8Array(5).fill(0xff), message);
  assert.deepEqual(decodeMessage(buffer.subarray(5)).header, { t: "ping", id: 3 });
});

Deno.test("decodeMessage() refuses a message that is cut off anywhere in its header", () => {
  const message = encodeMessage({ t: "data", id: 1, channel: "stdout", offset: 0 }, Uint8Array.of(1, 2, 3));
  for (const cut of eachCut(message)) {
    assert.equal(tryDecode(cut) === undefined, cut.length < message.length - 3);
  }
});

Deno.test("decodeMessage() throws nothing but MessageError", () => {
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void tryDecode(bytes)));
  fc.assert(fc.property(fc.uint8Array({ maxLength: 100 }), (bytes) => void tryDecode(withHeader(bytes))));
  fc.assert(fc.property(fc.json(), (json) => void tryDecode(withHeader(json))), { numRuns: 300 });
  const message = encodeMessage({ t: "request", id: 12, op: "exec", params: { command: "ls" } });
  for (const { bytes } of eachFlip(message)) tryDecode(bytes);
});

Deno.test("decodeMessage() bears a header of brackets only", () => {
  const deep = "[".repeat(MAX_PLAINTEXT_BYTES - 4);
  assert.throws(() => decodeMessage(withHeader(deep)), MessageError);
  const nested = `{"t":"request","id":1,"op":"x","params":${"[".repeat(50_000)}${"]".repeat(50_000)}}`;
  tryDecode(withHeader(nested));
});

const unreadable: readonly [string, Bytes][] = [
  ["nothing", EMPTY],
  ["a header length one past the end", encodeMessage({ t: "ping", id: 1 }).with(3, 20)],
  ["the largest header length", new Uint8Array(8).fill(0xff)],
  ["an empty header", new Uint8Array(4)],
  ["a header that is not UTF-8", withHeader(concatBytes(utf8('{"t":"'), Uint8Array.of(0xff), utf8('"}')))],
  ["a header with a byte order mark", withHeader('\ufeff{"t":"ping","id":1}')],
];
for (const [what, plaintext] of unreadable) {
  Deno.test(`decodeMessage() refuses ${what}`, () =>
    assert.throws(() => decodeMessage(plaintext), MessageError));
}

const headers: readonly [string, unknown, boolean][] = [
  ["a list", [], false],
  ["null", null, false],
  ["an unknown type", { t: "shout", id: 1 }, false],
  ["no type", { id: 1 }, false],
  ["no id", { t: "ping" }, false],
  ["the largest id", { t: "ping", id: Number.MAX_SAFE_INTEGER }, true],
  ["an id past what a number holds", { t: "ping", id: 2 ** 53 }, false],
  ["a negative id", { t: "ping", id: -1 }, false],
  ["an id that is not whole", { t: "ping", id: 0.5 }, false],
  ["an id as a text", { t: "ping", id: "1" }, false],
  ["an operation of 64 characters", { t: "request", id: 1, op: "x".repeat(64) }, true],
  ["an operation of 65 characters", { t: "request", id: 1, op: "x".repeat(65) }, false],
  ["no patience", { t: "request", id: 1, op: "x", deadlineMs: 0 }, false],
  ["params of 0 bytes", { t: "request", id: 1, op: "x", paramsBytes: 0 }, false],
  ["params of 8 MiB", { t: "request", id: 1, op: "x", paramsBytes: MAX_VALUE_BYTES }, true],
  ["params of one more", { t: "request", id: 1, op: "x", paramsBytes: MAX_VALUE_BYTES + 1 }, false],
  ["the largest first credit", { t: "request", id: 1, op: "x", credit: INITIAL_CREDIT_BYTES }, true],
  ["a first credit of one more", { t: "request", id: 1, op: "x", credit: INITIAL_CREDIT_BYTES + 1 }, false],
  ["a response without ok", { t: "response", id: 1 }, false],
  ["a response of neither kind", { t: "response", id: 1, ok: "yes" }, false],
  ["a failure without its error", { t: "response", id: 1, ok: false }, false],
  [
    "a failure of unknown code",
    { t: "response", id: 1, ok: false, error: { code: "x", message: "" } },
    false,
  ],
  ["bytes sent on an unknown channel", { t: "response", id: 1, ok: true, sent: { tty: 1 } }, false],
  ["data on an unknown channel", { t: "data", id: 1, channel: "stdin", offset: 0 }, false],
  ["a negative offset", { t: "data", id: 1, channel: "stdout", offset: -1 }, false],
  ["negative credit", { t: "credit", id: 1, channel: "stdout", bytes: -1 }, false],
  ["a note of 1024 characters", { t: "progress", id: 1, note: "x".repeat(1024) }, true],
  ["a note of 1025 characters", { t: "progress", id: 1, note: "x".repeat(1025) }, false],
  ["a field of a later version", { t: "ping", id: 1, later: true }, true],
];
for (const [what, value, expected] of headers) {
  Deno.test(`decodeMessage() ${expected ? "reads" : "refuses"} ${what}`, () => {
    assert.equal(tryDecode(withHeader(JSON.stringify(value))) !== undefined, expected);
  });
}

Deno.test("decodeMessage() leaves out what it does not know, and sets no prototype", () => {
  const json = '{"t":"ping","id":1,"later":true,"__proto__":{"op":"x"}}';
  const { header: read } = decodeMessage(withHeader(json));
  assert.deepEqual(Object.keys(read).sort(), ["id", "t"]);
  assert.equal(Object.getPrototypeOf(read), Object.prototype);
});
