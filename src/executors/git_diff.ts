/**
 * The executor of `git_diff`.
 */
import { OperationError } from "../errors.ts";
import {
  DEFAULT_PATCH_BYTES,
  type GitDiffParams,
  type GitDiffResult,
} from "../protocol/operations/git_diff.ts";
import type { CallContext } from "./executor.ts";
import { createDiffReader } from "./git/diff_output.ts";
import { DIFF_OPTIONS, requireCommit } from "./git/queries.ts";
import {
  type GitOptions,
  lineOf,
  openRepository,
  READ_TIMEOUT_MS,
  type Repository,
} from "./git/repository.ts";

/** git would write into the index which files were touched and are the same. */
const NO_REFRESH = ["-c", "diff.autoRefreshIndex=false"];

/** Makes the executor. */
export function createGitDiff(
  options: GitOptions,
): (params: GitDiffParams, context: CallContext) => Promise<GitDiffResult> {
  return async (params, context) => {
    const what = whatOf(params);
    const repository = await openRepository(params, context, {
      ...options,
      what: "compare",
      timeoutMs: READ_TIMEOUT_MS,
      isRead: true,
      needsTree: what !== "revisions",
    });
    const { from, to } = await findCommits(repository, params);
    const operands = [
      ...DIFF_OPTIONS,
      ...(repository.isGuarded ? ["--ignore-submodules=dirty"] : []),
      ...(what === "staged" ? ["--cached"] : []),
      "--end-of-options",
      ...[from, to].filter((hash) => hash !== null),
      "--",
      ...params.paths ?? [],
    ];
    const reader = createDiffReader();
    const list = await repository.must({
      args: [...NO_REFRESH, "diff", "--raw", "--numstat", "-z", ...operands],
      onRecord: reader.push,
    });
    const patch = params.stat_only === true ? undefined : await readPatch(repository, params, operands);
    return {
      root: repository.root,
      what,
      from,
      to,
      ...reader.result(),
      patch: patch?.text ?? null,
      patchTruncated: patch?.isCut ?? false,
      invalidUtf8: list.invalidUtf8 || (patch?.invalidUtf8 ?? false),
      notes: [...repository.notes],
    };
  };
}

function whatOf({ from, to, staged, merge_base: mergeBase }: GitDiffParams): GitDiffResult["what"] {
  const bad = (message: string) => new OperationError("bad_request", `Cannot compare: ${message}`);
  if (to !== undefined && from === undefined) throw bad('"to" is given without "from"');
  if (to !== undefined && staged === true) throw bad('"staged" and "to" are both given, only one may be');
  if (mergeBase === true && to === undefined) throw bad('"merge_base" needs "from" and "to"');
  return to !== undefined ? "revisions" : staged === true ? "staged" : "working";
}

/** Names become hashes here, so that no text of the caller's reaches git where it could mean more. */
async function findCommits(repository: Repository, params: GitDiffParams) {
  const from = params.from === undefined ? null : await requireCommit(repository, params.from);
  const to = params.to === undefined ? null : await requireCommit(repository, params.to);
  if (params.merge_base !== true || from === null || to === null) return { from, to };
  const outcome = await repository.ask({ args: ["merge-base", "--end-of-options", from, to] });
  const base = lineOf(outcome);
  if (outcome.exitCode === 0 && base !== "") return { from: base, to };
  throw new OperationError("bad_request", `Cannot ${repository.what}: the two have no commit in common`, {
    remedy: "Leave merge_base out to compare them as they are",
  });
}

async function readPatch(repository: Repository, params: GitDiffParams, operands: readonly string[]) {
  const maxBytes = params.max_bytes ?? DEFAULT_PATCH_BYTES;
  const outcome = await repository.must({
    args: [...NO_REFRESH, "-c", "core.quotePath=false", "diff"].concat(
      [`--unified=${params.context ?? 3}`, "--src-prefix=a/", "--dst-prefix=b/", "--patch"],
      operands,
    ),
    stopAfterBytes: maxBytes,
  });
  const { head, tail, invalidUtf8 } = outcome.stdout;
  if (!outcome.wasStopped) return { text: head + tail, isCut: false, invalidUtf8 };
  // Half a line could be taken for a whole one.
  return { text: head.slice(0, head.lastIndexOf("\n") + 1), isCut: true, invalidUtf8 };
}
