import assert from "node:assert/strict";
import { gitStatus } from "../../../../src/protocol/operations/git_status.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a folder", { path: "~/x" }, true],
  ["all untracked files", { path: "x", untracked: "all" }, true],
  ["another word for untracked files", { path: "x", untracked: "some" }, false],
  ["a misspelt parameter", { path: "x", untrackd: "all" }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_status ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitStatus.params.safeParse(value).success, expected);
  });
}

Deno.test("git_status says what it does to a host", () => {
  assert.deepEqual([gitStatus.access, gitStatus.hints.readOnly, gitStatus.hints.openWorld], [
    "read",
    true,
    false,
  ]);
});
