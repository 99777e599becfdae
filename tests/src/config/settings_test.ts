import assert from "node:assert/strict";
import { defaultTextOf, flagOf, SETTING_KEYS, settingOf } from "../../../src/config/settings.ts";

for (const key of SETTING_KEYS) {
  Deno.test(`SETTINGS names the flag and the variable of "${key}" after its key`, () => {
    assert.equal(flagOf(key), `--${key.replaceAll("_", "-")}`);
    assert.equal(settingOf(key).env, `REMOTE_AGENTS_${key.toUpperCase()}`);
  });

  Deno.test(`SETTINGS has a default for "${key}" that its own schema accepts`, () => {
    for (const command of settingOf(key).commands) {
      const value = settingOf(key).default({ command, hostName: "web-1" });
      assert.ok(settingOf(key).schema.safeParse(value).success, `${value}`);
    }
  });
}

Deno.test("SETTINGS keeps exactly the token and the encryption key secret", () => {
  assert.deepEqual(SETTING_KEYS.filter((key) => settingOf(key).secret), ["token", "encryption_key"]);
});

Deno.test("SETTINGS has no default relay, room, token or encryption key", () => {
  for (const key of ["relay", "room", "token", "encryption_key"] as const) {
    assert.equal(defaultTextOf(key), undefined);
  }
});

Deno.test("SETTINGS starts a host in plan mode", () => assert.equal(defaultTextOf("mode"), "plan"));

Deno.test("SETTINGS warns in the help of --token that ps shows it", () => {
  assert.match(settingOf("token").help, /\bps\b.*--token-file/);
});
