/**
 * Writes text for the word counts: words of a fixed vocabulary whose frequencies fall as Zipf's law says, the same bytes for the
 * same size and seed on every machine. `generate_text.ts <MiB> [seed]` writes to stdout.
 */

const WORDS = 50_000;
/** Frequencies are drawn from a table of so many entries: one look-up a word. */
const TABLE_BITS = 17;
const WORDS_PER_LINE = 12;
const CHUNK_BYTES = 1024 * 1024;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const MIB = 1024 * 1024;
const SYLLABLES = "ba ce di fo gu ha je ki lo mu na pe ri so tu va we xi yo zu an el in or un".split(" ");

/** Makes a stream of 32-bit numbers (xorshift32); 0 is no seed. */
function createRandom(seed: number): () => number {
  let state = seed >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return state >>> 0;
  };
}

/** The word of a rank: its number written in syllables, so that frequent words are short. */
function wordOf(rank: number): string {
  let word = "";
  for (let rest = rank + 1; rest > 0; rest = Math.floor((rest - 1) / SYLLABLES.length)) {
    word += SYLLABLES[(rest - 1) % SYLLABLES.length];
  }
  return word;
}

/**
 * Generates text in chunks of about 1 MiB that end with a line.
 *
 * @param bytes - how much; the last line may be cut off, and then ends with a newline all the same
 * @param seed - another one gives other text @default 1
 */
export function* generateText(bytes: number, seed = 1): Generator<Uint8Array<ArrayBuffer>> {
  const { letters, starts } = createVocabulary();
  const table = zipfTable();
  const random = createRandom(seed);
  let chunk = new Uint8Array(CHUNK_BYTES);
  let length = 0;
  let inLine = 0;
  for (let left = bytes; left > 0;) {
    const rank = table[random() >>> (32 - TABLE_BITS)] ?? 0;
    const start = starts[rank] ?? 0;
    const end = starts[rank + 1] ?? 0;
    if (length + (end - start) + 1 > CHUNK_BYTES) {
      chunk[length - 1] = NEWLINE;
      inLine = 0;
      const whole = chunk.subarray(0, Math.min(length, left));
      if (whole.length === left) whole[left - 1] = NEWLINE;
      left -= whole.length;
      yield whole;
      chunk = new Uint8Array(CHUNK_BYTES);
      length = 0;
      continue;
    }
    // A loop is three times as fast as set() for a few bytes.
    for (let at = start; at < end; at++) chunk[length++] = letters[at] ?? 0;
    inLine++;
    chunk[length++] = inLine === WORDS_PER_LINE ? NEWLINE : SPACE;
    if (inLine === WORDS_PER_LINE) inLine = 0;
    if (length < left) continue;
    const last = chunk.subarray(0, left);
    last[left - 1] = NEWLINE;
    yield last;
    return;
  }
}

/** All words in one array, and where each begins. */
function createVocabulary(): { readonly letters: Uint8Array; readonly starts: Uint32Array } {
  const starts = new Uint32Array(WORDS + 1);
  let text = "";
  for (let rank = 0; rank < WORDS; rank++) {
    text += wordOf(rank);
    starts[rank + 1] = text.length;
  }
  return { letters: new TextEncoder().encode(text), starts };
}

/** The rank of each entry, so that the share of a rank is as its weight 1/(rank+1). */
function zipfTable(): Uint16Array {
  const table = new Uint16Array(2 ** TABLE_BITS);
  let total = 0;
  for (let rank = 0; rank < WORDS; rank++) total += 1 / (rank + 1);
  let at = 0;
  let sum = 0;
  for (let rank = 0; rank < WORDS && at < table.length; rank++) {
    sum += 1 / (rank + 1);
    const end = Math.round((sum / total) * table.length);
    while (at < end) table[at++] = rank;
  }
  return table;
}

if (import.meta.main) {
  const [size = "1", seed = "1"] = Deno.args;
  for (const chunk of generateText(Math.round(Number(size) * MIB), Number(seed))) {
    for (let at = 0; at < chunk.length;) at += Deno.stdout.writeSync(chunk.subarray(at));
  }
}
