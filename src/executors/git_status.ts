/**
 * The executor of `git_status`.
 */
import type { GitStatusParams, GitStatusResult } from "../protocol/operations/git_status.ts";
import type { CallContext } from "./executor.ts";
import { failed } from "./git/explain.ts";
import { findInProgress } from "./git/in_progress.ts";
import { currentBranch } from "./git/queries.ts";
import { type GitOptions, lineOf, openRepository, READ_TIMEOUT_MS } from "./git/repository.ts";
import { createStatusReader } from "./git/status_output.ts";

/** Makes the executor. */
export function createGitStatus(
  options: GitOptions,
): (params: GitStatusParams, context: CallContext) => Promise<GitStatusResult> {
  return async (params, context) => {
    const repository = await openRepository(params, context, {
      ...options,
      what: "read the git status",
      timeoutMs: READ_TIMEOUT_MS,
      isRead: true,
      needsTree: true,
    });
    const { root, isShallow, isGuarded } = repository;
    const reader = createStatusReader();
    const outcome = await repository.ask({
      args: [
        ...["status", "--porcelain=v2", "-z", "--branch", "--ahead-behind", "--find-renames"],
        `--untracked-files=${params.untracked ?? "normal"}`,
        // git would run in each submodule, by the settings of that one.
        ...(isGuarded ? ["--ignore-submodules=dirty"] : []),
      ],
      onRecord: reader.push,
    });
    if (outcome.exitCode !== 0) throw failed(repository.what, outcome);
    const status = reader.result();
    const branch = await currentBranch(repository);
    // Not `--show-stash`, which older versions take and leave out of this format.
    const stash = await repository.ask({
      args: ["rev-list", "--walk-reflogs", "--count", "refs/stash", "--"],
    });
    return {
      root,
      branch,
      ...status,
      inProgress: await findInProgress(repository.gitFolder),
      stashes: stash.exitCode === 0 ? Number(lineOf(stash)) : 0,
      isShallow,
      clean: Object.values(status.counts).every((count) => count === 0),
      invalidUtf8: outcome.invalidUtf8,
      notes: [
        ...repository.notes,
        ...(params.untracked === "no" ? ["Untracked files were not looked for"] : []),
      ],
    };
  };
}
