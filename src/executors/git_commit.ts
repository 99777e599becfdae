/**
 * The executor of `git_commit`.
 */
import { OperationError } from "../errors.ts";
import type { GitCommitParams, GitCommitResult } from "../protocol/operations/git_commit.ts";
import type { CallContext } from "./executor.ts";
import { messagesOf, NO_CHANGES } from "./git/answers.ts";
import { failed } from "./git/explain.ts";
import { changesBetween, currentBranch, resolveCommit } from "./git/queries.ts";
import { type GitOptions, openRepository, type Repository, SLOW_TIMEOUT_MS } from "./git/repository.ts";
import type { GitOutcome } from "./git/run_git.ts";

/** Makes the executor. */
export function createGitCommit(
  options: GitOptions,
): (params: GitCommitParams, context: CallContext) => Promise<GitCommitResult> {
  return async (params, context) => {
    if (params.all === true && params.paths !== undefined) {
      throw new OperationError(
        "bad_request",
        'Cannot commit: "all" and "paths" are both given, only one may be',
      );
    }
    const repository = await openRepository(params, context, {
      ...options,
      what: "commit",
      timeoutMs: SLOW_TIMEOUT_MS,
      isRead: false,
      needsTree: true,
    });
    const previous = await resolveCommit(repository, "HEAD");
    const outcome = await commit(repository, params);
    const hash = outcome === undefined ? null : await resolveCommit(repository, "HEAD");
    const { changes, invalidUtf8 } = hash === null
      ? NO_CHANGES
      : await changesBetween(repository, { from: previous, to: hash });
    return {
      root: repository.root,
      committed: hash !== null,
      branch: await currentBranch(repository),
      hash,
      previous,
      subject: params.message.trim().split("\n")[0] ?? "",
      ...changes,
      messages: outcome === undefined ? "" : messagesOf([outcome.stderr]),
      invalidUtf8,
    };
  };
}

/** Returns undefined if there was nothing to commit. */
async function commit(
  repository: Repository,
  { paths = [], all, author, message }: GitCommitParams,
): Promise<GitOutcome | undefined> {
  if (paths.length > 0) {
    // New files can be committed only once git knows them; those that are gone are recorded as deleted.
    await repository.must({ args: ["add", "--all", "--", ...paths] });
  }
  const outcome = await repository.ask({
    args: ["commit", "--file=-", "--cleanup=whitespace", "--no-edit", "--untracked-files=no"].concat(
      author === undefined ? [] : [`--author=${author}`],
      all === true ? ["--all"] : [],
      paths.length > 0 ? ["--only", "--", ...paths] : [],
    ),
    stdin: message,
  });
  if (outcome.exitCode === 0) return outcome;
  if (outcome.exitCode === 1 && isNothing(outcome)) return undefined;
  const error = failed(repository.what, outcome);
  if (!/ended with exit code 1\b/.test(error.message)) throw error;
  throw new OperationError("cannot_run", `${error.message}: a hook of the repository may have refused`, {
    remedy: paths.length > 0
      ? "Nothing was committed; new files among paths are staged now"
      : "Nothing was committed",
    cause: error,
  });
}

/** git's own last line on stdout; what hooks print goes to stderr. */
function isNothing({ stdout }: GitOutcome): boolean {
  const last = (stdout.tail === "" ? stdout.head : stdout.tail).trimEnd().split("\n").at(-1) ?? "";
  return /^(?:nothing to commit|nothing added to commit|no changes added to commit)/.test(last);
}
