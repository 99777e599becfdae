/**
 * Turns a source that hands bytes over as they come into one that is asked for them. Used for results that are merged.
 */
import type { Bytes } from "../../protocol/bytes.ts";

/** Reads a source: it awaits `onBytes`, and ends early when the signal aborts. */
export type Read = (onBytes: (bytes: Bytes) => Promise<void>, signal: AbortSignal) => Promise<void>;

/**
 * Asks a source for its bytes: while nobody asks, it waits with one chunk in hand. The source begins with the first request, and is
 * ended when the iteration is.
 */
export async function* pullBytes(read: Read): AsyncGenerator<Bytes, void, void> {
  const controller = new AbortController();
  let chunk: Bytes | undefined;
  let end: { readonly error?: unknown } | undefined;
  let arrived = () => {};
  let taken = () => {};
  const onBytes = async (bytes: Bytes) => {
    // The bytes are the source's until this resolves, and the asker's afterwards.
    chunk = bytes.slice();
    arrived();
    await new Promise<void>((resolve) => (taken = resolve));
    controller.signal.throwIfAborted();
  };
  const finish = (how: { readonly error?: unknown }) => {
    end = how;
    arrived();
  };
  const whole = read(onBytes, controller.signal).then(() => finish({}), (error) => finish({ error }));
  try {
    for (;;) {
      while (chunk === undefined && end === undefined) {
        await new Promise<void>((resolve) => (arrived = resolve));
      }
      if (chunk !== undefined) {
        const own: Bytes = chunk;
        chunk = undefined;
        taken();
        yield own;
      } else if (end !== undefined) {
        if ("error" in end) throw end.error;
        return;
      }
    }
  } finally {
    controller.abort();
    taken();
    await whole;
  }
}
