/**
 * What a room or a join check wants done. The owner of the sockets carries effects out, in order;
 * deciding and doing are apart so that the Deno relay and the Worker share every decision.
 */
import type { Bytes } from "../../src/protocol/bytes.ts";
import { CLOSE_CODE_OF, type CloseCode, type RelayErrorCode } from "../../src/protocol/control.ts";

/** Why a connection is refused or ended: what it is told before the close, and the close itself. */
export interface Refusal {
  readonly closeCode: CloseCode;
  /** For programs; sent in the `error` message. */
  readonly code: RelayErrorCode;
  /** For people: what was not done, why, and the remedy; no secrets. */
  readonly message: string;
}

/** One thing to do to one connection; `C` is whatever the owner of the sockets names a connection by. */
export type Effect<C> =
  /** Send a text message. */
  | { readonly kind: "text"; readonly to: C; readonly text: string }
  /** Send whole frames; a view into the message they came in, to be copied before that buffer is reused. */
  | { readonly kind: "forward"; readonly to: C; readonly segment: Bytes }
  /** Tell why, then close. The connection is already out of the room. */
  | { readonly kind: "close"; readonly to: C; readonly refusal: Refusal };

/** Makes a refusal; the close code follows from the error code. */
export function refuse(code: RelayErrorCode, message: string): Refusal {
  return { closeCode: CLOSE_CODE_OF[code], code, message };
}
