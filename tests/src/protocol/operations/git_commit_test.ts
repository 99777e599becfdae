import assert from "node:assert/strict";
import { gitCommit } from "../../../../src/protocol/operations/git_commit.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a message", { path: "x", message: "m" }, true],
  ["no message", { path: "x" }, false],
  ["a blank message", { path: "x", message: " \n" }, false],
  ["an author", { path: "x", message: "m", author: "Ada <a@b>" }, true],
  ["an author that git would search for", { path: "x", message: "m", author: "Ada" }, false],
  ["amend", { path: "x", message: "m", amend: true }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_commit ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitCommit.params.safeParse(value).success, expected);
  });
}

Deno.test("git_commit says what it does to a host", () => {
  assert.deepEqual([gitCommit.access, gitCommit.hints.readOnly, gitCommit.hints.destructive], [
    "write",
    false,
    false,
  ]);
});
