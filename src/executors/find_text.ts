/**
 * Finds a text in another in linear time, whatever the two are. The engine's own search takes hours for some pairs of
 * long texts, and callers choose both.
 */

/** Up to this length the engine's search is fast in every case: its tables cover the whole text that is looked for. */
const SHORT = 200;

/**
 * Finds all places of a text, from the first to the last.
 *
 * @param wanted - not empty
 * @param options.overlapping - whether a place may begin within the one before. @default false
 * @returns offsets in `text`
 */
export function findText(
  text: string,
  wanted: string,
  { overlapping = false }: { readonly overlapping?: boolean } = {},
): Generator<number> {
  const step = overlapping ? 1 : wanted.length;
  return wanted.length <= SHORT ? findShort(text, { wanted, step }) : findLong(text, { wanted, overlapping });
}

function* findShort(
  text: string,
  { wanted, step }: { readonly wanted: string; readonly step: number },
): Generator<number> {
  for (let at = text.indexOf(wanted); at !== -1; at = text.indexOf(wanted, at + step)) yield at;
}

/** The algorithm of Knuth, Morris and Pratt. */
function* findLong(
  text: string,
  { wanted, overlapping }: { readonly wanted: string; readonly overlapping: boolean },
): Generator<number> {
  const borders = bordersOf(wanted);
  let matched = 0;
  for (let at = 0; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (matched > 0 && unit !== wanted.charCodeAt(matched)) matched = borders[matched - 1] ?? 0;
    if (unit === wanted.charCodeAt(matched)) matched++;
    if (matched < wanted.length) continue;
    yield at + 1 - wanted.length;
    matched = overlapping ? borders[matched - 1] ?? 0 : 0;
  }
}

/** For each beginning of a text, the length of the longest shorter text that it both begins and ends with. */
function bordersOf(text: string): Uint32Array {
  const borders = new Uint32Array(text.length);
  let length = 0;
  for (let at = 1; at < text.length; at++) {
    const unit = text.charCodeAt(at);
    while (length > 0 && unit !== text.charCodeAt(length)) length = borders[length - 1] ?? 0;
    if (unit === text.charCodeAt(length)) length++;
    borders[at] = length;
  }
  return borders;
}
