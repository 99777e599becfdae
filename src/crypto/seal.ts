/**
 * Sealing of cards: signed by the machine and by the process, then encrypted for the room. The relay passes sealed
 * cards on without learning anything from them, and cannot make one.
 */
import { addressOf, agentIdOf } from "../protocol/address.ts";
import { type Bytes, concatBytes, encodeTuple, equalBytes, fromUtf8, utf8 } from "../protocol/bytes.ts";
import { Card } from "../protocol/card.ts";
import { ADDRESS_BYTES } from "../protocol/limits.ts";
import { LABEL } from "../protocol/version.ts";
import {
  type AesGcm,
  AuthenticationError,
  type CipherSuite,
  NONCE_BYTES,
  SIGNATURE_BYTES,
  TAG_BYTES,
} from "./cipher_suite.ts";
import type { HostIdentity, SessionIdentity } from "./identity.ts";

/** A card whose signatures were checked, with what follows from its keys. */
export interface VerifiedCard {
  readonly card: Card;
  readonly agentId: string;
  readonly dhKey: Bytes;
}

/** Thrown for a sealed card that is not what its peer made for this room and address. */
export class CardError extends Error {
  override readonly name = "CardError";
}

/** Seals the cards of one process and opens those of others, in one room. */
export interface CardSealer {
  /** Signs and encrypts; the keys in the card are filled in from the identities. */
  seal(card: Omit<Card, "hostKey" | "sessionKey" | "dhKey">): Promise<Bytes>;
  /**
   * Decrypts and checks a card that was given as that of `address`.
   *
   * @throws {CardError} If it is not authentic for this room and address.
   */
  open(address: Bytes, sealed: Bytes): Promise<VerifiedCard>;
}

/**
 * Makes the sealer of one process. Layout: `nonce (12) | AES-256-GCM(host signature (64) | session signature (64) | JSON)`.
 * Both signatures are over the tuple ("remote-agents/1 card", room public key, address, JSON); the AAD is the tuple
 * ("remote-agents/1 sealed card", room public key, address).
 */
export async function createCardSealer(
  suite: CipherSuite,
  keys: {
    readonly cardKey: Bytes;
    readonly roomPublicKey: Bytes;
    readonly host: HostIdentity;
    readonly session: SessionIdentity;
  },
): Promise<CardSealer> {
  const { roomPublicKey, host, session } = keys;
  const cipher: AesGcm = await suite.aesGcm(keys.cardKey);
  const aadOf = (address: Bytes) => encodeTuple(utf8(`${LABEL} sealed card`), roomPublicKey, address);
  const signedBytes = (address: Bytes, json: Bytes) =>
    encodeTuple(utf8(`${LABEL} card`), roomPublicKey, address, json);

  return {
    async seal(card) {
      const full: Card = {
        ...card,
        hostKey: toKeyText(host.hostKey.publicKey),
        sessionKey: toKeyText(session.sessionKey.publicKey),
        dhKey: toKeyText(session.dhPublicKey),
      };
      const json = utf8(JSON.stringify(full));
      const signed = signedBytes(session.address, json);
      const plaintext = concatBytes(
        await suite.ed25519Sign(host.hostKey, signed),
        await suite.ed25519Sign(session.sessionKey, signed),
        json,
      );
      const nonce = suite.randomBytes(NONCE_BYTES);
      return concatBytes(nonce, await cipher.seal(nonce, aadOf(session.address), plaintext));
    },

    async open(address, sealed) {
      if (address.length !== ADDRESS_BYTES || sealed.length < NONCE_BYTES + 2 * SIGNATURE_BYTES + TAG_BYTES) {
        throw new CardError("Cannot open card: it is cut off");
      }
      let plaintext: Bytes;
      try {
        plaintext = await cipher.open(
          sealed.slice(0, NONCE_BYTES),
          aadOf(address),
          sealed.subarray(NONCE_BYTES),
        );
      } catch (cause) {
        if (!(cause instanceof AuthenticationError)) throw cause;
        throw new CardError("Cannot open card: it was not sealed for this room and address", { cause });
      }
      const hostSignature = plaintext.slice(0, SIGNATURE_BYTES);
      const sessionSignature = plaintext.slice(SIGNATURE_BYTES, 2 * SIGNATURE_BYTES);
      const json = plaintext.slice(2 * SIGNATURE_BYTES);
      const card = parseCard(json);
      const sessionKey = fromKeyText(card.sessionKey);
      const hostKey = fromKeyText(card.hostKey);
      if (!equalBytes(await addressOf(sessionKey, suite.sha256), address)) {
        throw new CardError("Cannot open card: its session key belongs to another address");
      }
      const signed = signedBytes(address, json);
      if (!await suite.ed25519Verify(hostKey, hostSignature, signed)) {
        throw new CardError("Cannot open card: the host's signature is wrong");
      }
      if (!await suite.ed25519Verify(sessionKey, sessionSignature, signed)) {
        throw new CardError("Cannot open card: the session's signature is wrong");
      }
      return { card, agentId: await agentIdOf(hostKey, suite.sha256), dhKey: fromKeyText(card.dhKey) };
    },
  };
}

function parseCard(json: Bytes): Card {
  let value: unknown;
  try {
    value = JSON.parse(fromUtf8(json));
  } catch (cause) {
    throw new CardError("Cannot open card: it is not JSON", { cause });
  }
  const parsed = Card.safeParse(value);
  if (!parsed.success) {
    throw new CardError("Cannot open card: it is not of the protocol", { cause: parsed.error });
  }
  return parsed.data;
}

function toKeyText(key: Bytes): string {
  return key.toBase64({ alphabet: "base64url", omitPadding: true });
}

function fromKeyText(text: string): Bytes {
  return Uint8Array.fromBase64(text, { alphabet: "base64url" });
}
