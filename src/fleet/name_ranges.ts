/**
 * Names of many hosts in little text, as ClusterShell writes them: `web-[1-400,407],db-[01-09]`. Used wherever an answer says
 * which hosts it speaks of.
 */
import { plainLine } from "../protocol/plain_line.ts";

/** A host as far as its name goes. */
export interface NamedHost {
  readonly id: string;
  readonly name: string;
}

/** A number's digits in a name; longer ones are not counted with. */
const MAX_DIGITS = 15;
/** Characters of an id beside a name that several hosts have; more if those are alike. */
const ID_CHARACTERS = 8;

/** Names that differ in one number, and the numbers as they are written. */
interface Series {
  readonly prefix: string;
  readonly suffix: string;
  readonly ranges: readonly Range[];
}

/** Numbers that follow one another; `text` is `7` or `1-400`. A name without a number is a range without text. */
interface Range {
  readonly text: string;
  readonly hosts: number;
}

/**
 * Writes the names of hosts in natural order. Only the last number of a name is folded; leading zeros are kept. A name that
 * several hosts have stands once for each of them, with the beginning of its id: `web(kq3v7d2a)`.
 *
 * @param options - `maxCharacters`: past them the text ends in `... and 212 more`. What says so may alone be longer.
 */
export function foldNames(
  hosts: readonly NamedHost[],
  { maxCharacters }: { readonly maxCharacters: number },
): string {
  const series = seriesOf(labelsOf(hosts));
  const whole = series.map((one) => formatSeries(one, one.ranges)).join(",");
  return whole.length <= maxCharacters ? whole : cutSeries(series, { hosts: hosts.length, maxCharacters });
}

/** Orders names as people do: `web-2` before `web-10`. Names that differ in leading zeros alone are not equal. */
export function compareNames(a: string, b: string): number {
  let [i, j] = [0, 0];
  while (i < a.length && j < b.length) {
    if (isDigit(a, i) && isDigit(b, j)) {
      const [endA, endB] = [endOfDigits(a, i), endOfDigits(b, j)];
      const [digitsA, digitsB] = [significant(a.slice(i, endA)), significant(b.slice(j, endB))];
      const order = digitsA.length - digitsB.length || compareText(digitsA, digitsB);
      if (order !== 0) return order;
      [i, j] = [endA, endB];
    } else {
      const order = a.charCodeAt(i) - b.charCodeAt(j);
      if (order !== 0) return order;
      i++;
      j++;
    }
  }
  return (a.length - i) - (b.length - j) || compareText(a, b);
}

/** What a host is called in the text; a name with an id beside it has nothing to fold. */
interface Label {
  readonly text: string;
  readonly canFold: boolean;
}

/** The labels in natural order. */
function labelsOf(hosts: readonly NamedHost[]): Label[] {
  const byName = Map.groupBy(hosts, ({ name }) => name);
  const names = [...byName.keys()].sort(compareNames);
  return names.flatMap((name): Label[] => {
    const ids = (byName.get(name) ?? []).map(({ id }) => id);
    if (ids.length === 1) return [{ text: name, canFold: true }];
    return idPrefixes(ids).map((prefix) => ({ text: `${name}(${prefix})`, canFold: false }));
  });
}

/** The beginnings of ids that tell them apart. */
function idPrefixes(ids: readonly string[]): string[] {
  const longest = ids.reduce((length, id) => Math.max(length, id.length), 0);
  let length = ID_CHARACTERS;
  const cut = () => ids.map((id) => id.slice(0, length)).sort(compareText);
  while (length < longest && new Set(cut()).size < ids.length) length += 4;
  return cut();
}

function seriesOf(labels: readonly Label[]): Series[] {
  const all: { prefix: string; suffix: string; numbers: string[] }[] = [];
  const known = new Map<string, string[]>();
  for (const { text, canFold } of labels) {
    const { prefix, digits, suffix } = canFold ? splitName(text) : { prefix: text, digits: "", suffix: "" };
    const key = JSON.stringify([prefix, suffix]);
    const numbers = digits === "" ? undefined : known.get(key);
    if (numbers !== undefined) {
      numbers.push(digits);
      continue;
    }
    const one = { prefix, suffix, numbers: [digits] };
    if (digits !== "") known.set(key, one.numbers);
    all.push(one);
  }
  return all.map(({ prefix, suffix, numbers }) => ({
    prefix: plainLine(prefix),
    suffix: plainLine(suffix),
    ranges: rangesOf(numbers),
  }));
}

/** Splits a name at its last number; `digits` is empty if there is none that can be counted with. */
function splitName(name: string): { prefix: string; digits: string; suffix: string } {
  let end = name.length;
  while (end > 0 && !isDigit(name, end - 1)) end--;
  let start = end;
  while (start > 0 && isDigit(name, start - 1)) start--;
  if (end === 0 || end - start > MAX_DIGITS) return { prefix: name, digits: "", suffix: "" };
  return { prefix: name.slice(0, start), digits: name.slice(start, end), suffix: name.slice(end) };
}

/** Joins numbers, of which the smaller come first, to ranges. A first number with leading zeros gives the width of all. */
function rangesOf(numbers: readonly string[]): Range[] {
  const ranges: Range[] = [];
  let [first, last, hosts] = ["", "", 0];
  const close = () => {
    if (hosts > 0) ranges.push({ text: hosts === 1 ? first : `${first}-${last}`, hosts });
  };
  for (const digits of numbers) {
    const width = first.startsWith("0") ? first.length : 1;
    const isNext = hosts > 0 && digits === String(Number(last) + 1).padStart(width, "0");
    if (!isNext) {
      close();
      [first, hosts] = [digits, 0];
    }
    last = digits;
    hosts++;
  }
  close();
  return ranges;
}

function formatSeries({ prefix, suffix }: Series, ranges: readonly Range[]): string {
  const [only] = ranges;
  return ranges.length === 1 && only?.hosts === 1
    ? `${prefix}${only.text}${suffix}`
    : `${prefix}[${ranges.map(({ text }) => text).join(",")}]${suffix}`;
}

/** As many ranges as fit together with the words for the rest. */
function cutSeries(
  series: readonly Series[],
  { hosts, maxCharacters }: { readonly hosts: number; readonly maxCharacters: number },
): string {
  // The number of the rest has at most as many digits as that of all.
  const room = maxCharacters - ` ... and ${hosts} more`.length;
  const shown: string[] = [];
  let [used, rest] = [0, hosts];
  for (const one of series) {
    const taken: Range[] = [];
    let inner = used + (used > 0 ? 1 : 0) + one.prefix.length + one.suffix.length + 2;
    for (const range of one.ranges) {
      inner += range.text.length + (taken.length > 0 ? 1 : 0);
      if (inner > room) break;
      taken.push(range);
      rest -= range.hosts;
    }
    if (taken.length > 0) {
      const text = formatSeries(one, taken);
      used += text.length + (used > 0 ? 1 : 0);
      shown.push(text);
    }
    if (taken.length < one.ranges.length) break;
  }
  return shown.length === 0 ? `... and ${rest} more` : `${shown.join(",")} ... and ${rest} more`;
}

function isDigit(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code >= 48 && code <= 57;
}

function endOfDigits(text: string, start: number): number {
  let end = start;
  while (isDigit(text, end)) end++;
  return end;
}

/** A number without its leading zeros. */
function significant(digits: string): string {
  let start = 0;
  while (start < digits.length - 1 && digits[start] === "0") start++;
  return digits.slice(start);
}

function compareText(a: string, b: string): number {
  return a === b ? 0 : a < b ? -1 : 1;
}
