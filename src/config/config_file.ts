/**
 * Reads settings from the text of config.toml. Whatever is wrong is an error that names the line; nothing is skipped.
 */
import { parse, TomlError } from "smol-toml";
import { ConfigError } from "../errors.ts";
import { nearest } from "./nearest.ts";
import { readToml, type Source, type Sourced } from "./read_value.ts";
import { SETTING_KEYS, type SettingKey, settingOf } from "./settings.ts";
import { topLevelLines } from "./toml_lines.ts";

/** Largest config.toml, in bytes. */
export const MAX_CONFIG_BYTES = 64 * 1024;

/**
 * Reads the settings that a config.toml gives.
 *
 * @param path - where the text comes from, for messages and origins
 * @throws {ConfigError} If the text is not TOML, a key is unknown or given twice, or a value is wrong. The message
 *   names file and line and shows no secret.
 */
export function readConfigFile(text: string, path: string): Source {
  const table = parseToml(text, path);
  const lines = topLevelLines(text);
  const at = (key: string) => `${path}:${lines.get(key) ?? 1}`;
  const source: { [K in SettingKey]?: Sourced } = {};
  const writtenAs = new Map<SettingKey, string>();
  for (const [name, value] of Object.entries(table)) {
    const key = SETTING_KEYS.find((key) => key === name || settingOf(key).aliases.includes(name));
    if (key === undefined) throw unknownKey(name, at(name));
    const twin = writtenAs.get(key);
    if (twin !== undefined) {
      throw new ConfigError(`Cannot read "${name}" from ${at(name)}: "${twin}" sets the same; remove one`);
    }
    writtenAs.set(key, name);
    source[key] = readToml(key, value, at(name));
  }
  return source;
}

function parseToml(text: string, path: string): Record<string, unknown> {
  try {
    return parse(text);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    // The parser's message goes on with the lines around the fault, and those may hold the token: neither they nor
    // the error as a cause go further.
    const reason = error.message.split("\n", 1)[0]?.replace("Invalid TOML document: ", "");
    throw new ConfigError(`Cannot read ${path}:${error.line}:${error.column}: it is not TOML: ${reason}`);
  }
}

function unknownKey(name: string, place: string): ConfigError {
  const known = SETTING_KEYS.flatMap((key) => [key, ...settingOf(key).aliases]);
  const meant = nearest(name, known);
  const remedy = meant === undefined ? `the keys are ${SETTING_KEYS.join(", ")}` : `did you mean "${meant}"`;
  const shown = name.length > 64 ? `${name.slice(0, 64)}…` : name;
  return new ConfigError(`Cannot read ${place}: "${shown}" is not a setting: ${remedy}`);
}
