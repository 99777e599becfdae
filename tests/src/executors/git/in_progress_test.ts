import assert from "node:assert/strict";
import { findInProgress } from "../../../../src/executors/git/in_progress.ts";
import { temporaryFolder } from "../../../helpers/temporary_folder.ts";

for (
  const [marks, expected] of [
    [[], null],
    [["MERGE_HEAD"], "merge"],
    [["rebase-merge/", "CHERRY_PICK_HEAD"], "rebase"],
    [["rebase-apply/"], "rebase"],
    [["rebase-apply/", "rebase-apply/applying"], "am"],
    [["CHERRY_PICK_HEAD"], "cherry-pick"],
    [["REVERT_HEAD"], "revert"],
    [["BISECT_LOG"], "bisect"],
  ] as const
) {
  Deno.test(`findInProgress() reads ${marks.join(" and ") || "nothing"} as ${expected}`, async () => {
    await using temporary = await temporaryFolder();
    for (const mark of marks) {
      const path = `${temporary.folder}/${mark}`;
      if (mark.endsWith("/")) await Deno.mkdir(path);
      else await Deno.writeTextFile(path, "");
    }
    assert.equal(await findInProgress(temporary.folder), expected);
  });
}
