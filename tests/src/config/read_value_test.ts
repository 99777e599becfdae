import assert from "node:assert/strict";
import { ConfigError } from "../../../src/errors.ts";
import { readText, readToml } from "../../../src/config/read_value.ts";
import type { SettingKey } from "../../../src/config/settings.ts";

const ID = "abcdefghijklmnopqrst";
const RULE = {
  program: "kubectl",
  args: ["get", "**"],
  decision: "allow",
  match: ["kubectl get x"],
  not_match: ["kubectl"],
};

const texts: readonly (readonly [SettingKey, string, unknown])[] = [
  ["relay", "wss://relay.example.com", "wss://relay.example.com"],
  ["room", "x".repeat(128), "x".repeat(128)],
  ["token", "12345678", "12345678"],
  ["tags", "gpu, linux", ["gpu", "linux"]],
  ["tags", "", []],
  ["no_agent", "1", true],
  ["no_agent", "true", true],
  ["no_agent", "0", false],
  ["no_agent", "false", false],
  ["mode", "bypass", "bypass"],
  ["max_queued", "0", 0],
  ["exec_timeout_ms", "86400000", 86_400_000],
  ["log_level", "debug", "debug"],
  ["max_mode", "edit", "edit"],
  ["sandbox", "required", "required"],
  ["allow_peers", "", []],
  ["allow_peers", `${ID}, ${ID}=plan`, [{ id: ID }, { id: ID, mode: "plan" }]],
  ["allow_peers", `[{"id": "${ID}", "mode": "edit"}, "${ID}"]`, [{ id: ID, mode: "edit" }, { id: ID }]],
  ["deny_paths", "~/private, /srv/**/*.key", ["~/private", "/srv/**/*.key"]],
  ["policy_rules", JSON.stringify([RULE]), [RULE]],
];
for (const [key, text, expected] of texts) {
  Deno.test(`readText() reads "${text.slice(0, 24)}" as ${key}`, () => {
    assert.deepEqual(readText(key, text, "here"), { value: expected, origin: "here" });
  });
}

const badTexts: readonly (readonly [SettingKey, string, string])[] = [
  [
    "relay",
    "https://relay.example.com",
    '"https://relay.example.com" is not a ws:// or wss:// URL: use "wss://relay.example.com"',
  ],
  ["room", "", '"" must be 1 to 128 characters'],
  ["room", "x".repeat(129), `"${"x".repeat(129)}" must be 1 to 128 characters`],
  [
    "token",
    "hunter2",
    'the value must have at least 8 characters and has 7: make one with "remote-agent token"',
  ],
  [
    "token",
    "cafe\u0301 e\u0301e",
    'the value must have at least 8 characters and has 7: make one with "remote-agent token"',
  ],
  [
    "encryption_key",
    "🔑🔑🔑",
    'the value must have at least 8 characters and has 3: make one with "remote-agent token"',
  ],
  [
    "name",
    "my host",
    '"my host" must be 1 to 64 letters, digits, dots, underscores or hyphens, beginning with a letter or digit',
  ],
  [
    "tags",
    "gpu,Linux",
    '"Linux" must be 1 to 32 lower-case letters, digits, dots, underscores or hyphens, beginning with a letter or digit',
  ],
  ["allow_peers", "web-1", 'item 1, "id": must be an agent\'s whole id, 20 letters and digits'],
  ["allow_peers", `${ID}=all`, 'item 1, "mode": must be one of "disabled", "plan", "edit", "bypass"'],
  ["allow_peers", "[{", '"[{" must be a list of tables'],
  [
    "policy_rules",
    JSON.stringify([{ ...RULE, match: [] }]),
    'item 1, "match": must name at least one command',
  ],
  ["deny_paths", "secrets", '"secrets" must be an absolute path, or one that begins with ~ or **'],
  ["sandbox", "on", '"on" must be one of "auto", "required", "off"'],
  ["tags", Array.from({ length: 33 }, (_, i) => `t${i}`).join(), "the list must be at most 32 tags"],
  ["no_agent", "yes", '"yes" must be 1, 0, true or false'],
  ["mode", "Plan", '"Plan" must be one of "disabled", "plan", "edit", "bypass"'],
  ["max_running", "0", "0 must be at least 1"],
  ["max_running", "ten", '"ten" must be a whole number from 1 to 1000000'],
  ["max_running", "1e3", '"1e3" must be a whole number from 1 to 1000000'],
  ["max_running", "-1", '"-1" must be a whole number from 1 to 1000000'],
  ["max_queued", "1000001", "1000001 must be at most 1000000"],
  ["log_level", "loud", '"loud" must be one of "trace", "debug", "info", "warning", "error", "fatal"'],
];
for (const [key, text, expected] of badTexts) {
  Deno.test(`readText() refuses "${text.slice(0, 24)}" as ${key} and says why`, () => {
    assert.throws(
      () => readText(key, text, "REMOTE_AGENTS_X"),
      new ConfigError(`Cannot read "${key}" from REMOTE_AGENTS_X: ${expected}`),
    );
  });
}

const badToml: readonly (readonly [SettingKey, unknown, string])[] = [
  ["relay", 1, "a text in double quotes, not a number"],
  ["room", { a: 1 }, "a text in double quotes, not a table"],
  ["token", true, "a text in double quotes, not a boolean"],
  ["tags", "a,b", 'a list of texts such as ["a", "b"], not a text'],
  ["tags", ["a", 1], 'a list of texts such as ["a", "b"], not a list of something else'],
  ["no_agent", "true", "true or false without quotes, not a text"],
  ["max_running", "64", "a number without quotes, not a text"],
  ["max_running", new Date(0), "a number without quotes, not a date"],
];
for (const [key, value, expected] of badToml) {
  Deno.test(`readToml() refuses ${JSON.stringify(value)} as ${key} for its type`, () => {
    assert.throws(
      () => readToml(key, value, "/c.toml:3"),
      new ConfigError(`Cannot read "${key}" from /c.toml:3: it must be ${expected}`),
    );
  });
}

Deno.test("readToml() refuses a fraction as a count", () => {
  assert.throws(() => readToml("max_running", 1.5, "/c.toml:3"), /1\.5 must be a whole number/);
});
