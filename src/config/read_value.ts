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
  const items = Array.isArray(value) ? value : undefined;
  const fits = kind === "list"
    ? items?.every((item) => typeof item === "string") === true
    : found === TOML_TYPE[kind];
  if (!fits) {
    const wanted = WANTED[kind];
    const actual = kind === "list" && found === "a list" ? "a list of something else" : found;
    throw new ConfigError(`Cannot read "${key}" from ${origin}: it must be ${wanted}, not ${actual}`);
  }
  return { value: checked(key, value, origin), origin };
}

const TOML_TYPE = { text: "a text", switch: "a boolean", count: "a number", tables: "a list" } as const;
const WANTED = {
  list: 'a list of texts such as ["a", "b"]',
  tables: 'a list of tables such as [{ id = "..." }]',
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
    case "tables":
      return text.trim().startsWith("[") ? fromJson(text) : fromText("list", text);
    case "switch":
      if (text === "1" || text === "true") return true;
      return text === "0" || text === "false" ? false : text;
    case "count":
      return /^\d{1,16}$/.test(text) ? Number(text) : text;
  }
}

/** What is not JSON stays a text, which no schema of tables takes. */
function fromJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
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
  // A fault inside a table is named by the place of the table, counted from 1, and the key.
  const inner = typeof index === "number" && issue !== undefined && issue.path.length > 1
    ? `item ${index + 1}, "${issue.path.slice(1).join(".")}":`
    : subjectOf(key, culprit);
  throw new ConfigError(`Cannot read "${key}" from ${origin}: ${inner} ${problem}`);
}

/** What a sentence about a value begins with: the value, unless it must not be shown. */
function subjectOf(key: SettingKey, value: unknown): string {
  if (settingOf(key).secret) return "the value";
  if (key === "relay" && typeof value === "string") return `"${showableUrl(value)}"`;
  if (typeof value === "string") return `"${value.length > 200 ? `${value.slice(0, 200)}…` : value}"`;
  if (Array.isArray(value)) return "the list";
  return typeof value === "object" ? JSON.stringify(value).slice(0, 200) : `${value}`;
}

function tomlTypeOf(value: unknown): string {
  if (typeof value === "string") return "a text";
  if (typeof value === "boolean") return "a boolean";
  if (typeof value === "number" || typeof value === "bigint") return "a number";
  if (Array.isArray(value)) return "a list";
  return value instanceof Date ? "a date" : "a table";
}
