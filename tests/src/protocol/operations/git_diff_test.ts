import assert from "node:assert/strict";
import { gitDiff } from "../../../../src/protocol/operations/git_diff.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a folder", { path: "x" }, true],
  ["two commits", { path: "x", from: "HEAD~2", to: "main", merge_base: true }, true],
  ["an option as a commit", { path: "x", from: "--output=f" }, false],
  ["more bytes than fit", { path: "x", max_bytes: 1024 * 1024 + 1 }, false],
  ["a negative context", { path: "x", context: -1 }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_diff ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitDiff.params.safeParse(value).success, expected);
  });
}

Deno.test("git_diff says what it does to a host", () => {
  assert.deepEqual([gitDiff.access, gitDiff.hints.readOnly, gitDiff.hints.openWorld], ["read", true, false]);
});
