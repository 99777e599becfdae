/**
 * The help texts, word for word: people and their scripts depend on them.
 */
import assert from "node:assert/strict";
import { helpTexts, relayHelpText } from "../../docs/_help_texts.ts";
import { SETTING_KEYS, settingOf } from "../../src/config/settings.ts";
import { assertSnapshot, snapshotNames } from "../helpers/snapshot.ts";

const TEXTS = [...helpTexts(), await relayHelpText()];
const fileOf = (command: string) => `help_${command.replaceAll(/[ -]/g, "_")}.txt`;

for (const { command, text } of TEXTS) {
  Deno.test(`"${command} --help" is as its snapshot`, () => assertSnapshot(fileOf(command), text));
}

Deno.test("every snapshot of a help text belongs to a command", async () => {
  const names = (await snapshotNames()).filter((name) => name.startsWith("help_"));
  assert.deepEqual(names, TEXTS.map(({ command }) => fileOf(command)).sort());
});

Deno.test("the help of each command names exactly the settings that it takes", () => {
  for (const { command, text } of helpTexts().slice(1)) {
    const name = command.split(" ")[1];
    const expected = SETTING_KEYS.filter((key) => settingOf(key).commands.some((other) => other === name));
    const shown = SETTING_KEYS.filter((key) => text.includes(`${settingOf(key).flag} `));
    assert.deepEqual(shown, expected, command);
  }
});

Deno.test("help warns of secrets on the command line and shows no default for one", () => {
  const run = TEXTS.find(({ command }) => command === "remote-agent run")?.text ?? "";
  assert.match(run, /--token <secret>[^]*?\bps\b[^]*?--token-file/);
  assert.match(run, /--encryption-key <secret>[^]*?\bps\b/);
});
