/**
 * The sliding window by which a receiver accepts each counter once (RFC 6479).
 */

const WORD_BITS = 32;
/** How far behind the newest counter an older one is still accepted. */
export const REPLAY_WINDOW_SIZE = 2048;
/** One word more than the window, so that a whole word can be cleared when the window moves (RFC 6479, section 2). */
const WORDS = REPLAY_WINDOW_SIZE / WORD_BITS + 1;

/** Remembers which counters were seen. */
export interface ReplayWindow {
  /** Tells whether a counter is new and not too old, without remembering it. */
  isFresh(counter: number): boolean;
  /** Remembers a counter whose record was authentic. Returns false if it had been remembered before or is too old. */
  accept(counter: number): boolean;
}

/**
 * Makes an empty window.
 *
 * @example
 * ```ts
 * const window = createReplayWindow();
 * window.accept(7); // true
 * window.accept(7); // false
 * ```
 */
export function createReplayWindow(): ReplayWindow {
  const bitmap = new Uint32Array(WORDS);
  let newest = -1;

  const wordOf = (counter: number) => Math.floor(counter / WORD_BITS) % WORDS;
  const bitOf = (counter: number) => 1 << (counter % WORD_BITS);
  const isFresh = (counter: number) => {
    if (counter > newest) return true;
    if (newest - counter >= REPLAY_WINDOW_SIZE) return false;
    return ((bitmap[wordOf(counter)] ?? 0) & bitOf(counter)) === 0;
  };

  return {
    isFresh,
    accept(counter) {
      if (!isFresh(counter)) return false;
      if (counter > newest) {
        const current = Math.floor(newest / WORD_BITS);
        const steps = Math.min(Math.floor(counter / WORD_BITS) - current, WORDS);
        for (let i = 1; i <= steps; i++) bitmap[(((current + i) % WORDS) + WORDS) % WORDS] = 0;
        newest = counter;
      }
      bitmap[wordOf(counter)] = (bitmap[wordOf(counter)] ?? 0) | bitOf(counter);
      return true;
    },
  };
}
