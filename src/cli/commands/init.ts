/**
 * `remote-agent init`: writes config.toml, with a new token unless there is one.
 */
import { readText } from "../../config/read_value.ts";
import { formatConfigFile, saveConfigFile } from "../../config/save.ts";
import { SETTING_KEYS, type SettingKey } from "../../config/settings.ts";
import { createToken } from "../../crypto/room_secret.ts";
import { ConfigError } from "../../errors.ts";
import type { CommandContext, InitOptions } from "../command.ts";
import { askLine, isTerminal, printLine } from "../output.ts";

type Values = { [K in SettingKey]?: unknown };

/**
 * Writes config.toml from flags and environment. On a terminal it asks for relay and room if they are missing.
 *
 * @param ask - asks a person, or undefined if nobody is there to answer
 * @throws {ConfigError} If relay or room is missing, or the file exists and `force` is not given.
 */
export async function execute(
  context: CommandContext,
  { force }: InitOptions,
  ask: ((question: string) => string | undefined) | undefined = isTerminal("stdin") ? askLine : undefined,
): Promise<number> {
  const { paths, secrets } = context;
  const values = givenValues(context);
  values.relay ??= answer("relay", "Relay (wss://…):", ask);
  values.room ??= answer("room", "Room:", ask);
  const absent = (["relay", "room"] as const).filter((key) => values[key] === undefined);
  if (absent.length > 0) {
    const how = absent.map((key) => key === "relay" ? "--relay <url>" : "--room <name>").join(" and ");
    throw new ConfigError(`Cannot write ${paths.configFile}: ${absent.join(" and ")} missing; give ${how}`);
  }
  const newToken = values.token === undefined ? await createToken() : undefined;
  if (newToken !== undefined) secrets.add(newToken);
  values.token ??= newToken;
  const options = { folder: paths.configFolder, replace: force };
  const backup = await saveConfigFile(paths.configFile, formatConfigFile(values), options);
  if (backup !== undefined) printLine(`Kept the old file as ${backup}`);
  printLine(`Wrote ${paths.configFile}, readable by you alone`);
  explainNext({ relay: String(values.relay), room: String(values.room), newToken });
  return 0;
}

function givenValues({ settings, origins }: CommandContext): Values {
  return Object.fromEntries(
    SETTING_KEYS.filter((key) => origins[key] !== "default").map((key) => [key, settings[key]]),
  );
}

function answer(
  key: SettingKey,
  question: string,
  ask: ((question: string) => string | undefined) | undefined,
): unknown {
  const text = ask?.(question);
  return text === undefined ? undefined : readText(key, text, "the answer").value;
}

function explainNext(given: { relay: string; room: string; newToken: string | undefined }): void {
  const { relay, room, newToken } = given;
  if (newToken !== undefined) {
    printLine(
      `\nThe room's token, shown this once; whoever has it is a member of the room:\n\n  ${newToken}`,
    );
  }
  printLine(
    `\nOn every other machine, with the ${
      newToken === undefined ? "same" : "above"
    } token typed or piped in:\n\n` +
      `  remote-agent init --relay ${shellWord(relay)} --room ${shellWord(room)} --token-file -\n\n` +
      "Then run this on every machine that is to be controlled:\n\n  remote-agent run",
  );
}

/** A word that a POSIX shell reads as it is; where nothing needs quotes, other shells read it as well. */
function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
