/**
 * Gives a subcommand the flags of its settings, from the table, and reads back what was typed.
 */
import { type Command, type CommandUnknownOpts, Option } from "@commander-js/extra-typings";
import type { Flags } from "../config/load.ts";
import {
  type CommandName,
  defaultTextOf,
  SETTING_KEYS,
  type SettingKey,
  settingOf,
} from "../config/settings.ts";
import { TOKEN_FILE_FLAG } from "./plain_flags.ts";

const TOKEN_FILE = `${TOKEN_FILE_FLAG} <file>`;

/** Adds the flags of the settings that `name` takes. */
export function addSettingOptions<Args extends unknown[], Opts extends Record<string, unknown>>(
  command: Command<Args, Opts>,
  name: CommandName,
): Command<Args, Opts> {
  for (const key of SETTING_KEYS) {
    if (!settingOf(key).commands.includes(name)) continue;
    command.addOption(optionOf(key));
    if (key === "token") {
      command.addOption(new Option(TOKEN_FILE, "a file that holds the token; - reads standard input"));
    }
  }
  return command;
}

/** The settings' flags that were typed for a subcommand, as text. */
export function readFlags(command: CommandUnknownOpts): Flags {
  const values: { [K in SettingKey]?: string } = {};
  for (const key of SETTING_KEYS) {
    const text = typedText(command, optionOf(key));
    if (text !== undefined) values[key] = text;
  }
  return { values, tokenFile: typedText(command, new Option(TOKEN_FILE)) };
}

function optionOf(key: SettingKey): Option {
  const { flag, help, env } = settingOf(key);
  const fallback = defaultTextOf(key);
  const note = fallback === undefined || settingOf(key).kind === "switch" ? "" : ` (default: ${fallback})`;
  return new Option(flag, `${help}${note} [${env}]`);
}

function typedText(command: CommandUnknownOpts, option: Option): string | undefined {
  const name = option.attributeName();
  if (command.getOptionValueSource(name) !== "cli") return undefined;
  const value: unknown = command.getOptionValue(name);
  // A switch that is typed is on; commander stores "--no-x" as x = false.
  return typeof value === "string" ? value : "true";
}
