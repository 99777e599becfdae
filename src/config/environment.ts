/**
 * Reads settings from the environment, and notices variables that look like settings and are none.
 */
import { nearest } from "./nearest.ts";
import { readText, type Source, type Sourced } from "./read_value.ts";
import { SETTING_KEYS, type SettingKey, settingOf } from "./settings.ts";

/** Names a file that holds the token. */
export const TOKEN_FILE_VARIABLE = "REMOTE_AGENTS_TOKEN_FILE";
/** Names the folder that holds configuration and state. */
export const HOME_VARIABLE = "REMOTE_AGENTS_HOME";

/** The variables of this process; an empty value counts as unset. */
export type Environment = { readonly [name: string]: string | undefined };

/** Settings from the environment. */
export interface EnvironmentSettings {
  readonly source: Source;
  /** What REMOTE_AGENTS_TOKEN_FILE names. */
  readonly tokenFile: string | undefined;
  /** One sentence for each variable that is probably misspelt. */
  readonly warnings: readonly string[];
}

/**
 * Reads the settings that the environment gives.
 *
 * @throws {ConfigError} If a variable's value is wrong.
 */
export function readEnvironment(env: Environment): EnvironmentSettings {
  const source: { [K in SettingKey]?: Sourced } = {};
  for (const key of SETTING_KEYS) {
    const name = settingOf(key).env;
    const text = env[name];
    if (text !== undefined && text !== "") source[key] = readText(key, text, name);
  }
  const tokenFile = env[TOKEN_FILE_VARIABLE];
  return { source, tokenFile: tokenFile === "" ? undefined : tokenFile, warnings: unknownVariables(env) };
}

function unknownVariables(env: Environment): string[] {
  const known = [...SETTING_KEYS.map((key) => settingOf(key).env), TOKEN_FILE_VARIABLE, HOME_VARIABLE];
  const aliases = new Map(
    SETTING_KEYS.flatMap((key) =>
      settingOf(key).aliases.map((alias) => [`REMOTE_AGENTS_${alias.toUpperCase()}`, settingOf(key).env])
    ),
  );
  const warnings: string[] = [];
  for (const name of Object.keys(env).sort()) {
    if (!/^REMOTE_AGENTS?_/i.test(name) || known.includes(name) || env[name] === "") continue;
    // The relay's own flags have variables with this prefix.
    if (name.startsWith("REMOTE_AGENTS_RELAY_") && !aliases.has(name)) continue;
    const meant = aliases.get(name) ?? nearest(name, known);
    const remedy = meant === undefined ? "" : `: did you mean ${meant}`;
    warnings.push(`The variable ${name} is not a setting and has no effect${remedy}`);
  }
  return warnings;
}
