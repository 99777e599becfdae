import assert from "node:assert/strict";
import { editFile } from "../../../../src/protocol/operations/edit_file.ts";

const EDIT = { old_text: "a", new_text: "b" };

const params: readonly [string, unknown, boolean][] = [
  ["an edit", { path: "a", edits: [EDIT] }, true],
  ["an edit for all places", { path: "a", edits: [{ ...EDIT, replace_all: true }], dry_run: true }, true],
  ["a removal", { path: "a", edits: [{ ...EDIT, new_text: "" }] }, true],
  ["an empty old text", { path: "a", edits: [{ ...EDIT, old_text: "" }] }, false],
  ["no edits", { path: "a", edits: [] }, false],
  ["100 edits", { path: "a", edits: Array(100).fill(EDIT) }, true],
  ["101 edits", { path: "a", edits: Array(101).fill(EDIT) }, false],
  ["an edit with more", { path: "a", edits: [{ ...EDIT, regex: true }] }, false],
  [
    "an old text over 4 MiB",
    { path: "a", edits: [{ ...EDIT, old_text: "x".repeat(4 * 1024 ** 2 + 1) }] },
    false,
  ],
];
for (const [what, value, expected] of params) {
  Deno.test(`the params of edit_file ${expected ? "take" : "refuse"} ${what}`, () => {
    assert.equal(editFile.params.safeParse(value).success, expected);
  });
}

Deno.test("the result of edit_file needs every field", () => {
  const result = {
    path: "/a",
    created: false,
    changed: true,
    bytes: 1,
    sha256: "00",
    previousSha256: "11",
    backupId: 7,
    diff: "",
    diffNote: null,
    dryRun: false,
    replacements: [1],
    encoding: "utf-16le",
  };
  assert.deepEqual(editFile.result.parse(result), result);
  for (const field of Object.keys(result)) {
    assert.equal(editFile.result.safeParse({ ...result, [field]: undefined }).success, false, field);
  }
});
