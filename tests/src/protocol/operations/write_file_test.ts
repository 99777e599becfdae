import assert from "node:assert/strict";
import { writeFile } from "../../../../src/protocol/operations/write_file.ts";

const HASH = "0123456789abcdef".repeat(4);

const params: readonly [string, unknown, boolean][] = [
  ["a text", { path: "a", content: "x" }, true],
  ["an empty text", { path: "a", content: "" }, true],
  ["base64", { path: "a", content_base64: "AAE=" }, true],
  ["what is not base64", { path: "a", content_base64: "A" }, false],
  ["an empty path", { path: "", content: "" }, false],
  ["a path of 4097 characters", { path: "x".repeat(4097), content: "" }, false],
  ["an expected hash", { path: "a", content: "", expected_sha256: HASH.toUpperCase() }, true],
  ["the expectation of no file", { path: "a", content: "", expected_sha256: "" }, true],
  ["the expectation null", { path: "a", content: "", expected_sha256: null }, true],
  ["half a hash", { path: "a", content: "", expected_sha256: HASH.slice(1) }, false],
  ["a hash with a line feed", { path: "a", content: "", expected_sha256: `${HASH}\n` }, false],
  ["a mode", { path: "a", content: "", mode: "0755" }, true],
  ["a mode with a set-user-id bit", { path: "a", content: "", mode: "4755" }, false],
  ["a mode that is a number", { path: "a", content: "", mode: 755 }, false],
  ["a parameter that is misspelt", { path: "a", contents: "" }, false],
  ["a content over the limit", { path: "a", content: "x".repeat(16 * 1024 ** 2 + 1) }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of write_file ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(writeFile.params.safeParse(value).success, expected);
  });
}

Deno.test("the result of write_file needs every field", () => {
  const result = {
    path: "/a",
    created: false,
    changed: true,
    bytes: 1,
    sha256: HASH,
    previousSha256: null,
    backupId: 7,
  };
  assert.deepEqual(writeFile.result.parse(result), result);
  for (const field of Object.keys(result)) {
    assert.equal(writeFile.result.safeParse({ ...result, [field]: undefined }).success, false, field);
  }
});
