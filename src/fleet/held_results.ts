/**
 * What hosts answered, as far as there is memory for it: texts that are the same are held once, and past a bound the results of the
 * oldest runs go first. Used by the runs, which say of every host what was dropped.
 */

/** Characters of results that a process holds. */
export const MAX_HELD_CHARACTERS = 64 * 1024 ** 2;
/** Characters that are left of each end of a text that is cut. */
export const CUT_END_CHARACTERS = 2 * 1024;
/** Shorter texts are not worth looking up. */
const MIN_SHARED_CHARACTERS = 64;
/** What a value costs beside its texts, in characters. */
const VALUE_CHARACTERS = 16;

/** A result in memory. */
export interface Held {
  readonly value: unknown;
  /** Characters that are this result's own. */
  readonly own: number;
  /** Texts that it shares. */
  readonly shared: readonly string[];
}

/** The results of all runs. */
export interface HeldResults {
  /** Takes a result; what is returned is equal to it. */
  hold(value: unknown): Held;
  /** Gives a result up. */
  drop(held: Held): void;
  /** Characters that are held. */
  readonly characters: number;
  readonly isOverfull: boolean;
}

/**
 * Makes the memory.
 *
 * @param maxCharacters - how much there may be. @default {MAX_HELD_CHARACTERS}
 */
export function createHeldResults(maxCharacters = MAX_HELD_CHARACTERS): HeldResults {
  const texts = new Map<string, { readonly text: string; uses: number }>();
  let characters = 0;

  const share = (text: string): string => {
    const known = texts.get(text);
    if (known !== undefined) {
      known.uses += 1;
      return known.text;
    }
    texts.set(text, { text, uses: 1 });
    characters += text.length;
    return text;
  };

  return {
    hold(value) {
      let own = 0;
      const shared: string[] = [];
      const held = mapTexts(value, (text) => {
        own += VALUE_CHARACTERS;
        if (text.length < MIN_SHARED_CHARACTERS) {
          own += text.length;
          return text;
        }
        const one = share(text);
        shared.push(one);
        return one;
      }, () => void (own += VALUE_CHARACTERS));
      characters += own;
      return { value: held, own, shared };
    },
    drop({ own, shared }) {
      characters -= own;
      for (const text of shared) {
        const known = texts.get(text);
        if (known === undefined || --known.uses > 0) continue;
        texts.delete(text);
        characters -= text.length;
      }
    },
    get characters() {
      return characters;
    },
    get isOverfull() {
      return characters > maxCharacters;
    },
  };
}

/**
 * Cuts the texts of a result: of an output of a command its two ends are kept, of any other long text its ends with a mark between.
 *
 * @returns the value itself if there was nothing to cut
 */
export function cutResult(value: unknown): { readonly value: unknown; readonly isCut: boolean } {
  let isCut = false;
  const cut = mapTexts(
    value,
    (text) => {
      const short = cutText(text);
      isCut ||= short !== text;
      return short;
    },
    undefined,
    (output) => {
      const { head, tail } = output;
      if (typeof head !== "string" || typeof tail !== "string" || !("truncated" in output)) return undefined;
      if (head.length <= CUT_END_CHARACTERS && tail.length <= CUT_END_CHARACTERS) return undefined;
      if (tail === "" && head.length <= 2 * CUT_END_CHARACTERS) return undefined;
      isCut = true;
      return {
        ...output,
        head: copyOf(head.slice(0, CUT_END_CHARACTERS)),
        tail: copyOf((tail === "" ? head : tail).slice(-CUT_END_CHARACTERS)),
        truncated: true,
      };
    },
  );
  return isCut ? { value: cut, isCut } : { value, isCut };
}

function cutText(text: string): string {
  const left = text.length - 2 * CUT_END_CHARACTERS;
  if (left <= 0) return text;
  const ends = [text.slice(0, CUT_END_CHARACTERS), text.slice(-CUT_END_CHARACTERS)];
  return ends.map(copyOf).join(`\n[... ${left} characters are not held any more ...]\n`);
}

/** A piece of a text holds the whole of it in memory; a copy does not. Half a character becomes U+FFFD. */
function copyOf(piece: string): string {
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(new TextEncoder().encode(piece));
}

/** Copies a JSON value with its texts changed; `onObject` may replace an object before it is looked into. */
function mapTexts(
  value: unknown,
  onText: (text: string) => string,
  onOther: (() => void) | undefined,
  onObject?: (value: Readonly<Record<string, unknown>>) => unknown,
): unknown {
  if (typeof value === "string") return onText(value);
  onOther?.();
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, onText, onOther, onObject));
  if (typeof value !== "object" || value === null) return value;
  const record = value as Readonly<Record<string, unknown>>; // An object that is no array; results are JSON.
  const replaced = onObject?.(record);
  if (replaced !== undefined) return replaced;
  const copy: Record<string, unknown> = {};
  for (const key of Object.keys(record)) {
    // A host may have named a key so; assigned, it would become the prototype.
    if (key !== "__proto__") copy[key] = mapTexts(record[key], onText, onOther, onObject);
  }
  return copy;
}
