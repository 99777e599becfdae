/**
 * Who a peer is: the lasting key of its machine and user, and the keys of one process.
 */
import { addressOf, agentIdOf } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { type CipherSuite, KEY_BYTES, type SigningKeyPair } from "./cipher_suite.ts";
import { publicKeyOf } from "./noise.ts";

/** One machine and user; the same for every process there. */
export interface HostIdentity {
  readonly hostKey: SigningKeyPair;
  /** 20 characters of base32, derived from the key: it cannot be claimed without it. */
  readonly agentId: string;
}

/** One process. Its keys live in memory only, which gives forward secrecy. */
export interface SessionIdentity {
  readonly sessionKey: SigningKeyPair;
  /** Static X25519 private key of the handshakes. */
  readonly dhKey: Bytes;
  readonly dhPublicKey: Bytes;
  /** 16 bytes: where the relay delivers. */
  readonly address: Bytes;
}

/**
 * Derives a host's identity from its stored seed.
 *
 * @param seed - 32 bytes
 */
export async function hostIdentity(suite: CipherSuite, seed: Bytes): Promise<HostIdentity> {
  const hostKey = await suite.ed25519KeyPair(seed);
  return { hostKey, agentId: await agentIdOf(hostKey.publicKey) };
}

/** Makes the keys of a process. */
export async function createSessionIdentity(suite: CipherSuite): Promise<SessionIdentity> {
  const sessionKey = await suite.ed25519KeyPair(suite.randomBytes(KEY_BYTES));
  const dhKey = suite.randomBytes(KEY_BYTES);
  return {
    sessionKey,
    dhKey,
    dhPublicKey: await publicKeyOf(dhKey, suite),
    address: await addressOf(sessionKey.publicKey),
  };
}
