/**
 * End-to-end messages: what peers say to each other inside a session. The plaintext of a record is
 * `u32 header length | header (JSON, UTF-8) | body (bytes)`; process and file bytes are bodies, never base64.
 */
import * as z from "zod";
import { type Bytes, concatBytes, fromUtf8, utf8 } from "./bytes.ts";
import { WireError } from "./error_code.ts";
import { INITIAL_CREDIT_BYTES, MAX_PLAINTEXT_BYTES, MAX_VALUE_BYTES } from "./limits.ts";

/** Chosen by the caller; unique within the caller's process. */
const RequestId = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);

/** A stream of bytes inside one request: what an operation writes, or a value too large for a header. */
export const Channel = z.enum(["params", "result", "stdout", "stderr"]);
export type Channel = z.infer<typeof Channel>;

const ByteCount = z.number().int().nonnegative().max(Number.MAX_SAFE_INTEGER);
const ValueBytes = z.number().int().positive().max(MAX_VALUE_BYTES);

/** Headers by their discriminator `t`. */
export const Header = z.discriminatedUnion("t", [
  z.object({
    t: z.literal("request"),
    id: RequestId,
    op: z.string().max(64),
    /** Absent when `paramsBytes` says that they follow on channel `params`. */
    params: z.unknown().optional(),
    paramsBytes: ValueBytes.optional(),
    /** Milliseconds that the caller waits for the answer; absent: as long as it takes. */
    deadlineMs: z.number().positive().optional(),
    /** Whether to send the operation's output as it comes. */
    stream: z.boolean().optional(),
    /** Credit in bytes that each stream of the answer starts with. */
    credit: ByteCount.max(INITIAL_CREDIT_BYTES).optional(),
  }),
  z.discriminatedUnion("ok", [
    z.object({
      t: z.literal("response"),
      id: RequestId,
      ok: z.literal(true),
      /** Absent when `resultBytes` says that it was sent on channel `result`. */
      result: z.unknown().optional(),
      resultBytes: ValueBytes.optional(),
      /** How many bytes each stream of output carried, so that a lost tail is noticed. */
      sent: z.partialRecord(Channel, ByteCount).optional(),
    }),
    z.object({ t: z.literal("response"), id: RequestId, ok: z.literal(false), error: WireError }),
  ]),
  z.object({ t: z.literal("data"), id: RequestId, channel: Channel, offset: ByteCount }),
  z.object({ t: z.literal("credit"), id: RequestId, channel: Channel, bytes: ByteCount }),
  z.object({
    t: z.literal("progress"),
    id: RequestId,
    done: z.number().optional(),
    total: z.number().optional(),
    note: z.string().max(1024).optional(),
  }),
  z.object({ t: z.literal("cancel"), id: RequestId }),
  z.object({ t: z.literal("ping"), id: RequestId }),
  z.object({ t: z.literal("pong"), id: RequestId }),
]);
export type Header = z.infer<typeof Header>;

/** One message. */
export interface Message {
  readonly header: Header;
  /** The bytes of `data`; empty otherwise. */
  readonly body: Bytes;
}

/** Thrown for a plaintext that is not a message of the protocol. */
export class MessageError extends Error {
  override readonly name = "MessageError";
}

/**
 * Encodes a message as the plaintext of a record.
 *
 * @throws {RangeError} If header and body together are over 256 KiB.
 */
export function encodeMessage(header: Header, body?: Uint8Array): Bytes {
  const headerBytes = utf8(JSON.stringify(header));
  const length = 4 + headerBytes.length + (body?.length ?? 0);
  if (length > MAX_PLAINTEXT_BYTES) {
    throw new RangeError(`Cannot encode message: it is ${length} bytes, the limit is ${MAX_PLAINTEXT_BYTES}`);
  }
  const prefix = new Uint8Array(4);
  new DataView(prefix.buffer).setUint32(0, headerBytes.length);
  return body === undefined ? concatBytes(prefix, headerBytes) : concatBytes(prefix, headerBytes, body);
}

/**
 * Decodes the plaintext of a record; the body is a view into it.
 *
 * @throws {MessageError} If it is cut off, not JSON, or not a message of the protocol.
 */
export function decodeMessage(plaintext: Bytes): Message {
  if (plaintext.length < 4) throw new MessageError("Cannot decode message: it is cut off");
  const headerLength = new DataView(plaintext.buffer, plaintext.byteOffset).getUint32(0);
  if (headerLength > plaintext.length - 4) {
    throw new MessageError("Cannot decode message: its header is cut off");
  }
  let json: unknown;
  try {
    json = JSON.parse(fromUtf8(plaintext.subarray(4, 4 + headerLength)));
  } catch (cause) {
    throw new MessageError("Cannot decode message: its header is not JSON", { cause });
  }
  const parsed = Header.safeParse(json);
  if (!parsed.success) {
    throw new MessageError("Cannot decode message: its header is not of the protocol", {
      cause: parsed.error,
    });
  }
  return { header: parsed.data, body: plaintext.subarray(4 + headerLength) };
}
