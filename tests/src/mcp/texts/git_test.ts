import assert from "node:assert/strict";
import fc from "fast-check";
import {
  describeGitCommit,
  describeGitDiff,
  describeGitLog,
  describeGitPull,
  describeGitPush,
  describeGitStatus,
} from "../../../../src/mcp/texts/git.ts";
import { hasGitFailed } from "../../../../src/protocol/git_outcome.ts";
import type { GitCommitResult } from "../../../../src/protocol/operations/git_commit.ts";
import type { GitDiffResult } from "../../../../src/protocol/operations/git_diff.ts";
import type { GitLogResult } from "../../../../src/protocol/operations/git_log.ts";
import type { GitPullResult } from "../../../../src/protocol/operations/git_pull.ts";
import type { GitPushResult } from "../../../../src/protocol/operations/git_push.ts";
import type { GitStatusResult } from "../../../../src/protocol/operations/git_status.ts";
import { anyText } from "../../../helpers/any_text.ts";

const AGENT = { id: "abc", name: "builder" };
const HASH = "0123456789abcdef0123456789abcdef01234567";
const CHANGES = {
  files: [{ path: "a", change: "modified" as const, added: 1, removed: 2 }],
  fileCount: 1,
  added: 1,
  removed: 2,
  truncated: false,
};

const status = (name: string): GitStatusResult => ({
  root: `/r/${name}`,
  branch: name,
  head: HASH,
  upstream: name,
  ahead: 1,
  behind: 2,
  inProgress: "merge",
  stashes: 1,
  isShallow: true,
  clean: false,
  staged: [{ path: name, from: name, change: "renamed" }],
  unstaged: [{ path: name, change: "modified" }],
  untracked: [name],
  conflicted: [{ path: name, conflict: "both modified" }],
  counts: { staged: 1, unstaged: 1, untracked: 3, conflicted: 1 },
  truncated: true,
  invalidUtf8: true,
  notes: [name],
});
const diff = (name: string): GitDiffResult => ({
  root: `/r/${name}`,
  what: "working",
  from: null,
  to: null,
  ...CHANGES,
  files: [{ path: name, change: "modified", added: null, removed: null }],
  patch: null,
  patchTruncated: false,
  invalidUtf8: false,
  notes: [],
});
const log = (name: string): GitLogResult => ({
  root: `/r/${name}`,
  head: HASH,
  commits: [{
    hash: HASH,
    parents: [],
    refs: [name],
    author: { name, email: name, date: "2026-05-01" },
    committer: { name, email: name, date: "2026-05-01" },
    subject: name,
    body: "",
    messageTruncated: false,
    stats: { fileCount: 1, added: 1, removed: 0, files: [name] },
  }],
  nextSkip: 1,
  invalidUtf8: false,
  notes: [],
});
const commit = (name: string): GitCommitResult => ({
  root: `/r/${name}`,
  committed: true,
  branch: name,
  hash: HASH,
  previous: null,
  subject: name,
  ...CHANGES,
  messages: name,
  invalidUtf8: false,
});
const pull = (name: string): GitPullResult => ({
  root: `/r/${name}`,
  outcome: "conflicts_left",
  branch: name,
  strategy: "merge",
  oldHead: HASH,
  newHead: HASH,
  ...CHANGES,
  conflicts: [{ path: name, conflict: "both added" }],
  messages: name,
  invalidUtf8: false,
});
const push = (name: string): GitPushResult => ({
  root: `/r/${name}`,
  pushed: false,
  upToDate: false,
  remote: name,
  branch: name,
  refs: [{ local: name, remote: name, outcome: "rejected", summary: name, reason: name }],
  upstream: name,
  messages: name,
  invalidUtf8: false,
});

const TEXTS: readonly [string, (name: string) => string][] = [
  ["describeGitStatus", (name) => describeGitStatus(status(name), AGENT)],
  ["describeGitDiff", (name) => describeGitDiff(diff(name), AGENT)],
  ["describeGitLog", (name) => describeGitLog(log(name), AGENT)],
  ["describeGitCommit", (name) => describeGitCommit(commit(name), AGENT)],
  ["describeGitPull", (name) => describeGitPull(pull(name), AGENT)],
  ["describeGitPush", (name) => describeGitPush(push(name), AGENT)],
];
for (const [title, describe] of TEXTS) {
  Deno.test(`${title}() lets no name fake a line or steer a terminal`, () => {
    const count = describe("x").split("\n").length;
    fc.assert(fc.property(anyText().map((text) => `x${text}`), (name) => {
      const text = describe(name);
      assert.doesNotMatch(text, /(?![\n\t])[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u);
      // What git and remotes said may have more lines; each of them is marked.
      const ours = text.split("\n").filter((line) => !line.startsWith("| "));
      const marked = describe("x").split("\n").filter((line) => line.startsWith("| ")).length;
      assert.equal(ours.length, count - marked);
    }));
  });
}

Deno.test("describeGitStatus() tells the state in a few lines", () => {
  const text = describeGitStatus({ ...status("x"), invalidUtf8: false, notes: [] }, AGENT);
  assert.equal(
    text,
    `/r/x on builder: branch x, 0123456789ab
1 ahead of and 2 behind x
In the middle of a merge
1 stashed
Shallow: older commits were not fetched
In conflict (1):
  both modified: x
Staged (1):
  renamed: x -> x
Not staged (1):
  modified: x
Untracked (3):
  x
  and 2 more`,
  );
});

Deno.test("describeGitDiff() shows the patch, and says what is missing of it", () => {
  const result = { ...diff("a"), patch: "-one\n+two\x1b\n", files: CHANGES.files };
  assert.match(
    describeGitDiff(result, AGENT),
    /^\/r\/a on builder, the working tree against what is staged: 1 file/,
  );
  assert.match(describeGitDiff(result, AGENT), /--- patch\n-one\n\+two\\u\{1b\}$/);
  assert.match(describeGitDiff({ ...result, patchTruncated: true }, AGENT), /\[the patch goes on; /);
  const long = { ...result, patch: "+line\n".repeat(100_000) };
  assert.ok(describeGitDiff(long, AGENT).length < 50_000);
  assert.match(describeGitDiff(long, AGENT), /\[the patch goes on; /);
});

Deno.test("describeGitCommit() says when there was nothing to commit", () => {
  const text = describeGitCommit({ ...commit("x"), committed: false, hash: null }, AGENT);
  assert.equal(text, "Nothing to commit in /r/x on builder; no commit was made");
});

Deno.test("describeGitPull() and describeGitPush() begin with Failed where they failed", () => {
  for (const outcome of ["conflicts_left", "conflicts_aborted"] as const) {
    const result = { ...pull("x"), outcome };
    assert.match(describeGitPull(result, AGENT), /^Failed: /);
    assert.equal(hasGitFailed("git_pull", result), true);
  }
  assert.match(describeGitPush(push("x"), AGENT), /^Failed: rejected: x from \/r\/x/);
  assert.equal(hasGitFailed("git_push", push("x")), true);
  assert.match(describeGitPull({ ...pull("x"), outcome: "up_to_date" }, AGENT), /^Up to date: /);
  assert.match(describeGitPush({ ...push("x"), pushed: true }, AGENT), /^Pushed: /);
});
