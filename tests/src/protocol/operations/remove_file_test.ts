import assert from "node:assert/strict";
import { removeFile } from "../../../../src/protocol/operations/remove_file.ts";

const HASH = "0123456789abcdef".repeat(4);

const params: readonly [string, unknown, boolean][] = [
  ["a path", { path: "a" }, true],
  ["no path", {}, false],
  ["an empty path", { path: "" }, false],
  ["a path of 4097 characters", { path: "x".repeat(4097) }, false],
  ["an expected hash", { path: "a", expected_sha256: HASH }, true],
  ["the expectation of no file", { path: "a", expected_sha256: "" }, true],
  ["the expectation null", { path: "a", expected_sha256: null }, true],
  ["half a hash", { path: "a", expected_sha256: HASH.slice(1) }, false],
  ["a parameter that there is not", { path: "a", recursive: true }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of remove_file ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(removeFile.params.safeParse(value).success, expected);
  });
}

Deno.test("the result of remove_file needs every field", () => {
  const result = {
    path: "/a",
    removed: true,
    bytes: 1,
    previousSha256: HASH,
    backupId: 7,
    linkTarget: null,
  };
  assert.deepEqual(removeFile.result.parse(result), result);
  for (const field of Object.keys(result)) {
    assert.equal(removeFile.result.safeParse({ ...result, [field]: undefined }).success, false, field);
  }
});
