/**
 * Results of the git operations as short texts. Names and messages come from repositories that anybody may have made, so they
 * are shown on lines of their own only after what steers or fakes lines was taken out.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import { hasGitFailed } from "../../protocol/git_outcome.ts";
import { plainLine, plainLines } from "../../protocol/plain_line.ts";
import type { Changes } from "../../protocol/operations/_git_fields.ts";
import type { GitCommitResult } from "../../protocol/operations/git_commit.ts";
import type { GitDiffResult } from "../../protocol/operations/git_diff.ts";
import type { GitLogResult } from "../../protocol/operations/git_log.ts";
import type { GitPullResult } from "../../protocol/operations/git_pull.ts";
import type { GitPushResult } from "../../protocol/operations/git_push.ts";
import type { GitStatusResult } from "../../protocol/operations/git_status.ts";

/** Entries of a list that a text shows; the structured content has more. */
const SHOWN_ENTRIES = 50;
/** Characters of a patch that a text shows. */
const SHOWN_PATCH_CHARACTERS = 40_000;
/** Characters of one name. */
const SHOWN_NAME_CHARACTERS = 300;

/** Renders the result of `git_status`. */
export function describeGitStatus(result: GitStatusResult, agent: AgentRef): string {
  const { counts } = result;
  return lines(
    `${name(result.root)} on ${name(agent.name)}: ${branchText(result.branch)}, ${headText(result.head)}`,
    upstreamText(result),
    result.inProgress !== null && `In the middle of a ${result.inProgress}`,
    result.stashes > 0 && `${result.stashes} stashed`,
    result.isShallow && "Shallow: older commits were not fetched",
    result.clean && "Nothing to commit, working tree clean",
    ...section(
      "In conflict",
      counts.conflicted,
      result.conflicted.map(({ path, conflict }) => `${conflict}: ${name(path)}`),
    ),
    ...section("Staged", counts.staged, result.staged.map(entryText)),
    ...section("Not staged", counts.unstaged, result.unstaged.map(entryText)),
    ...section("Untracked", counts.untracked, result.untracked.map(name)),
    ...notesText(result),
  );
}

/** Renders the result of `git_diff`. */
export function describeGitDiff(result: GitDiffResult, agent: AgentRef): string {
  const short = (hash: string | null, other: string) => hash?.slice(0, 12) ?? other;
  const sides = result.what === "working"
    ? `the working tree against ${short(result.from, "what is staged")}`
    : result.what === "staged"
    ? `what is staged against ${short(result.from, "HEAD")}`
    : `${short(result.from, "")}..${short(result.to, "")}`;
  return lines(
    `${name(result.root)} on ${name(agent.name)}, ${sides}: ${countsText(result)}`,
    ...changesText(result),
    ...notesText(result),
    ...patchText(result),
  );
}

/** Renders the result of `git_log`. */
export function describeGitLog(result: GitLogResult, agent: AgentRef): string {
  const commits = result.commits.flatMap((commit) => {
    const refs = commit.refs.length === 0 ? "" : ` (${list(commit.refs.slice(0, 10))})`;
    const stats = commit.stats === undefined
      ? ""
      : `; ${plural(commit.stats.fileCount, "file")}, +${commit.stats.added} -${commit.stats.removed}`;
    return [
      `${commit.hash.slice(0, 12)} ${commit.author.date} ${name(commit.author.name)}${refs}${stats}`,
      `  ${name(commit.subject)}`,
    ];
  });
  return lines(
    `${name(result.root)} on ${name(agent.name)}: ${plural(result.commits.length, "commit")}` +
      (result.commits.length === 0 ? " that match" : ""),
    ...commits,
    result.nextSkip !== null && `There are more: skip ${result.nextSkip}`,
    ...notesText(result),
  );
}

/** Renders the result of `git_commit`. */
export function describeGitCommit(result: GitCommitResult, agent: AgentRef): string {
  const where = `${name(result.root)} on ${name(agent.name)}`;
  if (!result.committed || result.hash === null) return `Nothing to commit in ${where}; no commit was made`;
  return lines(
    `Committed ${result.hash.slice(0, 12)} to ${branchText(result.branch)} in ${where}: ${
      countsText(result)
    }`,
    `  ${name(result.subject)}`,
    ...changesText(result),
    ...messagesText(result),
  );
}

/** Renders the result of `git_pull`. */
export function describeGitPull(result: GitPullResult, agent: AgentRef): string {
  const where = `${name(result.root)} on ${name(agent.name)}, ${branchText(result.branch)}`;
  const heads = `${headText(result.oldHead)} to ${headText(result.newHead)}`;
  const said = {
    updated: `Pulled in ${where}: ${heads}, ${countsText(result)}`,
    up_to_date: `Up to date: ${where}, ${headText(result.newHead)}`,
    conflicts_aborted:
      `Failed: conflicts, so the ${result.strategy} was given up and everything put back in ${where}`,
    conflicts_left: `Failed: there are conflicts to settle in ${where}`,
  }[result.outcome];
  return lines(
    said,
    ...section(
      "In conflict",
      result.conflicts.length,
      result.conflicts.map(({ path, conflict }) => `${conflict}: ${name(path)}`),
    ),
    ...changesText(result),
    ...(hasGitFailed("git_pull", result) ? messagesText(result) : []),
  );
}

/** Renders the result of `git_push`. */
export function describeGitPush(result: GitPushResult, agent: AgentRef): string {
  const where = `${name(result.root)} on ${name(agent.name)} to ${name(result.remote)}`;
  const said = !result.pushed ? "Failed: rejected" : result.upToDate ? "Up to date" : "Pushed";
  return lines(
    `${said}: ${name(result.branch)} from ${where}`,
    ...result.refs.map((ref) =>
      `  ${ref.outcome}: ${name(ref.local)} -> ${name(ref.remote)} ${name(ref.reason ?? ref.summary)}`
    ),
    result.upstream !== null && `Upstream: ${name(result.upstream)}`,
    ...(result.upToDate ? [] : messagesText(result)),
  );
}

function branchText(branch: string | null): string {
  return branch === null ? "detached HEAD" : `branch ${name(branch)}`;
}

function headText(hash: string | null): string {
  return hash === null ? "no commit yet" : hash.slice(0, 12);
}

function upstreamText({ upstream, ahead, behind }: GitStatusResult): string | false {
  if (upstream === null) return false;
  if (ahead === null || behind === null) return `Upstream ${name(upstream)} is gone`;
  if (ahead === 0 && behind === 0) return `Same as ${name(upstream)}`;
  return `${ahead} ahead of and ${behind} behind ${name(upstream)}`;
}

function entryText({ path, from, change }: GitStatusResult["staged"][number]): string {
  return `${change}: ${from === undefined ? "" : `${name(from)} -> `}${name(path)}`;
}

function countsText({ fileCount, added, removed }: Changes): string {
  return fileCount === 0 ? "no differences" : `${plural(fileCount, "file")}, +${added} -${removed}`;
}

function changesText({ files, fileCount }: Changes): string[] {
  const shown = files.slice(0, SHOWN_ENTRIES).map((file) => {
    const size = file.added === null || file.removed === null ? "binary" : `+${file.added} -${file.removed}`;
    return `  ${entryText(file)} ${size}`;
  });
  return fileCount > shown.length ? [...shown, `  and ${fileCount - shown.length} more`] : shown;
}

function section(title: string, count: number, entries: readonly string[]): string[] {
  if (count === 0) return [];
  const shown = entries.slice(0, SHOWN_ENTRIES).map((entry) => `  ${entry}`);
  const more = count > shown.length ? [`  and ${count - shown.length} more`] : [];
  return [`${title} (${count}):`, ...shown, ...more];
}

function patchText({ patch, patchTruncated, files }: GitDiffResult): string[] {
  if (patch === null || (patch === "" && !patchTruncated)) return [];
  const clean = plainLines(patch);
  const shown = clean.length <= SHOWN_PATCH_CHARACTERS
    ? clean
    : clean.slice(0, clean.lastIndexOf("\n", SHOWN_PATCH_CHARACTERS) + 1);
  const rest = patchTruncated || shown.length < clean.length
    ? [`[the patch goes on; give paths for the rest of ${plural(files.length, "file")}]`]
    : [];
  return ["--- patch", shown.replace(/\n$/, ""), ...rest];
}

function messagesText({ messages }: { readonly messages: string }): string[] {
  // Each line is marked, so that what a remote says is not taken for ours.
  return messages === "" ? [] : ["git said:", ...plainLines(messages).split("\n").map((line) => `| ${line}`)];
}

function notesText(
  { notes, invalidUtf8 }: { readonly notes: readonly string[]; readonly invalidUtf8: boolean },
): string[] {
  const bytes = invalidUtf8 ? ["Bytes that are not UTF-8 are shown as \uFFFD"] : [];
  return [...notes, ...bytes].map((note) => `Note: ${plainLine(note)}`);
}

function list(names: readonly string[]): string {
  return names.map(name).join(", ");
}

function plural(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** A foreign name as a piece of a line. */
function name(text: string): string {
  const plain = plainLine(text);
  if (plain.length <= SHOWN_NAME_CHARACTERS) return plain;
  return `${plain.slice(0, SHOWN_NAME_CHARACTERS).toWellFormed()}...`;
}

function lines(...parts: readonly (string | false)[]): string {
  return parts.filter((part) => part !== false && part !== "").join("\n");
}
