/**
 * The record layer: encrypts and decrypts the records of one session under the keys that a handshake gave.
 * Each counter is used and accepted once. Pure: when to replace keys is decided by `peer/sessions.ts`.
 */
import { type Bytes, concatBytes, releaseBytes } from "../protocol/bytes.ts";
import { encodeRecordHeader, type Packet } from "../protocol/packet.ts";
import { AuthenticationError, type CipherSuite, type MaybePromise, TAG_BYTES } from "./cipher_suite.ts";
import { noiseNonce, type TransportKeys } from "./noise.ts";
import { createReplayWindow } from "./replay_window.ts";

/** A record as it was decoded from a frame. */
export type RecordPacket = Extract<Packet, { type: "record" }>;

/** Records that one pair of keys may protect; well below AES-GCM's bound for random use of a counter nonce. */
export const MAX_RECORDS = 2 ** 32;

/** Thrown for a record whose counter was seen before, or is older than the window. */
export class ReplayError extends Error {
  override readonly name = "ReplayError";
}

/** One session's record layer. */
export interface RecordLayer {
  /** Records sealed so far. */
  readonly sent: number;
  /**
   * Encrypts a plaintext as a whole record, header included. Counters are given in the order of the calls.
   *
   * @throws {RangeError} If the keys are used up.
   */
  seal(plaintext: Bytes): MaybePromise<Bytes>;
  /**
   * Decrypts a record; a promise rejects with the same errors.
   *
   * @throws {ReplayError} If its counter was seen before or is too old.
   * @throws {AuthenticationError} If it is not authentic.
   */
  open(record: RecordPacket): MaybePromise<Bytes>;
}

/**
 * Makes the record layer of a session.
 *
 * @param options.remoteIndex - the index by which the other side finds the session
 */
export async function createRecordLayer(
  options: {
    readonly suite: CipherSuite;
    readonly keys: Pick<TransportKeys, "sendKey" | "receiveKey">;
    readonly remoteIndex: number;
  },
): Promise<RecordLayer> {
  const { suite, keys, remoteIndex } = options;
  const sending = await suite.aesGcm(keys.sendKey);
  const receiving = await suite.aesGcm(keys.receiveKey);
  const window = createReplayWindow();
  let sent = 0;

  const accept = (counter: number, plaintext: Bytes): Bytes => {
    // Two copies of a record may be decrypted at the same time; only the first one is accepted.
    if (!window.accept(counter)) throw new ReplayError("Cannot open record: its counter was seen before");
    return plaintext;
  };

  return {
    get sent() {
      return sent;
    },
    seal(plaintext) {
      if (sent >= MAX_RECORDS) throw new RangeError("Cannot seal record: the session's keys are used up");
      const counter = sent++;
      const header = encodeRecordHeader(remoteIndex, counter);
      const sealed = sending.seal(noiseNonce(counter), header, plaintext);
      const toRecord = (ciphertext: Bytes): Bytes => {
        const record = concatBytes(header, ciphertext);
        releaseBytes(ciphertext);
        return record;
      };
      return sealed instanceof Promise ? sealed.then(toRecord) : toRecord(sealed);
    },
    open({ counter, header, ciphertext }) {
      if (!window.isFresh(counter)) throw new ReplayError("Cannot open record: its counter was seen before");
      if (ciphertext.length < TAG_BYTES) throw new AuthenticationError("Cannot open record: it is cut off");
      const opened = receiving.open(noiseNonce(counter), header, ciphertext);
      return opened instanceof Promise
        ? opened.then((plaintext) => accept(counter, plaintext))
        : accept(counter, opened);
    },
  };
}
