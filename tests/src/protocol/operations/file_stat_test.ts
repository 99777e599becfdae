import assert from "node:assert/strict";
import { fileStat } from "../../../../src/protocol/operations/file_stat.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a path", { path: "a" }, true],
  ["a hash", { path: "a", sha256: true }, true],
  ["no path", {}, false],
  ["an empty path", { path: "" }, false],
  ["a hash that is a text", { path: "a", sha256: "yes" }, false],
  ["a misspelt parameter", { path: "a", hash: true }, false],
];
for (const [name, value, isValid] of params) {
  Deno.test(`fileStat.params ${isValid ? "takes" : "refuses"} ${name}`, () => {
    assert.equal(fileStat.params.safeParse(value).success, isValid);
  });
}
