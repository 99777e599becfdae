/**
 * Reads one setting's value from text (a flag, a variable) or from TOML, and says in a sentence what is wrong with it.
 */
import { ConfigError } from "../errors.ts";
import { showableUrl } from "./relay_url.ts";
import { type SettingKey, type SettingKind, settingOf } from "./settings.ts";

/** A value and where it comes from: `flag --relay`, `REMOTE_AGENTS_RELAY`, `/path/config.toml:3` or `default`. */
export interface Sourced {
  readonly value: unknown;
  readonly origin: string;
}

/** The settings that one source gives, checked. */
export type Source = { readonly [K in SettingKey]?: Sourced };

/**
 * Reads a setting from a flag or a variable.
 *
 * @throws {ConfigError} If the text is not a value of this setting.
 */
export function readText(key: SettingKey, text: string, origin: string): Sourced {
  return { value: checked(key, fromText(settingOf(key).kind, text), origin), origin };
}

/**
 * Reads a setting from a TOML value.
 *
 * @throws {ConfigError} If it has another type or is not a value of this setting.
 */
export function readToml(key: SettingKey, value: unknown, origin: string): Sourced {
  const { kind } = settingOf(key);
  const found = tomlTypeOf(value);
  const fits = kind === "list"
    ? Array.isArray(value) && value.every((item) => typeof item === "string")
    : found === TOML_TYPE[kind];
  if (!fits) {
    const wanted = kind === "list" ? 'a list of texts such as ["a", "b"]' : WANTED[kind];
    const actual = kind === "list" && found === "a list" ? "a list of something else" : found;
    throw new ConfigError(`Cannot read "${key}" from ${origin}: it must be ${wanted}, not ${actual}`);
  }
  return { value: checked(key, value, origin), origin };
}

const TOML_TYPE = { text: "a text", switch: "a boolean", count: "a number" } as const;
const WANTED = {
  text: "a text in double quotes",
  switch: "true or false without quotes",
  count: "a number without quotes",
} as const;

function fromText(kind: SettingKind, text: string): unknown {
  switch (kind) {
    case "text":
      return text;
    case "list":
      return text.trim() === "" ? [] : text.split(",").map((item) => item.trim());
    case "switch":
      if (text === "1" || text === "true") return true;
      return text === "0" || text === "false" ? false : text;
    case "count":
      return /^\d{1,16}$/.test(text) ? Number(text) : text;
  }
}

function checked(key: SettingKey, value: unknown, origin: string): unknown {
  const { schema, kind } = settingOf(key);
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const issue = result.error.issues[0];
  const index = issue?.path[0];
  const culprit = Array.isArray(value) && typeof index === "number" ? value[index] : value;
  const problem = kind === "switch" ? "must be 1, 0, true or false" : issue?.message;
  throw new ConfigError(`Cannot read "${key}" from ${origin}: ${subjectOf(key, culprit)} ${problem}`);
}

/** What a sentence about a value begins with: the value, unless it must not be shown. */
function subjectOf(key: SettingKey, value: unknown): string {
  if (settingOf(key).secret) return "the value";
  if (key === "relay" && typeof value === "string") return `"${showableUrl(value)}"`;
  if (typeof value === "string") return `"${value.length > 200 ? `${value.slice(0, 200)}…` : value}"`;
  return Array.isArray(value) ? "the list" : `${value}`;
}

function tomlTypeOf(value: unknown): string {
  if (typeof value === "string") return "a text";
  if (typeof value === "boolean") return "a boolean";
  if (typeof value === "number" || typeof value === "bigint") return "a number";
  if (Array.isArray(value)) return "a list";
  return value instanceof Date ? "a date" : "a table";
}
