import assert from "node:assert/strict";
import { gitLog } from "../../../../src/protocol/operations/git_log.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a folder", { path: "x" }, true],
  ["filters", { path: "x", author: "--all", since: "3 days ago", until: "2026-05-01" }, true],
  ["a date that git would guess at", { path: "x", since: "whenever" }, false],
  ["an option as a revision", { path: "x", revision: "--all" }, false],
  ["an author of two lines", { path: "x", author: "a\nb" }, false],
  ["201 commits", { path: "x", limit: 201 }, false],
  ["no folder", {}, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of git_log ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(gitLog.params.safeParse(value).success, expected);
  });
}

Deno.test("git_log says what it does to a host", () => {
  assert.deepEqual([gitLog.access, gitLog.hints.readOnly, gitLog.hints.openWorld], ["read", true, false]);
});
