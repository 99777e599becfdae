/**
 * `remote-agent config`: shows the settings in effect and where each comes from.
 */
import { connectionOf } from "../../config/connection.ts";
import { describeSecret } from "../../config/redact.ts";
import { SETTING_KEYS, type SettingKey, settingOf, type Settings } from "../../config/settings.ts";
import { ConfigError } from "../../errors.ts";
import type { CommandContext, JsonOptions } from "../command.ts";
import { formatTable, paint, printJson, printLine, printWarning } from "../output.ts";

/** Prints the settings as a table or as JSON; secrets are described, not shown. */
export function execute(context: CommandContext, { json }: JsonOptions): Promise<number> {
  const { settings, origins, paths } = context;
  const rows = SETTING_KEYS.map((key) => ({ key, value: shownValue(settings, key), origin: origins[key] }));
  if (json) {
    const entries = rows.map(({ key, value, origin }) => [key, { value: value ?? null, origin }]);
    const { configFile, stateFolder } = paths;
    printJson({ configFile, stateFolder, settings: Object.fromEntries(entries) });
    return Promise.resolve(0);
  }
  printLine(`${paint("Configuration", "bold", "stdout")}  ${paths.configFile}`);
  printLine(`${paint("State", "bold", "stdout")}          ${paths.stateFolder}\n`);
  printLine(formatTable(rows.map(({ key, value, origin }) => [key, cellOf(value), origin])));
  warnIfHalfConnected(settings);
  return Promise.resolve(0);
}

function shownValue(settings: Settings, key: SettingKey): unknown {
  const value = settings[key];
  return settingOf(key).secret && typeof value === "string" ? describeSecret(value) : value;
}

function cellOf(value: unknown): string {
  if (value === undefined) return "(not set)";
  if (Array.isArray(value)) {
    const cells = value.map((item) => typeof item === "string" ? item : JSON.stringify(item));
    return cells.length === 0 ? "(none)" : cells.join(", ");
  }
  return String(value);
}

function warnIfHalfConnected(settings: Settings): void {
  try {
    connectionOf(settings);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    printWarning(error.message);
  }
}
