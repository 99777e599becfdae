import assert from "node:assert/strict";
import { backupRestore } from "../../../../src/protocol/operations/backup_restore.ts";

const params: readonly [string, unknown, boolean][] = [
  ["a number", { id: 1 }, true],
  ["all options", { id: 1, to: "~/a", create_parents: true, expected_sha256: "", dry_run: true }, true],
  ["no number", {}, false],
  ["the number 0", { id: 0 }, false],
  ["half a number", { id: 0.5 }, false],
  ["a text for a number", { id: "1" }, false],
  ["an empty path", { id: 1, to: "" }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of backup_restore ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(backupRestore.params.safeParse(value).success, expected);
  });
}
