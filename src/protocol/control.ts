/**
 * The JSON text messages between a peer and its relay: joining, the roster, and who left.
 * Both sides parse with these schemas; byte strings are base64url on the wire and bytes after parsing.
 */
import * as z from "zod";
import { type Bytes, encodeTuple, utf8 } from "./bytes.ts";
import { ADDRESS_BYTES, MAX_CARD_BYTES } from "./limits.ts";
import { LABEL } from "./version.ts";

const KEY_BYTES = 32;
const SIGNATURE_BYTES = 64;
const NONCE_BYTES = 32;

/** A byte string of `min` to `max` bytes, written as base64url without padding. */
function byteString(min: number, max: number) {
  return z.codec(
    z.base64url().max(Math.ceil((max * 4) / 3)),
    z.instanceof(Uint8Array<ArrayBuffer>).refine((bytes) => bytes.length >= min && bytes.length <= max, {
      error: `expected ${min === max ? min : `${min} to ${max}`} bytes`,
    }),
    {
      decode: (text, context): Bytes => {
        try {
          return Uint8Array.fromBase64(text, { alphabet: "base64url" });
        } catch {
          // Reported as a parse issue, which names the field.
          context.issues.push({ code: "custom", message: "not base64url", input: text });
          return z.NEVER;
        }
      },
      encode: (bytes) => bytes.toBase64({ alphabet: "base64url", omitPadding: true }),
    },
  );
}

const AddressField = byteString(ADDRESS_BYTES, ADDRESS_BYTES);
const KeyField = byteString(KEY_BYTES, KEY_BYTES);
const SignatureField = byteString(SIGNATURE_BYTES, SIGNATURE_BYTES);
const NonceField = byteString(NONCE_BYTES, NONCE_BYTES);
const CardField = byteString(1, MAX_CARD_BYTES);

/** What the relay holds a connection to, told in the welcome so that peers keep to it. */
export const RelayLimits = z.object({
  /** Frames a second that a connection may send; the bucket holds one second's worth. */
  framesPerSec: z.number().positive(),
  /** Bytes a second that a connection may send; the bucket holds one second's worth. */
  bytesPerSec: z.number().positive(),
  /** Seconds of silence after which the relay closes a connection. */
  idleTimeoutSecs: z.number().positive(),
});
export type RelayLimits = z.infer<typeof RelayLimits>;

const Member = z.object({ address: AddressField, card: CardField });

/** Why a relay refuses or ends a connection; sent before the close so that the reason reaches people. */
export const RelayErrorCode = z.enum([
  "bad_message",
  "join_refused",
  "room_not_allowed",
  "room_full",
  "join_timeout",
  "replaced",
  "too_large",
  "too_slow",
  "rate_limited",
  "restarting",
  "unsupported_version",
]);
export type RelayErrorCode = z.infer<typeof RelayErrorCode>;

/** Messages from the relay to a peer. */
export const RelayMessage = z.discriminatedUnion("type", [
  z.object({ type: z.literal("challenge"), protocol: z.number().int(), nonce: NonceField }),
  z.object({
    type: z.literal("welcome"),
    address: AddressField,
    /** Connections in the room, this one included. */
    members: z.number().int().positive(),
    /** The peer's own address as the relay sees it, `ip:port`. */
    observed: z.string().max(128),
    limits: RelayLimits,
  }),
  z.object({ type: z.literal("error"), code: RelayErrorCode, message: z.string().max(2048) }),
  z.object({ type: z.literal("roster"), peers: z.array(Member).max(1024), more: z.boolean() }),
  z.object({ type: z.literal("joined"), address: AddressField, card: CardField }),
  z.object({ type: z.literal("left"), address: AddressField }),
  z.object({ type: z.literal("undeliverable"), to: AddressField, count: z.number().int().positive() }),
]);
export type RelayMessage = z.infer<typeof RelayMessage>;

/** Messages from a peer to its relay. */
export const PeerMessage = z.discriminatedUnion("type", [
  z.object({
    type: z.literal("join"),
    protocol: z.number().int(),
    /** The room's Ed25519 public key. */
    room: KeyField,
    /** The connection's Ed25519 public key; its hash is the address. */
    session: KeyField,
    roomProof: SignatureField,
    sessionProof: SignatureField,
    /** The Host that the peer dialled and signed; it makes a mismatch explainable, the proof is checked against the relay's own. */
    host: z.string().max(255),
    card: CardField,
    /** Name and version of the software, for the relay's log. */
    client: z.string().max(64),
    /** Whether to send the roster and its changes. */
    watch: z.boolean(),
  }),
  z.object({ type: z.literal("card"), card: CardField }),
  z.object({ type: z.literal("watch"), on: z.boolean() }),
  /** Asks for one page of the roster: the connections whose address sorts after `after`. */
  z.object({ type: z.literal("list"), after: AddressField.optional() }),
  /**
   * Asks to be told when one address leaves; answered with `left` at once if it is not there. With `card` it is answered
   * with `joined` if it is there: a relay that does not know the field only follows.
   */
  z.object({ type: z.literal("follow"), address: AddressField, card: z.boolean().optional() }),
]);
export type PeerMessage = z.infer<typeof PeerMessage>;

/** Thrown for a text message that is not one of the protocol's. */
export class ControlError extends Error {
  override readonly name = "ControlError";
}

/** Writes a relay's message as text. */
export function encodeRelayMessage(message: RelayMessage): string {
  return JSON.stringify(z.encode(RelayMessage, message));
}

/**
 * Reads a relay's message.
 *
 * @throws {ControlError} If `text` is not JSON or not a message of the protocol.
 */
export function decodeRelayMessage(text: string): RelayMessage {
  return decodeControl(RelayMessage, text);
}

/** Writes a peer's message as text. */
export function encodePeerMessage(message: PeerMessage): string {
  return JSON.stringify(z.encode(PeerMessage, message));
}

/**
 * Reads a peer's message.
 *
 * @throws {ControlError} If `text` is not JSON or not a message of the protocol.
 */
export function decodePeerMessage(text: string): PeerMessage {
  return decodeControl(PeerMessage, text);
}

/** What a joining peer proves that it holds both keys for, bound to this relay and this connection. */
export interface JoinClaim {
  /** The HTTP Host header that the peer dialled, such as `relay.example:8080`. */
  readonly host: string;
  /** The 32 bytes of the relay's challenge. */
  readonly nonce: Bytes;
  readonly room: Bytes;
  readonly session: Bytes;
}

/** Returns the bytes that both join proofs sign: the tuple ("remote-agents/1 join", host, nonce, room key, session key). */
export function joinProofInput({ host, nonce, room, session }: JoinClaim): Bytes {
  return encodeTuple(utf8(`${LABEL} join`), utf8(host.toLowerCase()), nonce, room, session);
}

/** WebSocket close codes of the protocol. */
export const CloseCode = {
  restarting: 1012,
  badMessage: 4400,
  joinRefused: 4401,
  roomNotAllowed: 4403,
  joinTimeout: 4408,
  replaced: 4409,
  tooLarge: 4413,
  tooMuch: 4429,
} as const;
export type CloseCode = (typeof CloseCode)[keyof typeof CloseCode];

/**
 * The close code of each error code. The error's text is sent before the close, and a peer goes by it: the close itself
 * may be lost when data is still on its way.
 */
export const CLOSE_CODE_OF = {
  bad_message: CloseCode.badMessage,
  join_refused: CloseCode.joinRefused,
  unsupported_version: CloseCode.joinRefused,
  room_not_allowed: CloseCode.roomNotAllowed,
  room_full: CloseCode.roomNotAllowed,
  join_timeout: CloseCode.joinTimeout,
  replaced: CloseCode.replaced,
  too_large: CloseCode.tooLarge,
  too_slow: CloseCode.tooMuch,
  rate_limited: CloseCode.tooMuch,
  restarting: CloseCode.restarting,
} as const satisfies Record<RelayErrorCode, CloseCode>;

/** The texts of liveness, outside JSON so that a Worker can answer them without waking. */
export const PING_TEXT = "ping";
export const PONG_TEXT = "pong";

function decodeControl<S extends z.ZodType>(schema: S, text: string): z.infer<S> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    throw new ControlError("Cannot read control message: it is not JSON", { cause });
  }
  const parsed = z.safeDecode(schema, json as z.input<S>); // safeDecode checks the claim at run time.
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new ControlError(
    `Cannot read control message: ${issue?.path.join(".") || "message"}: ${issue?.message ?? "invalid"}`,
  );
}
