/**
 * Turns output as it comes into text for progress notifications: whole characters, gathered for a moment, and no more
 * than a client can show.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** How long output is gathered before it is passed on, in milliseconds. */
const GATHER_MS = 100;
/** Characters of one notification; of what comes faster, the end is shown. */
const MAX_CHARACTERS = 4_096;
/** Bytes of a chunk that become text: as many characters, and one that is cut. What is before them is never shown. */
const MAX_DECODED_BYTES = 4 * (MAX_CHARACTERS + 1);

/** Takes output and passes on text. Disposing of it drops what was not passed on. */
export interface LineReader extends Disposable {
  push(channel: "stdout" | "stderr", bytes: Bytes): Promise<void>;
  /** Passes on what is left. */
  end(): Promise<void>;
}

/**
 * Makes a reader.
 *
 * @param show - takes text; while its promise is pending, output waits
 * @param now - milliseconds since any fixed moment
 */
export function createLineReader(
  show: (text: string) => void | Promise<void>,
  now: () => number = () => performance.now(),
): LineReader {
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  let text = "";
  let skipped = 0;
  let shownAt = -Infinity;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let isDisposed = false;

  const stop = () => {
    clearTimeout(timer);
    timer = undefined;
  };
  const flush = async () => {
    stop();
    if (text === "") return;
    const shown = skipped === 0 ? text : `[about ${skipped} characters left out]\n${text}`;
    text = "";
    skipped = 0;
    shownAt = now();
    await show(shown);
  };

  return {
    async push(channel, bytes) {
      if (isDisposed) return;
      const seen = bytes.subarray(-MAX_DECODED_BYTES);
      skipped += bytes.length - seen.length;
      text += decoders[channel].decode(seen, { stream: true });
      if (text.length > MAX_CHARACTERS) {
        skipped += text.length - MAX_CHARACTERS;
        // Half of a character would make the JSON unreadable for strict clients.
        text = text.slice(-MAX_CHARACTERS).replace(/^[\uDC00-\uDFFF]/, "");
      }
      if (now() - shownAt >= GATHER_MS) await flush();
      // What follows may be long in coming, so the moment ends by itself. A client that is gone shows at the answer.
      else timer ??= setTimeout(() => flush().catch(() => {}), GATHER_MS);
    },
    end: flush,
    [Symbol.dispose]() {
      isDisposed = true;
      stop();
    },
  };
}
