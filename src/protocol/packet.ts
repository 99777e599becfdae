/**
 * What a frame's payload is between two peers: the two handshake messages, a record, or the hint that a session is unknown.
 *
 * ```
 * 1 | u32 sender's index   | Noise message 1
 * 2 | u32 sender's index   | u32 receiver's index | Noise message 2
 * 3 | u32 receiver's index | u64 counter | ciphertext and tag
 * 4 | u32 index that the sender of the hint does not know
 * ```
 */
import { type Bytes, concatBytes } from "./bytes.ts";

/** Bytes before a record's ciphertext; they are its additional authenticated data. */
export const RECORD_HEADER_BYTES = 13;
/** A counter past this is refused: the keys are replaced long before. */
const MAX_COUNTER = 2 ** 48;

/** A payload by its first byte. Byte fields are views into it. */
export type Packet =
  | { readonly type: "initiation"; readonly senderIndex: number; readonly noise: Bytes }
  | {
    readonly type: "reply";
    readonly senderIndex: number;
    readonly receiverIndex: number;
    readonly noise: Bytes;
  }
  | {
    readonly type: "record";
    readonly receiverIndex: number;
    readonly counter: number;
    /** The 13 bytes before the ciphertext. */
    readonly header: Bytes;
    readonly ciphertext: Bytes;
  }
  | { readonly type: "unknown"; readonly receiverIndex: number };

/** Thrown for a payload that is none of the four. */
export class PacketError extends Error {
  override readonly name = "PacketError";
}

/** Encodes message 1 of a handshake. */
export function encodeInitiation(senderIndex: number, noise: Bytes): Bytes {
  return concatBytes(prefix(1, senderIndex), noise);
}

/** Encodes message 2 of a handshake. */
export function encodeReply(senderIndex: number, receiverIndex: number, noise: Bytes): Bytes {
  return concatBytes(prefix(2, senderIndex, receiverIndex), noise);
}

/** Encodes the 13 bytes that precede a record's ciphertext. */
export function encodeRecordHeader(receiverIndex: number, counter: number): Bytes {
  return prefix(3, receiverIndex, Math.floor(counter / 2 ** 32), counter >>> 0);
}

/** Encodes the hint that an index is not known. */
export function encodeUnknown(receiverIndex: number): Bytes {
  return prefix(4, receiverIndex);
}

/**
 * Decodes a payload.
 *
 * @throws {PacketError} If it is of no known type, is cut off, or its counter is out of range.
 */
export function decodePacket(payload: Bytes): Packet {
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const need = (length: number) => {
    if (payload.length < length) {
      throw new PacketError(`Cannot decode packet: its ${payload.length} bytes are cut off`);
    }
  };
  need(5);
  const first = view.getUint32(1);
  switch (payload[0]) {
    case 1:
      return { type: "initiation", senderIndex: first, noise: payload.subarray(5) };
    case 2:
      need(9);
      return {
        type: "reply",
        senderIndex: first,
        receiverIndex: view.getUint32(5),
        noise: payload.subarray(9),
      };
    case 3: {
      need(RECORD_HEADER_BYTES);
      const counter = view.getUint32(5) * 2 ** 32 + view.getUint32(9);
      if (counter > MAX_COUNTER) throw new PacketError("Cannot decode packet: its counter is out of range");
      return {
        type: "record",
        receiverIndex: first,
        counter,
        header: payload.subarray(0, RECORD_HEADER_BYTES),
        ciphertext: payload.subarray(RECORD_HEADER_BYTES),
      };
    }
    case 4:
      if (payload.length !== 5) throw new PacketError("Cannot decode packet: bytes follow the hint");
      return { type: "unknown", receiverIndex: first };
    default:
      throw new PacketError(`Cannot decode packet: its type is ${payload[0]}`);
  }
}

function prefix(type: number, ...words: number[]): Bytes {
  const out = new Uint8Array(1 + 4 * words.length);
  out[0] = type;
  const view = new DataView(out.buffer);
  words.forEach((word, i) => view.setUint32(1 + 4 * i, word));
  return out;
}
