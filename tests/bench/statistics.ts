/**
 * What the benchmarks say about a list of measurements. Pure.
 */

/**
 * Returns the value below which the share `p` of the values lies, by the nearest rank.
 *
 * @param p - from 0 to 1
 * @throws {RangeError} If there are no values.
 */
export function percentile(values: readonly number[], p: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const value = sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))];
  if (value === undefined) throw new RangeError("Cannot take a percentile: there are no values");
  return value;
}

/** Returns the middle value, of an even number of them the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  const lower = percentile(values, (values.length - 1) / (2 * values.length));
  const upper = percentile(values, 0.5);
  return (lower + upper) / 2;
}

/** Writes a number with three digits that count. */
export function formatNumber(value: number): string {
  if (value >= 1e6) return `${trim(value / 1e6)} M`;
  if (value >= 1e4) return `${trim(value / 1e3)} k`;
  return trim(value);
}

/** Writes the middle of some measurements and how far they lie apart. */
export function formatSpread(values: readonly number[]): string {
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return `${formatNumber(median(values))} (${formatNumber(low)} to ${formatNumber(high)})`;
}

/** Writes how many times `value` is `base`. */
export function formatRatio(value: number, base: number): string {
  return `${trim(value / base)}×`;
}

function trim(value: number): string {
  const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return value.toFixed(digits);
}
