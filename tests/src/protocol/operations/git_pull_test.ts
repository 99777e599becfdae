import assert from "node:assert/strict";
import { gitPull } from "../../../../src/protocol/operations/git_pull.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a folder", { path: "x" }, true],
  ["a strategy", { path: "x", strategy: "rebase", on_conflict: "leave" }, true],
  ["another strategy", { path: "x", strategy: "ours" }, false],
  ["a URL as the remote", { path: "x", remote: "https://h/x" }, false],
  ["a refspec as the branch", { path: "x", remote: "origin", branch: "a:b" }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_pull ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitPull.params.safeParse(value).success, expected);
  });
}

Deno.test("git_pull says what it does to a host", () => {
  assert.deepEqual([gitPull.access, gitPull.hints.readOnly, gitPull.hints.openWorld], ["write", false, true]);
});
