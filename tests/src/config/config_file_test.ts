import assert from "node:assert/strict";
import * as fc from "fast-check";
import { readConfigFile } from "../../../src/config/config_file.ts";
import { SETTING_KEYS } from "../../../src/config/settings.ts";
import { ConfigError } from "../../../src/errors.ts";

Deno.test("readConfigFile() reads every kind of setting with its line", () => {
  const text =
    '# mine\nrelay_url = "wss://r.example.com"\ntags = [\n  "a",\n  "b",\n]\nno_agent = true\n\nmax_running = 3\n';
  assert.deepEqual(readConfigFile(text, "/c.toml"), {
    relay: { value: "wss://r.example.com", origin: "/c.toml:2" },
    tags: { value: ["a", "b"], origin: "/c.toml:3" },
    no_agent: { value: true, origin: "/c.toml:7" },
    max_running: { value: 3, origin: "/c.toml:9" },
  });
});

const errors: readonly (readonly [string, string, string])[] = [
  [
    "a document that is not TOML",
    'room = "home"\ntoken = hunter2hunter2\n',
    "Cannot read /c.toml:2:9: it is not TOML: invalid value",
  ],
  [
    "an unfinished text, without showing it",
    'room = "a"\n\ntoken = "hunter2hunter2\n',
    "Cannot read /c.toml:3:24: it is not TOML: control characters are not allowed in strings",
  ],
  [
    "an unknown key",
    'room = "a"\ntokken = "x"',
    'Cannot read /c.toml:2: "tokken" is not a setting: did you mean "token"',
  ],
  [
    "an unknown key that resembles none",
    "colour = 1",
    `Cannot read /c.toml:1: "colour" is not a setting: the keys are ${SETTING_KEYS.join(", ")}`,
  ],
  [
    "an unknown table",
    '\n[rooms]\nname = "x"',
    'Cannot read /c.toml:2: "rooms" is not a setting: did you mean "room"',
  ],
  [
    "a wrong type",
    '\n\nmax_running = "64"',
    'Cannot read "max_running" from /c.toml:3: it must be a number without quotes, not a text',
  ],
  [
    "a short token",
    '# x\ntoken = "hunter2"',
    'Cannot read "token" from /c.toml:2: the value must have at least 8 characters and has 7: ' +
    'make one with "remote-agent token"',
  ],
  [
    "a bad URL under the key's other name",
    'relay_url = "http://r.example.com"',
    'Cannot read "relay" from /c.toml:1: "http://r.example.com" is not a ws:// or wss:// URL: ' +
    'use "ws://r.example.com"',
  ],
  [
    "a setting under both its names",
    'relay = "ws://a"\nrelay_url = "ws://b"',
    'Cannot read "relay_url" from /c.toml:2: "relay" sets the same; remove one',
  ],
];
for (const [what, text, expected] of errors) {
  Deno.test(`readConfigFile() refuses ${what} and names the line`, () => {
    assert.throws(() => readConfigFile(text, "/c.toml"), (error) => {
      assert.ok(error instanceof ConfigError);
      assert.equal(error.message, expected);
      return true;
    });
  });
}

const SECRET = "correct-horse-battery";

Deno.test("readConfigFile() answers any text with settings or a ConfigError, and never shows the token", () => {
  const fragment = fc.oneof(
    fc.constantFrom(
      ...SETTING_KEYS,
      "=",
      '"',
      "'",
      '"""',
      "\n",
      "[",
      "]",
      "{",
      "}",
      ".",
      ",",
      "1",
      "true",
      "#",
    ),
    fc.constant(`token = "${SECRET}"\n`),
    fc.string({ unit: "binary", maxLength: 4 }),
  );
  const text = fc.array(fragment, { maxLength: 24 }).map((parts) => parts.join(""));
  fc.assert(
    fc.property(text, (text) => {
      try {
        readConfigFile(text, "/c.toml");
      } catch (error) {
        assert.ok(error instanceof ConfigError, `${error}`);
        assert.match(error.message, /\/c\.toml:\d+/);
        // A key that is the token itself is outside what can be told apart from a key.
        assert.ok(!text.includes(`token = "${SECRET}"`) || !error.message.includes(SECRET), error.message);
        assert.equal(error.cause, undefined);
      }
    }),
    { numRuns: 500 },
  );
});
