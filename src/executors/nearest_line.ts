/**
 * Where a text probably was meant that is not there: the lines that differ in white space alone, or the most similar line.
 * A hint for whoever asked for an edit; bounded, so that it never takes longer than the edit.
 */

/** Lines that are compared by similarity; comparing by white space takes all. */
const MAX_COMPARED = 20_000;
/** Characters of a line that are compared and shown. */
const MAX_LINE = 200;
/** Share of pairs of letters in common from which two lines are called similar. */
const SIMILAR = 0.5;

/**
 * Tells where something like `wanted` is.
 *
 * @returns a clause without full stop, such as `line 12 differs only in white space: "\tfoo()"`, or undefined
 */
export function describeNearest(text: string, wanted: string): string | undefined {
  const lines = text.split("\n");
  const wantedLines = wanted.split("\n");
  while (wantedLines.length > 1 && squeeze(wantedLines[0]) === "") wantedLines.shift();
  while (wantedLines.length > 1 && squeeze(wantedLines.at(-1)) === "") wantedLines.pop();
  const squeezed = wantedLines.map(squeeze);
  const first = squeezed[0] ?? "";
  if (first === "") return undefined;
  const block = lines.findIndex((_, at) =>
    squeezed.every((line, offset) => squeeze(lines[at + offset]) === line)
  );
  if (block !== -1) {
    const last = block + squeezed.length;
    const where = squeezed.length === 1
      ? `line ${block + 1} differs`
      : `lines ${block + 1} to ${last} differ`;
    return `${where} only in white space, such as tabs, indentation or line ends; line ${block + 1} is ${
      shown(lines[block])
    }`;
  }
  const within = lines.findIndex((line) => squeeze(line).includes(first));
  if (within !== -1) {
    return wantedLines.length === 1
      ? `line ${within + 1} has it with other white space: ${shown(lines[within])}`
      : `its first line is in line ${within + 1}, what follows there is different`;
  }
  return describeSimilar(lines, first);
}

function describeSimilar(lines: readonly string[], wanted: string): string | undefined {
  const pairs = pairsOf(wanted);
  let best = { score: 0, at: -1 };
  for (let at = 0; at < Math.min(lines.length, MAX_COMPARED); at++) {
    const score = similarity(pairs, pairsOf(squeeze(lines[at])));
    if (score > best.score) best = { score, at };
  }
  return best.score < SIMILAR
    ? undefined
    : `the most similar line is ${best.at + 1}: ${shown(lines[best.at])}`;
}

/** Takes white space at both ends away and makes one blank of all other, within the part that is compared. */
function squeeze(line = ""): string {
  return line.slice(0, 10 * MAX_LINE).trim().replaceAll(/\s+/g, " ");
}

function pairsOf(line: string): Map<string, number> {
  const pairs = new Map<string, number>();
  for (let at = 0; at + 1 < Math.min(line.length, MAX_LINE); at++) {
    const pair = line.slice(at, at + 2);
    pairs.set(pair, (pairs.get(pair) ?? 0) + 1);
  }
  return pairs;
}

/** Dice's coefficient over pairs of letters. */
function similarity(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let common = 0;
  let total = 0;
  for (const [pair, count] of a) {
    common += Math.min(count, b.get(pair) ?? 0);
    total += count;
  }
  for (const count of b.values()) total += count;
  return total === 0 ? 0 : 2 * common / total;
}

function shown(line = ""): string {
  const cut = line.length > MAX_LINE;
  const text = JSON.stringify(line.slice(0, MAX_LINE).toWellFormed());
  return cut ? `${text} (its first ${MAX_LINE} of ${line.length} characters)` : text;
}
