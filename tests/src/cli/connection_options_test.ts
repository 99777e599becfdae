import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { addSettingOptions, readFlags } from "../../../src/cli/connection_options.ts";

Deno.test("addSettingOptions() gives a command exactly the flags of its settings", () => {
  const command = addSettingOptions(new Command("room-id"), "room-id");
  assert.deepEqual(command.options.map(({ long }) => long), ["--room", "--token", "--token-file"]);
});

const cases: readonly (readonly [string, ReturnType<typeof readFlags>])[] = [
  ["", { values: {}, tokenFile: undefined }],
  ["--relay wss://r --no-agent", { values: { relay: "wss://r", no_agent: "true" }, tokenFile: undefined }],
  ["--max-running=3 --token-file -", { values: { max_running: "3" }, tokenFile: "-" }],
  ["--room a --room b", { values: { room: "b" }, tokenFile: undefined }],
];
for (const [words, expected] of cases) {
  Deno.test(`readFlags() reads "${words}"`, () => {
    const command = addSettingOptions(new Command("run"), "run");
    command.parse(words === "" ? [] : words.split(" "), { from: "user" });
    assert.deepEqual(readFlags(command), expected);
  });
}

Deno.test("readFlags() keeps an empty value apart from none", () => {
  const command = addSettingOptions(new Command("run"), "run").parse(["--room", ""], { from: "user" });
  assert.deepEqual(readFlags(command).values, { room: "" });
});
