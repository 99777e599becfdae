/**
 * The executor of `git_push`.
 */
import { OperationError } from "../errors.ts";
import type { GitPushParams, GitPushResult } from "../protocol/operations/git_push.ts";
import type { CallContext } from "./executor.ts";
import { messagesOf } from "./git/answers.ts";
import { failed } from "./git/explain.ts";
import { parsePush } from "./git/push_output.ts";
import { currentBranch } from "./git/queries.ts";
import { findPushRemote, quietSsh, requireRemote } from "./git/remotes.ts";
import {
  type GitOptions,
  lineOf,
  openRepository,
  type Repository,
  SLOW_TIMEOUT_MS,
} from "./git/repository.ts";

/** Makes the executor. */
export function createGitPush(
  options: GitOptions,
): (params: GitPushParams, context: CallContext) => Promise<GitPushResult> {
  return async (params, context) => {
    const repository = await openRepository(params, context, {
      ...options,
      what: "push",
      timeoutMs: SLOW_TIMEOUT_MS,
      isRead: false,
      needsTree: false,
    });
    const branch = params.branch ?? await currentBranch(repository);
    if (branch === null) {
      throw new OperationError(
        "cannot_run",
        `Cannot ${repository.what}: HEAD is detached, no branch is checked out`,
        {
          remedy: "Give branch",
        },
      );
    }
    if (params.remote !== undefined) await requireRemote(repository, params.remote);
    const remote = params.remote ?? await findPushRemote(repository, branch);
    const target = `refs/heads/${params.remote_branch ?? branch}`;
    const outcome = await repository.ask({
      // The whole names of both sides: nothing in them is an option, a `+` for force, or a second name.
      args: ["push", "--porcelain"].concat(
        params.set_upstream === true ? ["--set-upstream"] : [],
        params.force_with_lease === true ? [`--force-with-lease=${target}`, "--force-if-includes"] : [],
        ["--", remote, `refs/heads/${branch}:${target}`],
      ),
      ssh: await quietSsh(repository, context.permit.environment),
    });
    const refs = parsePush(outcome.stdout.head + outcome.stdout.tail);
    const isRejected = refs.some((ref) => ref.outcome === "rejected");
    if (refs.length === 0 || (outcome.exitCode !== 0 && !isRejected)) throw failed(repository.what, outcome);
    return {
      root: repository.root,
      pushed: !isRejected,
      upToDate: refs.every((ref) => ref.outcome === "up_to_date"),
      remote,
      branch,
      refs,
      upstream: await findUpstream(repository, branch),
      messages: messagesOf([outcome.stderr]),
      invalidUtf8: outcome.stdout.invalidUtf8,
    };
  };
}

async function findUpstream({ ask }: Repository, branch: string): Promise<string | null> {
  const outcome = await ask({ args: ["for-each-ref", "--format=%(upstream:short)", `refs/heads/${branch}`] });
  return lineOf(outcome) || null;
}
