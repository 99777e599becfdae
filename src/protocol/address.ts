/**
 * Names that are hashes of public keys: a connection's address, a room's id, an agent's id.
 * They are public, so the relay computes them too.
 */
import { encodeBase32 } from "./base32.ts";
import type { Bytes } from "./bytes.ts";
import { ADDRESS_BYTES } from "./limits.ts";

/** SHA-256; whoever has one that is faster than Web Crypto's for a few bytes passes it. */
export type Digest = (bytes: Bytes) => Bytes | Promise<Bytes>;

const ROOM_ID_BYTES = 20;
const AGENT_ID_CHARACTERS = 20;

/**
 * Returns the address of a connection: the first 16 bytes of SHA-256 of its session Ed25519 public key.
 *
 * @param digest - SHA-256 @default Web Crypto's
 */
export async function addressOf(sessionPublicKey: Bytes, digest: Digest = sha256): Promise<Bytes> {
  return (await digest(sessionPublicKey)).slice(0, ADDRESS_BYTES);
}

/** Returns the id of a room: base32 of the first 20 bytes of SHA-256 of the room's Ed25519 public key, 32 characters. */
export async function roomIdOf(roomPublicKey: Bytes): Promise<string> {
  return encodeBase32((await sha256(roomPublicKey)).subarray(0, ROOM_ID_BYTES));
}

/** Returns the id of an agent: the first 20 characters of base32 of SHA-256 of its host Ed25519 public key. */
export async function agentIdOf(hostPublicKey: Bytes, digest: Digest = sha256): Promise<string> {
  return encodeBase32(await digest(hostPublicKey)).slice(0, AGENT_ID_CHARACTERS);
}

/** Returns an address as text, for use as a key of maps and in logs. */
export function formatAddress(address: Uint8Array): string {
  return encodeBase32(address);
}

async function sha256(bytes: Bytes): Promise<Bytes> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
}
