/**
 * Turns what git says on stderr into an error with a remedy. git speaks English here, as its environment sets LC_ALL.
 */
import { OperationError } from "../../errors.ts";
import type { ErrorCode } from "../../protocol/error_code.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import type { GitOutcome } from "./run_git.ts";

/** Characters of git's own words in a message. */
const MAX_QUOTED = 600;

interface Known {
  readonly pattern: RegExp;
  readonly reason: string;
  readonly remedy?: string;
  readonly code?: ErrorCode;
  readonly rule?: string;
}

const AT_THE_HOST = "Ask the user to set it up on that host; nothing can be typed in here";

/** In the order in which they are looked for: causes before what follows from them. */
const KNOWN: readonly Known[] = [
  {
    pattern: /execvp git: No such file/,
    reason: "git is not installed on this host",
    remedy: "Install git there",
  },
  {
    pattern: /detected dubious ownership|unsafe repository/,
    reason: "the repository belongs to another user, so git does not trust its configuration",
    remedy:
      'If the user trusts it, "git config --global --add safe.directory <folder>" on that host allows it',
  },
  {
    pattern: /cannot use bare repository/,
    reason:
      "it is a bare repository, which is not opened in plan mode without a sandbox, as a working tree may hold a planted one",
    remedy: "Give a folder of a working tree of it",
    code: "refused",
    rule: "bare-repository",
  },
  {
    pattern: /not a git repository(?! .*submodule)/i,
    reason: "the folder is not in a git repository",
    remedy: "Give a folder of a repository. Within a sandbox temporary folders look empty",
  },
  {
    pattern: /must be run in a work tree|this operation cannot be used in a bare/,
    reason: "there is no working tree here: the repository is bare, or the folder is its .git folder",
  },
  {
    pattern: /Unable to create '.*\.lock': File exists/s,
    reason: "the repository is locked by another git process, or by one that was ended",
    remedy: "Try again; if no git runs there, the lock file that git names is a leftover and can be removed",
  },
  {
    pattern: /tell me who you are|ident name|unable to auto-detect email|no (?:name|email) was given/i,
    reason: "git does not know whose commit it is: name and address are not set up",
    remedy: 'On that host: git config --global user.name "Name" and git config --global user.email "address"',
  },
  {
    pattern: /cannot do a partial commit during a/,
    reason: "some files only cannot be committed in the middle of a merge, rebase or cherry-pick",
    remedy: 'Stage the files with "git add", then commit without paths',
  },
  {
    pattern: /you have unmerged (?:files|paths)|unresolved conflict|unmerged files/i,
    reason: "there are conflicts that are not settled",
    remedy: 'Edit the files that git_status lists as conflicted and stage them with "git add"',
  },
  { pattern: /pathspec '.*' did not match/s, reason: "one of the paths is neither there nor tracked" },
  { pattern: /is outside repository/, reason: "one of the paths is outside of the repository" },
  {
    pattern: /paths are ignored by one of your/,
    reason: "one of the paths is ignored by .gitignore",
    remedy: "Leave it out",
  },
  {
    pattern: /is in submodule|beyond a symbolic link/,
    reason: "one of the paths is in a submodule or behind a symbolic link",
  },
  {
    pattern: /There is no tracking information|no upstream branch|no such ref was fetched/,
    reason: "the branch has no upstream",
    remedy: "Give remote and branch",
  },
  {
    pattern: /not currently on a branch/,
    reason: "HEAD is detached: no branch is checked out",
    remedy: "Give remote and branch, or check a branch out",
  },
  {
    pattern: /unrelated histories/,
    reason: "the two branches have no commit in common",
  },
  {
    pattern: /Not possible to fast-forward|diverging branches|divergent branches/i,
    reason: "the branch and the remote's have both gone on, so it cannot be fast-forwarded",
    remedy: "Nothing was changed. Give strategy merge or rebase",
  },
  {
    pattern:
      /would be overwritten by|You have unstaged changes|index contains uncommitted changes|uncommitted changes|local changes/,
    reason: "changes that are not committed are in the way",
    remedy: "Commit or stash them first; nothing was changed",
  },
  {
    pattern: /Host key verification failed/,
    reason: "the remote's host key is not known",
    remedy: AT_THE_HOST,
  },
  {
    pattern:
      /could not read (?:Username|Password)|terminal prompts disabled|Authentication failed|Permission denied \(|Invalid username or/i,
    reason: "the remote wants credentials, and the host has none that work without asking",
    remedy: AT_THE_HOST,
  },
  { pattern: /couldn't find remote ref/, reason: "the remote has no such branch" },
  {
    pattern: /src refspec .* does not match any/,
    reason: "there is no such local branch, or no commit on it yet",
  },
  {
    pattern: /transport '.*' not allowed/,
    reason: "the remote's URL is of a kind that git does not allow",
  },
  {
    pattern:
      /Could not resolve host|Could not connect|Connection (?:refused|timed out|reset)|Network is unreachable|unable to access/i,
    reason: "the remote cannot be reached",
  },
  {
    pattern: /does not appear to be a git repository|repository .* not found/i,
    reason: "the remote's URL leads to no repository",
  },
  {
    pattern: /Could not read from remote repository|remote end hung up/,
    reason: "the remote did not answer as a repository does",
  },
  {
    pattern: /gpg failed to sign|failed to sign/,
    reason: "the commit could not be signed",
    remedy: AT_THE_HOST,
  },
  {
    pattern: /Read-only file system|Permission denied|insufficient permission/,
    reason: "the agent's user may not write there",
  },
  { pattern: /No space left on device|Disk quota exceeded/, reason: "the disk is full" },
  { pattern: /cannot change to '/, reason: "the folder cannot be entered" },
  {
    pattern: /bad object|corrupt|unable to read (?:tree|sha1)|missing (?:blob|tree)|promisor remote/,
    reason: "the repository is damaged, or holds only a part of its history",
  },
  {
    pattern: /bad config|bad (?:boolean|numeric) config|unknown repository extension/i,
    reason: "git cannot read the repository's configuration",
  },
];

/**
 * Explains why git failed.
 *
 * @param what - what was to be done, such as `commit in "/srv/app"`
 * @param stderr - what git said; lines of the remote do not count as git's
 */
export function explainGit(
  what: string,
  { exitCode, stderr }: { exitCode: number; stderr: string },
): OperationError {
  const own = stderr.split("\n").filter((line) => !line.startsWith("remote:")).join("\n");
  const known = KNOWN.find(({ pattern }) => pattern.test(own));
  const said = quoteGit(own) || quoteGit(stderr);
  const reason = known?.reason ?? `git ended with exit code ${exitCode}`;
  const message = `Cannot ${what}: ${reason}${said === "" ? "" : ` (git: ${said})`}`;
  return new OperationError(
    known?.code ?? "cannot_run",
    message,
    {
      ...(known?.remedy === undefined ? {} : { remedy: known.remedy }),
      ...(known?.rule === undefined ? {} : { rule: known.rule }),
    },
  );
}

/** The same for what a call of git answered. */
export function failed(
  what: string,
  { exitCode, stderr }: Pick<GitOutcome, "exitCode" | "stderr">,
): OperationError {
  return explainGit(what, { exitCode, stderr: stderr.head + stderr.tail });
}

/** The lines of git's that say what went wrong, on one line, without credentials. */
export function quoteGit(stderr: string): string {
  const lines = stderr.split("\n").map((line) => line.trim()).filter((line) => line !== "");
  const bad = lines.filter((line) => /^(?:fatal|error):/.test(line));
  const text = withoutCredentials((bad.length > 0 ? bad : lines).join("; "));
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}...` : text;
  return cut === "" ? "" : `"${plainLine(cut)}"`;
}

/** Takes user and password out of URLs. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/(\b[a-z][a-z0-9+.-]*:\/\/)[^\s/@'"]{1,512}@/gi, "$1***@");
}
