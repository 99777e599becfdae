import assert from "node:assert/strict";
import { connectionOf, requireConnection } from "../../../src/config/connection.ts";
import { mergeSettings } from "../../../src/config/merge.ts";
import type { SettingKey } from "../../../src/config/settings.ts";
import { ConfigError } from "../../../src/errors.ts";

const ALL = { relay: "ws://r", room: "home", token: "12345678", encryption_key: "87654321" };

function settingsWith(keys: readonly (keyof typeof ALL & SettingKey)[]) {
  const source = Object.fromEntries(keys.map((key) => [key, { value: ALL[key], origin: "test" }]));
  return mergeSettings([source], { command: "run", hostName: "x" }).settings;
}

Deno.test("connectionOf() gives the connection when relay, room and token are set", () => {
  const expected = { relay: "ws://r", room: "home", token: "12345678", encryptionKey: undefined };
  assert.deepEqual(connectionOf(settingsWith(["relay", "room", "token"])), expected);
  const all = settingsWith(["relay", "room", "token", "encryption_key"]);
  assert.deepEqual(connectionOf(all), { ...expected, encryptionKey: "87654321" });
});

Deno.test("connectionOf() gives nothing when none is set", () => {
  assert.equal(connectionOf(settingsWith([])), undefined);
});

const partial: readonly (readonly [readonly (keyof typeof ALL)[], string])[] = [
  [["relay", "room"], "token is not set; give --token-file or REMOTE_AGENTS_TOKEN"],
  [["relay", "token"], "room is not set; give --room or REMOTE_AGENTS_ROOM"],
  [
    ["room"],
    "relay and token are not set; give --relay or REMOTE_AGENTS_RELAY, --token-file or REMOTE_AGENTS_TOKEN",
  ],
];
for (const [keys, expected] of partial) {
  Deno.test(`connectionOf() refuses ${keys.join(" and ")} alone`, () => {
    assert.throws(
      () => connectionOf(settingsWith(keys)),
      new ConfigError(
        `Cannot join a room: ${expected}; without any of the three, this machine works alone`,
      ),
    );
  });
}

Deno.test("requireConnection() names everything that is missing and the remedy", () => {
  assert.throws(
    () => requireConnection(settingsWith([])),
    new ConfigError(
      "Cannot join a room: relay, room, and token are not set; give --relay or REMOTE_AGENTS_RELAY, " +
        "--room or REMOTE_AGENTS_ROOM, --token-file or REMOTE_AGENTS_TOKEN; " +
        '"remote-agent init" writes all three to config.toml',
    ),
  );
});
