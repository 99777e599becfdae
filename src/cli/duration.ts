/**
 * Reads durations as people type them: `90s`, `30m`, `2h`, `1d`.
 */
import { ConfigError } from "../errors.ts";

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * Reads a duration.
 *
 * @param text - a whole number and its unit
 * @param options.flag - the flag it was given by, for the message
 * @param options.mostMs - the longest that is taken
 * @returns milliseconds
 * @throws {ConfigError} If it is none, or out of range.
 */
export function readDuration(text: string, { flag, mostMs }: { flag: string; mostMs: number }): number {
  const match = /^(\d{1,9})([smhd])$/.exec(text.trim());
  const unit = UNITS[match?.[2] ?? ""];
  if (match === null || unit === undefined) {
    throw new ConfigError(`Cannot read ${flag}: "${text}" is not a duration such as 90s, 30m, 2h or 1d`);
  }
  const ms = Number(match[1]) * unit;
  if (ms < 1 || ms > mostMs) {
    throw new ConfigError(
      `Cannot read ${flag}: "${text}" must be over 0s and at most ${mostMs / 86_400_000}d`,
    );
  }
  return ms;
}
