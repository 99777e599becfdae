import assert from "node:assert/strict";
import { nodePaths } from "../../../src/host/paths.ts";

type Case = readonly [string, string, Record<string, string>, readonly [string, string]];
const cases: readonly Case[] = [
  ["linux", "XDG's defaults", { HOME: "/home/ada" }, [
    "/home/ada/.config/remote-agents/config.toml",
    "/home/ada/.local/state/remote-agents",
  ]],
  ["linux", "XDG's variables", { XDG_CONFIG_HOME: "/c", XDG_STATE_HOME: "/s" }, [
    "/c/remote-agents/config.toml",
    "/s/remote-agents",
  ]],
  ["linux", "no relative XDG folder", { HOME: "/home/ada", XDG_CONFIG_HOME: "c", XDG_STATE_HOME: "" }, [
    "/home/ada/.config/remote-agents/config.toml",
    "/home/ada/.local/state/remote-agents",
  ]],
  ["freebsd", "XDG's defaults", { HOME: "/home/ada" }, [
    "/home/ada/.config/remote-agents/config.toml",
    "/home/ada/.local/state/remote-agents",
  ]],
  ["linux", "one folder", { HOME: "/home/ada", REMOTE_AGENTS_HOME: "/x" }, ["/x/config.toml", "/x/state"]],
  ["linux", "no empty REMOTE_AGENTS_HOME", { HOME: "/home/ada", REMOTE_AGENTS_HOME: "" }, [
    "/home/ada/.config/remote-agents/config.toml",
    "/home/ada/.local/state/remote-agents",
  ]],
  ["darwin", "Application Support", { HOME: "/Users/ada" }, [
    "/Users/ada/Library/Application Support/remote-agents/config.toml",
    "/Users/ada/Library/Application Support/remote-agents/state",
  ]],
  ["darwin", "one folder", { REMOTE_AGENTS_HOME: "/x" }, ["/x/config.toml", "/x/state"]],
  ["windows", "the known folders", { APPDATA: "C:\\R", LOCALAPPDATA: "C:\\L" }, [
    "C:\\R\\remote-agents\\config.toml",
    "C:\\L\\remote-agents\\state",
  ]],
  ["windows", "the user's profile", { USERPROFILE: "C:\\Users\\ada" }, [
    "C:\\Users\\ada\\AppData\\Roaming\\remote-agents\\config.toml",
    "C:\\Users\\ada\\AppData\\Local\\remote-agents\\state",
  ]],
  ["windows", "one folder", { REMOTE_AGENTS_HOME: "D:\\x" }, ["D:\\x\\config.toml", "D:\\x\\state"]],
];
for (const [os, what, env, [configFile, stateFolder]] of cases) {
  Deno.test(`nodePaths() uses ${what} on ${os}`, () => {
    const paths = nodePaths(os, env);
    assert.equal(paths.configFile, configFile);
    assert.equal(paths.stateFolder, stateFolder);
    assert.ok(configFile.startsWith(paths.configFolder));
  });
}

const errors: readonly (readonly [string, string, Record<string, string>, string])[] = [
  [
    "linux",
    "a relative REMOTE_AGENTS_HOME",
    { REMOTE_AGENTS_HOME: "x/y" },
    'Cannot use REMOTE_AGENTS_HOME: "x/y" is not an absolute path',
  ],
  [
    "windows",
    "a relative REMOTE_AGENTS_HOME",
    { REMOTE_AGENTS_HOME: "x" },
    'Cannot use REMOTE_AGENTS_HOME: "x" is not an absolute path',
  ],
  [
    "linux",
    "a missing HOME",
    {},
    "Cannot find the configuration folder: HOME is not an absolute path; set REMOTE_AGENTS_HOME to a folder",
  ],
];
for (const [os, what, env, message] of errors) {
  Deno.test(`nodePaths() refuses ${what} on ${os}`, () => {
    assert.throws(() => nodePaths(os, env), { name: "ConfigError", message });
  });
}
