/**
 * Which results of git operations are failures, although there is a result. One rule for the tools of one machine and for those of
 * many.
 */

/** Tells whether a git operation did not do what it was asked to, although it has a result. */
export function hasGitFailed(operation: string, result: unknown): boolean {
  if (typeof result !== "object" || result === null) return false;
  if (operation === "git_pull") return "outcome" in result && /^conflicts/.test(String(result.outcome));
  return operation === "git_push" && "pushed" in result && result.pushed === false;
}
