import assert from "node:assert/strict";
import { gitPush } from "../../../../src/protocol/operations/git_push.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a folder", { path: "x" }, true],
  ["a lease", { path: "x", force_with_lease: true, set_upstream: true }, true],
  ["force", { path: "x", force: true }, false],
  ["a refspec as the branch", { path: "x", branch: "+main:other" }, false],
  ["an option as the remote", { path: "x", remote: "--receive-pack=x" }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_push ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitPush.params.safeParse(value).success, expected);
  });
}

Deno.test("git_push says what it does to a host", () => {
  assert.deepEqual([gitPush.access, gitPush.hints.readOnly, gitPush.hints.destructive], [
    "write",
    false,
    true,
  ]);
});
