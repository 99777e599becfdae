/**
 * Reads the flags of a subcommand where they are plain, without the command line's library: loading that takes a
 * fifth of the time until an assistant has its first answer. What is not plain is left to the library, which explains.
 */
import type { Flags } from "../config/load.ts";
import { type CommandName, flagOf, SETTING_KEYS, type SettingKey, settingOf } from "../config/settings.ts";

/** The flag for the token's file; it is no setting, but another way to give one. */
export const TOKEN_FILE_FLAG = "--token-file";

/** Every flag of the settings that is followed by a value. */
export function flagsWithValue(): readonly string[] {
  return [...SETTING_KEYS.filter(hasValue).map(flagOf), TOKEN_FILE_FLAG];
}

/**
 * Reads the words after a subcommand, if they are nothing but flags of its settings with their values.
 *
 * @returns what `readFlags()` would read, or undefined if anything else is among them
 */
export function readPlainFlags(words: readonly string[], name: CommandName): Flags | undefined {
  const keys = SETTING_KEYS.filter((key) => settingOf(key).commands.includes(name));
  const values: { [K in SettingKey]?: string } = {};
  let tokenFile: string | undefined;
  for (let i = 0; i < words.length; i++) {
    const word = words[i] ?? "";
    const key = keys.find((candidate) => flagOf(candidate) === word);
    if (key !== undefined && !hasValue(key)) {
      values[key] = "true";
      continue;
    }
    const value = words[++i];
    if (value === undefined || (value.startsWith("-") && value !== "-")) return undefined;
    if (key !== undefined) values[key] = value;
    else if (word === TOKEN_FILE_FLAG && keys.includes("token")) tokenFile = value;
    else return undefined;
  }
  return { values, tokenFile };
}

function hasValue(key: SettingKey): boolean {
  return settingOf(key).kind !== "switch";
}
