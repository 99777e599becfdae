import assert from "node:assert/strict";
import { nearest } from "../../../src/config/nearest.ts";

const cases: readonly (readonly [string, string | undefined])[] = [
  ["relai", "relay"],
  ["TOKEN", "token"],
  ["rom", "room"],
  ["max_runing", "max_running"],
  ["encryptionkey", "encryption_key"],
  ["colour", undefined],
  ["", undefined],
];
for (const [word, expected] of cases) {
  Deno.test(`nearest() takes "${word}" for ${expected}`, () => {
    assert.equal(nearest(word, ["relay", "room", "token", "max_running", "encryption_key"]), expected);
  });
}
