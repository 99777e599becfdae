/**
 * What a repository is in the middle of, by the files that git keeps for it.
 */
import { join } from "node:path";
import type { InProgress } from "../../protocol/operations/git_status.ts";

/** Files and folders in a git folder; a rebase also leaves a CHERRY_PICK_HEAD, so it comes first. */
const MARKS: readonly (readonly [name: string, meaning: InProgress])[] = [
  ["rebase-merge", "rebase"],
  ["rebase-apply/applying", "am"],
  ["rebase-apply", "rebase"],
  ["MERGE_HEAD", "merge"],
  ["CHERRY_PICK_HEAD", "cherry-pick"],
  ["REVERT_HEAD", "revert"],
  ["BISECT_LOG", "bisect"],
];

/**
 * Finds out.
 *
 * @param gitFolder - absolute path of the git folder of this working tree
 */
export async function findInProgress(gitFolder: string): Promise<InProgress | null> {
  for (const [name, meaning] of MARKS) {
    if (await exists(join(gitFolder, name))) return meaning;
  }
  return null;
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false; // Not there; or not for us, and then git could not go on with it either.
  }
}
