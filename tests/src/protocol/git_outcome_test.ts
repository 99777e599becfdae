import assert from "node:assert/strict";
import { hasGitFailed } from "../../../src/protocol/git_outcome.ts";

const CASES: readonly (readonly [string, unknown, boolean])[] = [
  ["git_pull", { outcome: "conflicts_left" }, true],
  ["git_pull", { outcome: "conflicts_aborted" }, true],
  ["git_pull", { outcome: "updated" }, false],
  ["git_pull", { outcome: "up_to_date" }, false],
  ["git_push", { pushed: false }, true],
  ["git_push", { pushed: true }, false],
  ["git_commit", { committed: false }, false],
  ["git_status", { clean: false }, false],
  ["exec", { pushed: false, outcome: "conflicts_left" }, false],
  ["git_pull", null, false],
  ["git_push", "pushed", false],
];

for (const [operation, result, expected] of CASES) {
  Deno.test(`hasGitFailed() is ${expected} for ${operation} with ${JSON.stringify(result)}`, () => {
    assert.equal(hasGitFailed(operation, result), expected);
  });
}
