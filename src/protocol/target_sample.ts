/**
 * The sample of a target: `10%` or `n:3` of what matches. The choice is made by ranking a hash of seed and host, so every node
 * makes the same one, and it changes little when other hosts come and go.
 */

/** How many of the matching hosts are taken. */
export type TargetSample =
  & (
    /** More than 0, at most 100; rounded up, so never none. */
    | { readonly kind: "share"; readonly percent: number }
    /** At least 1. */
    | { readonly kind: "count"; readonly count: number }
  )
  /** Another seed is another choice; without one it is always the same. */
  & { readonly seed?: string };

/** Most hosts that `n:` may ask for. */
export const MAX_SAMPLE_COUNT = 1_000_000;

const SHARE = /^(?<percent>\d{1,3}(?:\.\d{1,6})?)%$/;
const COUNT = /^n:(?<count>\d{1,7})$/;
const SEED = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** Tells whether a word of a target means to be a sample. */
export function isSampleWord(word: string): boolean {
  return /^n:/i.test(word) || /^[+-]?[\d.]+%/.test(word);
}

/**
 * Reads a word for which {@link isSampleWord} holds.
 *
 * @returns the sample, or in words what is wrong with it
 */
export function readSample(word: string): TargetSample | string {
  const lower = word.toLowerCase();
  const mark = lower.indexOf("@");
  const amount = mark < 0 ? lower : lower.slice(0, mark);
  const seed = mark < 0 ? undefined : lower.slice(mark + 1);
  if (seed !== undefined && !SEED.test(seed)) {
    return 'a seed is a word of letters, digits, dots, underscores and hyphens, as in "10%@monday"';
  }
  const seeded = seed === undefined ? {} : { seed };
  const percent = Number(SHARE.exec(amount)?.groups?.["percent"]);
  if (percent >= 1 && percent <= 100) return { kind: "share", percent, ...seeded };
  const count = Number(COUNT.exec(amount)?.groups?.["count"]);
  if (count >= 1 && count <= MAX_SAMPLE_COUNT) return { kind: "count", count, ...seeded };
  return amount.startsWith("n:")
    ? `a sample is a whole number from 1 to ${MAX_SAMPLE_COUNT}, as in "n:3"`
    : 'a sample is from 1 to 100 percent, as in "10%" or "2.5%"';
}

/** Writes a sample as {@link readSample} reads it. */
export function formatSample(sample: TargetSample): string {
  const amount = sample.kind === "share" ? `${sample.percent}%` : `n:${sample.count}`;
  return sample.seed === undefined ? amount : `${amount}@${sample.seed}`;
}

/**
 * Takes a sample of hosts.
 *
 * @returns the chosen ones in the order in which they were given; all of them without a sample
 */
export function sampleHosts<H extends { readonly id: string }>(
  sample: TargetSample | undefined,
  hosts: readonly H[],
): H[] {
  if (sample === undefined) return [...hosts];
  const wanted = sample.kind === "count" ? sample.count : shareOf(hosts.length, sample.percent);
  if (wanted >= hosts.length) return [...hosts];
  const ranked = hosts.map((host) => ({ host, rank: rankOf(sample.seed ?? "", host.id) }));
  ranked.sort((a, b) => a.rank - b.rank || (a.host.id < b.host.id ? -1 : 1));
  const chosen = new Set(ranked.slice(0, wanted).map(({ host }) => host));
  return hosts.filter((host) => chosen.has(host));
}

function shareOf(total: number, percent: number): number {
  // A product such as 1000 * 1.1 / 100 may come out a hair above the whole number that it is.
  return Math.max(1, Math.ceil(total * percent / 100 - 1e-9));
}

/**
 * A number of 53 bits that any change of seed or id changes at random: two multiplicative hashes of 32 bits, each finished by
 * the other's bits (the scheme of cyrb53 with the finalizer of MurmurHash3). It spreads; it keeps no secret.
 */
function rankOf(seed: string, id: string): number {
  let [high, low] = [0xdeadbeef, 0x41c6ce57];
  const text = `${seed}@${id}`;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (high >>> 11) * 0x1_0000_0000 + (low >>> 0);
}
