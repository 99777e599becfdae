/**
 * The executor of `git_pull`.
 */
import { OperationError } from "../errors.ts";
import type { GitPullParams, GitPullResult } from "../protocol/operations/git_pull.ts";
import type { ConflictEntry } from "../protocol/operations/git_status.ts";
import type { CallContext } from "./executor.ts";
import { messagesOf, NO_CHANGES } from "./git/answers.ts";
import { failed } from "./git/explain.ts";
import { findInProgress } from "./git/in_progress.ts";
import { changesBetween, currentBranch, resolveCommit } from "./git/queries.ts";
import { quietSsh, requireRemote } from "./git/remotes.ts";
import { type GitOptions, openRepository, type Repository, SLOW_TIMEOUT_MS } from "./git/repository.ts";
import type { GitOutcome } from "./git/run_git.ts";
import { createStatusReader } from "./git/status_output.ts";

/** Milliseconds to put back what a pull had begun that was ended. */
const RESTORE_MS = 5_000;

const STRATEGIES = {
  "ff-only": ["--no-rebase", "--ff-only"],
  "merge": ["--no-rebase", "--ff", "--no-edit"],
  "rebase": ["--rebase=true"],
} as const;

/** Makes the executor. */
export function createGitPull(
  options: GitOptions,
): (params: GitPullParams, context: CallContext) => Promise<GitPullResult> {
  const open = (
    params: Pick<GitPullParams, "path" | "timeout_ms">,
    context: Pick<CallContext, "permit" | "signal">,
  ) =>
    openRepository(params, context, {
      ...options,
      what: "pull",
      timeoutMs: SLOW_TIMEOUT_MS,
      isRead: false,
      needsTree: true,
    });
  return async (params, context) => {
    if (params.branch !== undefined && params.remote === undefined) {
      throw new OperationError("bad_request", 'Cannot pull: "branch" is given without "remote"');
    }
    const repository = await open(params, context);
    if (params.remote !== undefined) await requireRemote(repository, params.remote);
    await requireNothingInProgress(repository);
    const oldHead = await resolveCommit(repository, "HEAD");
    let outcome: GitOutcome;
    try {
      outcome = await pull(repository, params, await quietSsh(repository, context.permit.environment));
    } catch (error) {
      // The time was over or the caller gone; a merge or rebase that was begun must not be left behind.
      const timeLimit = { path: repository.root, timeout_ms: RESTORE_MS };
      const restored = await findInProgress(repository.gitFolder) !== null &&
        await abort(await open(timeLimit, { permit: context.permit, signal: new AbortController().signal }));
      throw restored ? withNote(error, "What it had begun was put back") : error;
    }
    return await report(repository, params, { outcome, oldHead });
  };
}

async function pull(
  { ask }: Repository,
  { strategy = "ff-only", remote, branch }: GitPullParams,
  ssh: string | undefined,
): Promise<GitOutcome> {
  return await ask({
    args: ["pull", ...STRATEGIES[strategy], "--"].concat(
      remote === undefined ? [] : [remote],
      branch === undefined ? [] : [`refs/heads/${branch}`],
    ),
    ssh,
  });
}

async function report(
  repository: Repository,
  { strategy = "ff-only", on_conflict: onConflict = "abort" }: GitPullParams,
  { outcome, oldHead }: { readonly outcome: GitOutcome; readonly oldHead: string | null },
): Promise<GitPullResult> {
  const begun = await findInProgress(repository.gitFolder) !== null;
  if (outcome.exitCode !== 0 && !begun) throw failed(repository.what, outcome);
  const conflicts = await listConflicts(repository);
  const mustAbort = begun && (onConflict === "abort" || conflicts.length === 0);
  const isRestored = mustAbort && await abort(repository);
  if (outcome.exitCode !== 0 && conflicts.length === 0) {
    // Not a conflict but a hook, a signature or the like.
    const error = failed(repository.what, outcome);
    throw isRestored ? withNote(error, "What it had begun was put back") : error;
  }
  const newHead = await resolveCommit(repository, "HEAD");
  const { changes, invalidUtf8 } = newHead === null || newHead === oldHead
    ? NO_CHANGES
    : await changesBetween(repository, { from: oldHead, to: newHead });
  return {
    root: repository.root,
    outcome: conflicts.length > 0
      ? isRestored ? "conflicts_aborted" : "conflicts_left"
      : newHead === oldHead
      ? "up_to_date"
      : "updated",
    branch: await currentBranch(repository),
    strategy,
    oldHead,
    newHead,
    ...changes,
    conflicts,
    messages: messagesOf([outcome.stdout, outcome.stderr]),
    invalidUtf8,
  };
}

async function requireNothingInProgress({ gitFolder, what }: Repository): Promise<void> {
  const inProgress = await findInProgress(gitFolder);
  if (inProgress === null || inProgress === "bisect") return;
  throw new OperationError("cannot_run", `Cannot ${what}: a ${inProgress} is in progress`, {
    remedy: `Finish it, or give it up with "git ${inProgress} --abort"`,
  });
}

/** Files in conflict; also after a success, as changes that were put aside (autostash) may not fit any more. */
async function listConflicts(repository: Repository): Promise<ConflictEntry[]> {
  const reader = createStatusReader();
  await repository.must({
    args: ["status", "--porcelain=v2", "-z", "--untracked-files=no", "--no-ahead-behind"],
    onRecord: reader.push,
  });
  return reader.result().conflicted;
}

/** Gives up what a pull began, and tells whether that worked. */
async function abort(repository: Repository): Promise<boolean> {
  const inProgress = await findInProgress(repository.gitFolder);
  const command = inProgress === "rebase" || inProgress === "am" ? "rebase" : "merge";
  await repository.ask({ args: [command, "--abort"] });
  return await findInProgress(repository.gitFolder) === null;
}

function withNote(error: unknown, note: string): unknown {
  if (!(error instanceof OperationError)) return error;
  const { code, message, remedy } = error;
  return new OperationError(code, `${message}. ${note}`, {
    ...(remedy === undefined ? {} : { remedy }),
    cause: error,
  });
}
