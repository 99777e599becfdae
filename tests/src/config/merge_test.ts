import assert from "node:assert/strict";
import { mergeSettings } from "../../../src/config/merge.ts";
import { SETTING_KEYS } from "../../../src/config/settings.ts";

const flag = { room: { value: "by-flag", origin: "flag --room" } };
const env = { room: { value: "by-env", origin: "REMOTE_AGENTS_ROOM" } };
const file = { room: { value: "by-file", origin: "/c.toml:1" } };
const situation = { command: "run", hostName: "web-1" } as const;

const cases = [
  ["a flag over everything", [flag, env, file], "by-flag", "flag --room"],
  ["the environment over config.toml", [{}, env, file], "by-env", "REMOTE_AGENTS_ROOM"],
  ["config.toml over the default", [{}, {}, file], "by-file", "/c.toml:1"],
  ["the default at last", [{}, {}, {}], undefined, "default"],
] as const;
for (const [what, sources, value, origin] of cases) {
  Deno.test(`mergeSettings() takes ${what}`, () => {
    const merged = mergeSettings(sources, situation);
    assert.equal(merged.settings.room, value);
    assert.equal(merged.origins.room, origin);
  });
}

Deno.test("mergeSettings() decides each setting by itself", () => {
  const merged = mergeSettings([flag, { mode: { value: "edit", origin: "REMOTE_AGENTS_MODE" } }], situation);
  assert.equal(merged.settings.room, "by-flag");
  assert.equal(merged.settings.mode, "edit");
  assert.equal(merged.settings.name, "web-1");
  assert.deepEqual(Object.keys(merged.settings), SETTING_KEYS);
  assert.deepEqual(Object.keys(merged.origins), SETTING_KEYS);
});

Deno.test("mergeSettings() lets a false or an empty value win over weaker sources", () => {
  const merged = mergeSettings([
    { no_agent: { value: false, origin: "a" }, tags: { value: [], origin: "a" } },
    { no_agent: { value: true, origin: "b" }, tags: { value: ["x"], origin: "b" } },
  ], situation);
  assert.equal(merged.settings.no_agent, false);
  assert.deepEqual(merged.settings.tags, []);
});

for (const [command, level] of [["run", "info"], ["mcp", "info"], ["call", "warning"]] as const) {
  Deno.test(`mergeSettings() logs from ${level} up by default in ${command}`, () => {
    assert.equal(mergeSettings([], { command, hostName: "x" }).settings.log_level, level);
  });
}
