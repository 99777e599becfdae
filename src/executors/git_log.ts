/**
 * The executor of `git_log`.
 */
import { gitDate, parseRange } from "../protocol/git_names.ts";
import { DEFAULT_LOG_LIMIT, type GitLogParams, type GitLogResult } from "../protocol/operations/git_log.ts";
import type { CallContext } from "./executor.ts";
import { createLogReader, LOG_FORMAT } from "./git/log_output.ts";
import { currentBranch, DIFF_OPTIONS, requireCommit, resolveCommit } from "./git/queries.ts";
import { type GitOptions, openRepository, READ_TIMEOUT_MS, type Repository } from "./git/repository.ts";
import { OperationError } from "../errors.ts";

/** Makes the executor. */
export function createGitLog(
  options: GitOptions,
): (params: GitLogParams, context: CallContext) => Promise<GitLogResult> {
  return async (params, context) => {
    const repository = await openRepository(params, context, {
      ...options,
      what: "list commits",
      timeoutMs: READ_TIMEOUT_MS,
      isRead: true,
      needsTree: false,
    });
    const { limit = DEFAULT_LOG_LIMIT, skip = 0 } = params;
    const start = await findStart(repository, params);
    const reader = createLogReader({ hasStats: params.stats === true });
    // One more than asked for tells whether there are more.
    const outcome = start.revisions.length === 0 ? undefined : await repository.must({
      args: ["-c", "log.showRoot=true", "log", "-z", `--format=${LOG_FORMAT}`].concat(
        ["--encoding=UTF-8", "--decorate=full", "--no-show-signature", "--no-notes"],
        [`--max-count=${limit + 1}`, `--skip=${skip}`],
        filtersOf(params),
        params.stats === true
          ? ["--numstat", "--diff-merges=first-parent", "--ignore-submodules=dirty", ...DIFF_OPTIONS]
          : ["--no-patch"],
        start.revisions,
        "--",
        params.paths ?? [],
      ),
      onRecord: reader.push,
    });
    const commits = reader.result();
    return {
      root: repository.root,
      head: start.head,
      commits: commits.slice(0, limit),
      nextSkip: commits.length > limit ? skip + limit : null,
      invalidUtf8: outcome?.invalidUtf8 ?? false,
      notes: repository.isShallow ? ["Older commits were not fetched: the repository is shallow"] : [],
    };
  };
}

/** Texts go into one argument with their option, and are taken literally. */
function filtersOf({ author, message, since, until }: GitLogParams): string[] {
  return [
    "--fixed-strings",
    "--regexp-ignore-case",
    ...(author === undefined ? [] : [`--author=${author}`]),
    ...(message === undefined ? [] : [`--grep=${message}`]),
    ...(since === undefined ? [] : [`--since=${gitDate(since, "since")}`]),
    ...(until === undefined ? [] : [`--until=${gitDate(until, "until")}`]),
  ];
}

interface Start {
  /** Hashes and options of ours; empty if there is nothing to list. */
  readonly revisions: readonly string[];
  readonly head: string | null;
}

async function findStart(repository: Repository, { revision, all }: GitLogParams): Promise<Start> {
  if (all === true) {
    if (revision !== undefined) {
      throw new OperationError(
        "bad_request",
        'Cannot list commits: "revision" and "all" are both given, only one may be',
      );
    }
    const hasHead = await resolveCommit(repository, "HEAD") !== null;
    return { revisions: [...(hasHead ? ["HEAD"] : []), "--branches", "--remotes", "--tags"], head: null };
  }
  const range = revision === undefined ? undefined : parseRange(revision);
  if (range !== undefined) {
    const from = await requireCommit(repository, range.from);
    const to = await requireCommit(repository, range.to);
    return { revisions: [range.isSymmetric ? `${from}...${to}` : `${from}..${to}`], head: to };
  }
  const head = await resolveCommit(repository, revision ?? "HEAD");
  if (head !== null) return { revisions: [head], head };
  // A branch that has no commit yet has an empty history, which is no mistake of the caller's.
  const isUnborn = (revision === undefined || revision === "HEAD") &&
    await currentBranch(repository) !== null;
  if (isUnborn) return { revisions: [], head: null };
  return { revisions: [], head: await requireCommit(repository, revision ?? "HEAD") };
}
