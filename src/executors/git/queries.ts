/**
 * Small questions to a repository that several operations ask.
 */
import { OperationError } from "../../errors.ts";
import { type Changes, MAX_LISTED_FILES } from "../../protocol/operations/_git_fields.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { createDiffReader } from "./diff_output.ts";
import { lineOf, type Repository } from "./repository.ts";

/** Options for every call that shows differences: what a repository configures does not change them. */
export const DIFF_OPTIONS: readonly string[] = [
  "--no-ext-diff",
  "--no-textconv",
  "--no-color",
  "--no-relative",
  "--find-renames",
  "--submodule=short",
];

/** Returns the full hash of a commit, or null if there is no such commit. */
export async function resolveCommit(
  { ask }: Pick<Repository, "ask">,
  revision: string,
): Promise<string | null> {
  const outcome = await ask({
    args: ["rev-parse", "--verify", "--quiet", "--end-of-options", `${revision}^{commit}`],
  });
  const hash = lineOf(outcome);
  return outcome.exitCode === 0 && /^[0-9a-f]{40,64}$/.test(hash) ? hash : null;
}

/** The same for what a caller named. @throws {OperationError} `bad_request` if there is no such commit. */
export async function requireCommit(repository: Repository, revision: string): Promise<string> {
  const hash = await resolveCommit(repository, revision);
  if (hash !== null) return hash;
  throw new OperationError(
    "bad_request",
    `Cannot ${repository.what}: there is no commit "${plainLine(revision)}"`,
    { remedy: "git_log with all shows branches and tags; what only the remote has must be pulled first" },
  );
}

/** Returns the branch that is checked out, without `refs/heads/`; null if HEAD is detached. */
export async function currentBranch({ ask }: Pick<Repository, "ask">): Promise<string | null> {
  const outcome = await ask({ args: ["symbolic-ref", "--quiet", "HEAD"] });
  return outcome.exitCode === 0 ? lineOf(outcome).replace(/^refs\/heads\//, "") : null;
}

/** What differs between two commits; `from` null stands for nothing at all. */
export async function changesBetween(
  repository: Repository,
  { from, to }: { readonly from: string | null; readonly to: string },
): Promise<{ readonly changes: Changes; readonly invalidUtf8: boolean }> {
  const reader = createDiffReader(MAX_LISTED_FILES);
  const base = from ??
    lineOf(await repository.must({ args: ["hash-object", "-t", "tree", "--stdin"], stdin: "" }));
  const { invalidUtf8 } = await repository.must({
    args: ["diff", "--raw", "--numstat", "-z", ...DIFF_OPTIONS, "--end-of-options", base, to, "--"],
    onRecord: reader.push,
  });
  return { changes: reader.result(), invalidUtf8 };
}
