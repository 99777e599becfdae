/**
 * The protocol's bounds. Both ends check them; a peer that exceeds one is at fault.
 */
const KIB = 1024;
const MIB = 1024 * KIB;

/** Bytes of an address. */
export const ADDRESS_BYTES = 16;
/** Largest plaintext of one record: header and body together. */
export const MAX_PLAINTEXT_BYTES = 256 * KIB;
/** Largest payload of one frame: a full record with its 13-byte header and 16-byte tag, and room to spare. */
export const MAX_PAYLOAD_BYTES = 257 * KIB;
/** Largest WebSocket message, in either direction. */
export const MAX_MESSAGE_BYTES = MIB;
/** Largest text (control) message that a peer may send. */
export const MAX_PEER_TEXT_BYTES = 16 * KIB;
/** Largest sealed card. */
export const MAX_CARD_BYTES = 8 * KIB;
/** Cards in one page of a roster. */
export const ROSTER_PAGE_SIZE = 64;
/** Body bytes that one data message carries at most. */
export const MAX_CHUNK_BYTES = 128 * KIB;
/** Credit that a stream starts with, in bytes, unless its request says less. */
export const INITIAL_CREDIT_BYTES = MIB;
/** Largest JSON of parameters or of a result; past one record it travels as a stream. */
export const MAX_VALUE_BYTES = 8 * MIB;
/** Largest JSON header of a message. A larger value is sent as a stream, under credit. */
export const MAX_INLINE_VALUE_BYTES = 64 * KIB;
/** Path of the WebSocket endpoint on a relay. */
export const CONNECT_PATH = "/v1/connect";
