/**
 * Decides whether a connection may join: it must prove that it holds the room's key and its own, for this
 * relay and this connection. Pure but for Web Crypto's verify and random numbers.
 */
import { addressOf, roomIdOf } from "../../src/protocol/address.ts";
import type { Bytes } from "../../src/protocol/bytes.ts";
import {
  ControlError,
  decodePeerMessage,
  joinProofInput,
  type PeerMessage,
} from "../../src/protocol/control.ts";
import { PROTOCOL_VERSION } from "../../src/protocol/version.ts";
import { type Refusal, refuse } from "./effect.ts";

const NONCE_BYTES = 32;

/** A peer's request to join. */
export type JoinMessage = Extract<PeerMessage, { type: "join" }>;

/** What a join is checked against. */
export interface JoinContext {
  /** The nonce of the challenge that this connection, and no other, was sent. */
  readonly nonce: Bytes;
  /** Names that peers may have dialled: the Host header of the upgrade, and the public host if one is set. */
  readonly expectedHosts: readonly string[];
  /** Ids of the rooms that may be joined; none: every room. */
  readonly allowedRooms: ReadonlySet<string>;
}

/** Who joined. */
export interface Joined {
  readonly roomId: string;
  readonly address: Bytes;
  readonly card: Bytes;
  readonly watch: boolean;
  /** What the peer says its software is; for the log. */
  readonly client: string;
}

/** The outcome of a check. */
export type JoinOutcome =
  | { readonly ok: true; readonly joined: Joined }
  | { readonly ok: false; readonly refusal: Refusal };

/** Makes the nonce of a challenge: 32 random bytes, for one connection. */
export function createNonce(): Bytes {
  return crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
}

/**
 * Checks the first message of a connection.
 *
 * @param text - the message as it came, at most 16 KiB
 * @returns who joined, or what to refuse with; it never throws because of what a peer sent
 */
export async function checkJoin(text: string, context: JoinContext): Promise<JoinOutcome> {
  const message = readJoin(text);
  if ("refusal" in message) return { ok: false, refusal: message.refusal };
  const refusal = await findRefusal(message.join, context);
  if (refusal !== undefined) return { ok: false, refusal };
  const { room, session, card, watch, client } = message.join;
  return {
    ok: true,
    joined: { roomId: await roomIdOf(room), address: await addressOf(session), card, watch, client },
  };
}

function readJoin(text: string): { join: JoinMessage } | { refusal: Refusal } {
  let message: PeerMessage;
  try {
    message = decodePeerMessage(text);
  } catch (error) {
    if (!(error instanceof ControlError)) throw error;
    const version = claimedVersion(text);
    if (version !== undefined && version !== PROTOCOL_VERSION) return { refusal: refuseVersion(version) };
    return { refusal: refuse("bad_message", error.message) };
  }
  if (message.type !== "join") {
    return {
      refusal: refuse("bad_message", `Cannot accept "${message.type}" before a join: join the room first`),
    };
  }
  if (message.protocol !== PROTOCOL_VERSION) return { refusal: refuseVersion(message.protocol) };
  return { join: message };
}

/** Reads the version of a join whose other fields may be those of another protocol. */
function claimedVersion(text: string): number | undefined {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch {
    // Not JSON: then it claims no version, and the caller has a better message.
    return undefined;
  }
  if (typeof json !== "object" || json === null || !("type" in json) || json.type !== "join") {
    return undefined;
  }
  return "protocol" in json && typeof json.protocol === "number" ? json.protocol : undefined;
}

function refuseVersion(version: number): Refusal {
  return refuse(
    "unsupported_version",
    `Cannot join: the peer speaks protocol ${version}, this relay speaks ${PROTOCOL_VERSION}; ` +
      `update the older of the two`,
  );
}

/** The cheap checks come first, so that a flood of bad joins costs no signatures. */
async function findRefusal(join: JoinMessage, context: JoinContext): Promise<Refusal | undefined> {
  const host = join.host.toLowerCase();
  const expected = context.expectedHosts.map((name) => name.toLowerCase());
  if (!expected.includes(host)) {
    return refuse(
      "join_refused",
      `Cannot join: the peer dialled "${join.host}" and this relay answers as ` +
        `${expected.map((name) => `"${name}"`).join(" or ")}; if a proxy in between rewrites Host, ` +
        `start the relay with --public-host "${join.host}"`,
    );
  }
  if (context.allowedRooms.size > 0) {
    const roomId = await roomIdOf(join.room);
    if (!context.allowedRooms.has(roomId)) {
      return refuse(
        "room_not_allowed",
        `Cannot join: this relay serves chosen rooms only; its operator adds this one with --allow-room ${roomId}`,
      );
    }
  }
  const proven = joinProofInput({ host, nonce: context.nonce, room: join.room, session: join.session });
  const [roomOk, sessionOk] = await Promise.all([
    verifySignature(join.room, join.roomProof, proven),
    verifySignature(join.session, join.sessionProof, proven),
  ]);
  if (!roomOk) return refuse("join_refused", "Cannot join: the proof of the room key is wrong");
  if (!sessionOk) return refuse("join_refused", "Cannot join: the proof of the session key is wrong");
  return undefined;
}

async function verifySignature(publicKey: Bytes, signature: Bytes, data: Bytes): Promise<boolean> {
  try {
    const key = await crypto.subtle.importKey("raw", publicKey, "Ed25519", false, ["verify"]);
    return await crypto.subtle.verify("Ed25519", key, signature, data);
  } catch {
    // Some runtimes throw for 32 bytes that are no point of the curve; such a key proves nothing.
    return false;
  }
}
