/**
 * The page about settings, from the table of settings and the relay's own help.
 */
import { HOME_VARIABLE, TOKEN_FILE_VARIABLE } from "../src/config/environment.ts";
import { formatConfigFile } from "../src/config/save.ts";
import { defaultTextOf, SETTING_KEYS, type SettingKey, settingOf } from "../src/config/settings.ts";
import { nodePaths } from "../src/host/paths.ts";
import type { HelpText } from "./_help_texts.ts";
import { code, codeBlock, pageHead, table } from "./_markdown.ts";

const EXAMPLE = {
  relay: "wss://relay.example.com",
  room: "home",
  token: "the line that remote-agent token printed",
  name: "web-1",
  tags: ["linux", "web"],
  mode: "edit",
};

/**
 * Renders the page.
 *
 * @param relayHelp - the help of `remote-agents-relay`
 */
export function configPage(relayHelp: HelpText): string {
  return [
    pageHead("Configuration", "src/config/settings.ts, src/host/paths.ts and the relay's help"),
    "Each setting of `remote-agent` is taken from the first of these that gives it: flag, `REMOTE_AGENTS_*`",
    "environment, `config.toml`, default. `remote-agent config` shows every value and where it comes from. Nothing is",
    "guessed: a file that does not parse, an unknown key or a wrong value is an error that names the place.\n",
    "## Settings\n",
    table(["setting", "meaning", "default", "flag", "environment"], SETTING_KEYS.map(settingRow)),
    "In a flag or variable a list is written with commas; a switch in a variable is `1`, `0`, `true` or `false`.\n",
    "Secrets are never shown: `token` and `encryption_key` appear as their length only.\n",
    "## Commands that have the flags\n",
    table(
      ["setting", "commands"],
      SETTING_KEYS.map((key) => [code(key), settingOf(key).commands.join(", ")]),
    ),
    "## Other variables\n",
    table(["variable", "meaning"], [
      [
        code(TOKEN_FILE_VARIABLE),
        "A file that holds the token, like `--token-file`; `-` reads standard input",
      ],
      [code(HOME_VARIABLE), "An absolute path: configuration and state are in this one folder"],
      ["`NO_COLOR`", "Any value: no colours"],
    ]),
    "## config.toml\n",
    "`remote-agent init` writes it, readable by its owner alone. An example:\n",
    codeBlock(formatConfigFile(EXAMPLE), "toml"),
    ...aliasLines(),
    "## Files\n",
    table(["system", "config.toml", "state (the host key)"], pathRows()),
    "## The relay\n",
    "`remote-agents-relay` has no file. Each flag is also a variable: `--allow-room` is",
    "`REMOTE_AGENTS_RELAY_ALLOW_ROOM`.\n",
    codeBlock(relayHelp.text, "text"),
  ].join("\n");
}

function settingRow(key: SettingKey): string[] {
  const { flag, env, help } = settingOf(key);
  return [code(key), help, defaultTextOf(key) ?? "not set", code(flag), code(env)];
}

function aliasLines(): string[] {
  const aliases = SETTING_KEYS.flatMap((key) =>
    settingOf(key).aliases.map((alias) => `${code(alias)} for ${code(key)}`)
  );
  return aliases.length === 0 ? [] : [`Other names that the file may use: ${aliases.join(", ")}.\n`];
}

function pathRows(): string[][] {
  const homes = [
    ["Linux", "linux", { HOME: "/HOME" }, /^\/HOME/],
    ["macOS", "darwin", { HOME: "/HOME" }, /^\/HOME/],
    ["Windows", "windows", { APPDATA: "C:\\%APPDATA%", LOCALAPPDATA: "C:\\%LOCALAPPDATA%" }, /^C:\\/],
  ] as const;
  const rows = homes.map(([system, os, env, home]) => {
    const { configFile, stateFolder } = nodePaths(os, env);
    const shown = (path: string) => code(path.replace(home, os === "windows" ? "" : "~"));
    return [system, shown(configFile), shown(stateFolder)];
  });
  const { configFile, stateFolder } = nodePaths("linux", { [HOME_VARIABLE]: `/$${HOME_VARIABLE}` });
  return [...rows, [`with ${code(HOME_VARIABLE)}`, code(configFile.slice(1)), code(stateFolder.slice(1))]];
}
