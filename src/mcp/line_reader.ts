/**
 * Turns output as it comes into text for progress notifications: whole characters, gathered for a moment, and no more
 * than a client can show.
 */
import type { Bytes } from "../protocol/bytes.ts";

/** How long output is gathered before it is passed on, in milliseconds. */
const GATHER_MS = 100;
/** Characters of one notification; of what comes faster, the end is shown. */
const MAX_CHARACTERS = 4_096;

/** Takes output and passes on text. */
export interface LineReader {
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

  const flush = async () => {
    if (text === "") return;
    const shown = skipped === 0 ? text : `[${skipped} characters left out]\n${text}`;
    text = "";
    skipped = 0;
    shownAt = now();
    await show(shown);
  };

  return {
    async push(channel, bytes) {
      text += decoders[channel].decode(bytes, { stream: true });
      if (text.length > MAX_CHARACTERS) {
        skipped += text.length - MAX_CHARACTERS;
        text = text.slice(-MAX_CHARACTERS);
      }
      if (now() - shownAt >= GATHER_MS) await flush();
    },
    end: flush,
  };
}
