/**
 * Reading the values of the relay's settings. Every function takes the text and where it came from, so that an
 * error names the flag or the variable that the operator wrote.
 */
import { decodeBase32 } from "../src/protocol/base32.ts";

/** A setting that the operator must correct: one line on stderr and exit code 2. */
export class ConfigError extends Error {
  override readonly name = "ConfigError";
}

/** A value as text, and the flag or variable it was written in. */
export interface RawValue {
  readonly text: string;
  /** `--bind` or `REMOTE_AGENTS_RELAY_BIND`. */
  readonly origin: string;
}

const ROOM_ID_CHARACTERS = 32;

/** Writes host and port as URLs do, with brackets round an IPv6 address. */
export function formatHost(hostname: string, port: number): string {
  return hostname.includes(":") ? `[${hostname}]:${port}` : `${hostname}:${port}`;
}

/**
 * Reads `host:port`; an IPv6 address stands in brackets.
 *
 * @throws {ConfigError} If it is not of that form.
 */
export function parseBind({ text, origin }: RawValue): { hostname: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+)):([0-9]{1,5})$/.exec(text);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  if (hostname === undefined || port > 65535) {
    throw new ConfigError(
      `Cannot read ${origin}: "${text}" is not host:port, such as 127.0.0.1:8080, [::1]:8080 or 0.0.0.0:0`,
    );
  }
  return { hostname, port };
}

/**
 * Reads a whole number within bounds.
 *
 * @throws {ConfigError} If it is not one.
 */
export function parseInteger({ text, origin }: RawValue, bounds: { min: number; max: number }): number {
  const value = /^[0-9]{1,15}$/.test(text) ? Number(text) : NaN;
  if (!(value >= bounds.min && value <= bounds.max)) {
    throw new ConfigError(
      `Cannot read ${origin}: "${text}" is not a whole number from ${bounds.min} to ${bounds.max}`,
    );
  }
  return value;
}

/**
 * Reads room ids separated by commas.
 *
 * @throws {ConfigError} If one is not a room id.
 */
export function parseRoomIds(values: readonly RawValue[]): ReadonlySet<string> {
  const ids = new Set<string>();
  for (const { text, origin } of values) {
    for (const id of text.split(",").map((part) => part.trim()).filter((part) => part !== "")) {
      if (!isRoomId(id)) {
        throw new ConfigError(
          `Cannot read ${origin}: "${id}" is not a room id: "remote-agent room-id" prints the id of a room`,
        );
      }
      ids.add(id);
    }
  }
  return ids;
}

/**
 * Reads the name that peers dial: a host with an optional port, without a scheme.
 *
 * @throws {ConfigError} If it is not one.
 */
export function parsePublicHost({ text, origin }: RawValue): string {
  const url = URL.parse(`http://${text}`);
  const lower = text.toLowerCase();
  if (url === null || (url.host !== lower && `${url.host}:80` !== lower) || lower === "") {
    throw new ConfigError(
      `Cannot read ${origin}: "${text}" is not a host, such as relay.example.org or relay.example.org:8443`,
    );
  }
  return lower;
}

/**
 * Reads yes or no.
 *
 * @throws {ConfigError} If it is neither.
 */
export function parseYesNo({ text, origin }: RawValue): boolean {
  const lower = text.toLowerCase();
  if (["1", "true", "yes", "on"].includes(lower)) return true;
  if (["0", "false", "no", "off"].includes(lower)) return false;
  throw new ConfigError(`Cannot read ${origin}: "${text}" is neither true nor false`);
}

function isRoomId(id: string): boolean {
  try {
    decodeBase32(id);
    return id.length === ROOM_ID_CHARACTERS;
  } catch {
    // Not base32, so not a room id.
    return false;
  }
}
