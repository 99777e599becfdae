import assert from "node:assert/strict";
import { backupList } from "../../../../src/protocol/operations/backup_list.ts";

const params: readonly [string, unknown, boolean][] = [
  ["nothing", {}, true],
  ["a path, a limit and a cursor", { path: "~", limit: 200, cursor: "17" }, true],
  ["an empty path", { path: "" }, false],
  ["a limit of 0", { limit: 0 }, false],
  ["a limit of 201", { limit: 201 }, false],
  ["a cursor of its own making", { cursor: "1 OR 1" }, false],
  ["a cursor that no number holds", { cursor: "9".repeat(16) }, false],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of backup_list ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(backupList.params.safeParse(value).success, expected);
  });
}

Deno.test("the result of backup_list takes a whole page, and no state that it does not know", () => {
  const backup = {
    id: 1,
    path: "/a",
    time: "2026-01-01T00:00:00.000Z",
    operation: "edit_file",
    caller: { id: "a", name: "ada" },
    size: 1,
    sha256: "00",
    mode: "644",
    content: "intact",
  };
  const page = { backups: [backup], nextCursor: null, hidden: 0 };
  assert.deepEqual(backupList.result.parse(page), page);
  const odd = { ...page, backups: [{ ...backup, content: "fine" }] };
  assert.equal(backupList.result.safeParse(odd).success, false);
});
