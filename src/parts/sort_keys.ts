/**
 * Sorts keys that lie in one piece of memory by their bytes: a radix sort, four bytes of the keys at a time, the first four before
 * the next. It is stable, and its time grows with the bytes of the keys and nothing else, so no input is a bad one.
 */

/** Keys and the order that they are brought into. */
export interface Keys {
  readonly bytes: Uint8Array;
  /** Where the key of a line begins. */
  readonly starts: Uint32Array;
  /** Where it ends. */
  readonly keyEnds: Uint32Array;
  /** Numbers of the lines; sorted in place. */
  readonly order: Uint32Array;
  readonly count: number;
}

/** So few are sorted by comparing. */
const FEW = 40;
/** Bytes of a key that are looked at in one step. */
const STEP = 4;
/** Looks at a key between two breaks: about 20 ms. */
const BREATHE_AFTER = 200_000;

/**
 * Sorts each range of the order by itself.
 *
 * @param ends - where each range ends; it begins where the one before it ends
 * @param breathe - awaited now and then
 */
export async function sortKeys(
  keys: Keys,
  ends: readonly number[],
  breathe: () => Promise<void>,
): Promise<void> {
  const sorter = new Sorter(keys);
  let from = 0;
  let spent = 0;
  for (const end of ends) {
    sorter.add(from, end, 0);
    from = end;
    for (let looked = sorter.step(); looked > 0; looked = sorter.step()) {
      spent += looked;
      if (spent < BREATHE_AFTER) continue;
      spent = 0;
      await breathe();
    }
  }
}

/** Ranges of keys that are equal so far wait on a stack, as a key may have millions of bytes. */
class Sorter {
  readonly #keys: Keys;
  readonly #stack: number[] = [];
  /** The four bytes of each place of the order. */
  readonly #words: Uint32Array;
  readonly #otherWords: Uint32Array;
  readonly #otherOrder: Uint32Array;
  readonly #counts = new Uint32Array(STEP * 256);

  constructor(keys: Keys) {
    this.#keys = keys;
    this.#words = new Uint32Array(keys.count);
    this.#otherWords = new Uint32Array(keys.count);
    this.#otherOrder = new Uint32Array(keys.count);
  }

  /** Adds a range whose keys are equal in their first `depth` bytes. */
  add(from: number, end: number, depth: number): void {
    if (end - from > 1) this.#stack.push(from, end, depth);
  }

  /** Sorts one range by its next bytes. Returns the number of keys that it looked at; 0 if nothing is left. */
  step(): number {
    const depth = this.#stack.pop();
    const end = this.#stack.pop();
    const from = this.#stack.pop();
    if (depth === undefined || end === undefined || from === undefined) return 0;
    if (end - from <= FEW) {
      this.#insert(from, end, depth);
      return (end - from) * 4;
    }
    this.#load(from, end, depth);
    this.#sortByWord(from, end);
    this.#addEqual(from, end, depth);
    return end - from;
  }

  #insert(from: number, end: number, depth: number): void {
    const { order } = this.#keys;
    for (let i = from + 1; i < end; i++) {
      const line = order[i] ?? 0;
      let at = i;
      for (; at > from; at--) {
        const before = order[at - 1] ?? 0;
        if (this.#compare(before, line, depth) <= 0) break;
        order[at] = before;
      }
      order[at] = line;
    }
  }

  #compare(a: number, b: number, depth: number): number {
    const { bytes, starts, keyEnds } = this.#keys;
    let atA = (starts[a] ?? 0) + depth;
    let atB = (starts[b] ?? 0) + depth;
    const lengthA = (keyEnds[a] ?? 0) - atA;
    const lengthB = (keyEnds[b] ?? 0) - atB;
    for (const end = atA + Math.min(lengthA, lengthB); atA < end; atA++, atB++) {
      const difference = (bytes[atA] ?? 0) - (bytes[atB] ?? 0);
      if (difference !== 0) return difference;
    }
    return lengthA - lengthB;
  }

  /** Loads the next four bytes of each key, zeros where it has ended, and counts each of the four. */
  #load(from: number, end: number, depth: number): void {
    const { bytes, starts, keyEnds, order } = this.#keys;
    const words = this.#words;
    const counts = this.#counts.fill(0);
    for (let i = from; i < end; i++) {
      const line = order[i] ?? 0;
      const at = (starts[line] ?? 0) + depth;
      const left = (keyEnds[line] ?? 0) - at;
      const b0 = left > 0 ? bytes[at] ?? 0 : 0;
      const b1 = left > 1 ? bytes[at + 1] ?? 0 : 0;
      const b2 = left > 2 ? bytes[at + 2] ?? 0 : 0;
      const b3 = left > 3 ? bytes[at + 3] ?? 0 : 0;
      words[i] = (b0 << 24) | (b1 << 16) | (b2 << 8) | b3;
      counts[b3] = (counts[b3] ?? 0) + 1;
      counts[256 + b2] = (counts[256 + b2] ?? 0) + 1;
      counts[512 + b1] = (counts[512 + b1] ?? 0) + 1;
      counts[768 + b0] = (counts[768 + b0] ?? 0) + 1;
    }
  }

  /** Sorts by the loaded bytes, from the last of the four to the first; each pass keeps the order of the one before. */
  #sortByWord(from: number, end: number): void {
    let [order, words] = [this.#keys.order, this.#words];
    let [otherOrder, otherWords] = [this.#otherOrder, this.#otherWords];
    const counts = this.#counts;
    for (let digit = 0; digit < STEP; digit++) {
      const base = digit * 256;
      const shift = digit * 8;
      const first = ((words[from] ?? 0) >>> shift) & 255;
      if (counts[base + first] === end - from) continue; // All the same.
      let sum = from;
      for (let i = base; i < base + 256; i++) {
        const count = counts[i] ?? 0;
        counts[i] = sum;
        sum += count;
      }
      for (let i = from; i < end; i++) {
        const word = words[i] ?? 0;
        const place = base + ((word >>> shift) & 255);
        const to = counts[place] ?? 0;
        counts[place] = to + 1;
        otherWords[to] = word;
        otherOrder[to] = order[i] ?? 0;
      }
      [order, otherOrder] = [otherOrder, order];
      [words, otherWords] = [otherWords, words];
    }
    if (order === this.#keys.order) return;
    this.#keys.order.set(order.subarray(from, end), from);
    this.#words.set(words.subarray(from, end), from);
  }

  /** Keys whose four bytes are equal: those that have ended come first, the shorter before the longer; the others go on. */
  #addEqual(from: number, end: number, depth: number): void {
    const words = this.#words;
    for (let i = from; i < end;) {
      const word = words[i];
      let to = i + 1;
      while (to < end && words[to] === word) to++;
      if (to - i > 1) {
        // Without a zero byte in it, none of them has ended.
        const hasZero = ((word ?? 0) & 255) === 0;
        this.add(hasZero ? this.#endedFirst(i, to, depth) : i, to, depth + STEP);
      }
      i = to;
    }
  }

  /** Puts keys that end within the four bytes in front, by their length. Returns where those begin that do not. */
  #endedFirst(from: number, end: number, depth: number): number {
    const { starts, keyEnds, order } = this.#keys;
    const leftOf = (line: number) =>
      Math.min(STEP, Math.max(0, (keyEnds[line] ?? 0) - (starts[line] ?? 0) - depth));
    const next = [0, 0, 0, 0, 0, 0];
    for (let i = from; i < end; i++) {
      const left = leftOf(order[i] ?? 0) + 1;
      next[left] = (next[left] ?? 0) + 1;
    }
    if (next[STEP + 1] === end - from) return from;
    for (let i = 1; i <= STEP; i++) next[i] = (next[i] ?? 0) + (next[i - 1] ?? 0);
    const goOn = from + (next[STEP] ?? 0);
    for (let i = from; i < end; i++) {
      const line = order[i] ?? 0;
      const left = leftOf(line);
      const to = next[left] ?? 0;
      next[left] = to + 1;
      this.#otherOrder[from + to] = line;
    }
    order.set(this.#otherOrder.subarray(from, end), from);
    return goOn;
  }
}
