import assert from "node:assert/strict";
import { Command } from "@commander-js/extra-typings";
import { addSettingOptions, readFlags } from "../../../src/cli/connection_options.ts";
import { flagsWithValue, readPlainFlags } from "../../../src/cli/plain_flags.ts";

const plain = [
  "",
  "--relay wss://r --no-agent",
  "--no-agent --room a --room b",
  "--max-running 3 --token-file -",
  "--tags a,b --mode edit --name x --log-level debug",
];
for (const words of plain) {
  Deno.test(`readPlainFlags() reads "${words}" as the library does`, () => {
    const split = words === "" ? [] : words.split(" ");
    const command = addSettingOptions(new Command("mcp"), "mcp").parse(split, { from: "user" });
    assert.deepEqual(readPlainFlags(split, "mcp"), readFlags(command));
  });
}

Deno.test("readPlainFlags() reads every flag of a subcommand", () => {
  const { options } = addSettingOptions(new Command("mcp"), "mcp");
  const words = options.flatMap(({ long, required }) => required ? [long ?? "", "1"] : [long ?? ""]);
  const flags = readPlainFlags(words, "mcp");
  assert.equal(Object.keys(flags?.values ?? {}).length, options.length - 1);
  assert.equal(flags?.tokenFile, "1");
});

const others: readonly (readonly [string, string])[] = [
  ["mcp", "--help"],
  ["mcp", "-V"],
  ["mcp", "--verbose"],
  ["mcp", "--relai wss://r"],
  ["mcp", "--relay=wss://r"],
  ["mcp", "--relay"],
  ["mcp", "--relay --room"],
  ["mcp", "--no-agent=1"],
  ["mcp", "--no-agent yes"],
  ["mcp", "extra"],
  ["mcp", "-- --room a"],
  ["room-id", "--relay wss://r"],
];
for (const [name, words] of others) {
  Deno.test(`readPlainFlags() leaves "${name} ${words}" to the library`, () => {
    // Both are names of subcommands; the table types them as strings.
    const command = name as "mcp" | "room-id";
    assert.equal(readPlainFlags(words.split(" "), command), undefined);
  });
}

Deno.test("flagsWithValue() leaves out the bare switches", () => {
  const flags = flagsWithValue();
  assert.ok(flags.includes("--relay") && flags.includes("--token-file"));
  assert.ok(!flags.includes("--no-agent"));
});
