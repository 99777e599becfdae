/**
 * Batch framing of binary WebSocket messages: `u32 length | 16-byte address | payload`, one or more times.
 * To the relay the address is the destination, to a peer it is the sender.
 */
import type { Bytes } from "./bytes.ts";
import { ADDRESS_BYTES, MAX_MESSAGE_BYTES, MAX_PAYLOAD_BYTES } from "./limits.ts";

/** Bytes before the payload: the length and the address. */
export const FRAME_HEADER_BYTES = 4 + ADDRESS_BYTES;

/** One frame; both fields may be views into the message it was decoded from. */
export interface Frame {
  /** 16 bytes: where it goes, or where it came from. */
  readonly address: Bytes;
  /** At most {@link MAX_PAYLOAD_BYTES} bytes. */
  readonly payload: Bytes;
}

/** Thrown for a binary message that is not a sequence of whole frames within the limits. */
export class FrameError extends Error {
  override readonly name = "FrameError";
}

/**
 * Encodes frames as one message, in order.
 *
 * @throws {RangeError} If an address is not 16 bytes, a payload is over 257 KiB or the message over 1 MiB.
 */
export function encodeFrames(frames: readonly Frame[]): Bytes {
  let length = 0;
  for (const { address, payload } of frames) {
    if (address.length !== ADDRESS_BYTES) {
      throw new RangeError(`Cannot encode frame: address is ${address.length} bytes, not ${ADDRESS_BYTES}`);
    }
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new RangeError(
        `Cannot encode frame: payload is ${payload.length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`,
      );
    }
    length += FRAME_HEADER_BYTES + payload.length;
  }
  if (length > MAX_MESSAGE_BYTES) {
    throw new RangeError(
      `Cannot encode frames: message is ${length} bytes, the limit is ${MAX_MESSAGE_BYTES}`,
    );
  }
  const out = new Uint8Array(length);
  const view = new DataView(out.buffer);
  let at = 0;
  for (const { address, payload } of frames) {
    view.setUint32(at, payload.length);
    out.set(address, at + 4);
    out.set(payload, at + FRAME_HEADER_BYTES);
    at += FRAME_HEADER_BYTES + payload.length;
  }
  return out;
}

/**
 * Returns where each frame of a message starts, followed by the message's length, after checking that
 * the message is whole frames only. The relay works on these offsets and copies nothing.
 *
 * @throws {FrameError} If the message is empty, over 1 MiB, cut off, or has an oversized payload.
 */
export function frameOffsets(message: Bytes): number[] {
  if (message.length > MAX_MESSAGE_BYTES) {
    throw new FrameError(
      `Cannot decode frames: message is ${message.length} bytes, the limit is ${MAX_MESSAGE_BYTES}`,
    );
  }
  if (message.length === 0) throw new FrameError("Cannot decode frames: the message is empty");
  const view = new DataView(message.buffer, message.byteOffset, message.byteLength);
  const offsets: number[] = [0];
  let at = 0;
  while (at < message.length) {
    if (message.length - at < FRAME_HEADER_BYTES) {
      throw new FrameError(`Cannot decode frame: its header is cut off at byte ${at}`);
    }
    const length = view.getUint32(at);
    if (length > MAX_PAYLOAD_BYTES) {
      throw new FrameError(
        `Cannot decode frame: length is ${length} bytes, the limit is ${MAX_PAYLOAD_BYTES}`,
      );
    }
    at += FRAME_HEADER_BYTES + length;
    if (at > message.length) throw new FrameError("Cannot decode frame: its payload is cut off");
    offsets.push(at);
  }
  return offsets;
}

/**
 * Decodes a message into frames, whose fields are views into it.
 *
 * @throws {FrameError} If the message is not whole frames within the limits.
 *
 * @example
 * ```ts
 * const [frame] = decodeFrames(encodeFrames([{ address, payload }]));
 * ```
 */
export function decodeFrames(message: Bytes): Frame[] {
  const offsets = frameOffsets(message);
  const frames: Frame[] = [];
  for (let i = 0; i + 1 < offsets.length; i++) {
    const start = offsets[i] ?? 0;
    const end = offsets[i + 1] ?? 0;
    frames.push({
      address: message.subarray(start + 4, start + FRAME_HEADER_BYTES),
      payload: message.subarray(start + FRAME_HEADER_BYTES, end),
    });
  }
  return frames;
}
