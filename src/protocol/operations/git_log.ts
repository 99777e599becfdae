/**
 * The operation `git_log`: the commits of a repository.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { isGitDate } from "../git_names.ts";
import {
  GitPaths,
  GitTimeoutMs,
  InvalidUtf8,
  Notes,
  PATHS_ARE,
  RepositoryPath,
  Revision,
  Root,
} from "./_git_fields.ts";

/** Commits in an answer unless the caller says otherwise. */
export const DEFAULT_LOG_LIMIT = 20;
/** Characters of a message that are kept. */
export const MAX_MESSAGE_CHARACTERS = 8 * 1024;
/** Files of one commit that are listed. */
export const MAX_COMMIT_FILES = 50;

const Text = z.string().min(1).max(1024).refine((text) => !/\p{Cc}/u.test(text), {
  error: "must be one line",
}).optional();
const GitDate = z.string().max(64).refine(isGitDate, {
  error: 'must be like "2026-05-01", "2026-05-01T12:00:00Z" or "3 days ago"',
}).optional();

/** One commit. */
export const Commit = z.object({
  hash: z.string(),
  parents: z.array(z.string()).describe("None for the first, two or more for a merge"),
  refs: z.array(z.string()).describe("Branches, tags and HEAD at this commit"),
  author: z.object({ name: z.string(), email: z.string(), date: z.string().describe("ISO 8601") }),
  committer: z.object({ name: z.string(), email: z.string(), date: z.string().describe("ISO 8601") }),
  subject: z.string().describe("The first line of the message"),
  body: z.string().describe("The rest of the message"),
  messageTruncated: z.boolean().describe(
    `True if the message is over ${MAX_MESSAGE_CHARACTERS} characters and was cut`,
  ),
  stats: z.object({
    fileCount: z.number().int(),
    added: z.number().int().describe("Lines added"),
    removed: z.number().int().describe("Lines removed"),
    files: z.array(z.string()).describe(`Paths of the files, at most ${MAX_COMMIT_FILES} of fileCount`),
  }).optional().describe("If asked for; of a merge, against its first parent"),
});
export type Commit = z.infer<typeof Commit>;

export const gitLog = defineOperation({
  title: "List commits of a git repository",
  description:
    "Lists commits, newest first, with author, message, branches and tags. `revision` is a commit or a range such as " +
    '"main..feature" (on feature and not on main); without it the history of HEAD is shown. If there are more, `nextSkip` is what to ' +
    "give as `skip` for the next ones; give `head` of the first answer as `revision` to page on although new commits come.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: RepositoryPath,
    revision: Revision.optional().describe(
      'Commit or range, such as "v1.0", "HEAD~5..", "main..feature". Default HEAD',
    ),
    all: z.boolean().optional().describe("The commits of all branches and tags, instead of revision"),
    paths: GitPaths.describe(`Only commits that change these. ${PATHS_ARE}`),
    author: Text.describe("Only commits whose author's name or address holds this text"),
    message: Text.describe("Only commits whose message holds this text, in upper or lower case"),
    since: GitDate.describe('Only commits after this: "2026-05-01", "2026-05-01T12:00:00Z" or "3 days ago"'),
    until: GitDate.describe("Only commits before this, likewise; a day alone means its end"),
    limit: z.number().int().min(1).max(200).optional().describe(`Most commits. Default ${DEFAULT_LOG_LIMIT}`),
    skip: z.number().int().min(0).max(10_000_000).optional().describe(
      "Commits to pass over: nextSkip of the last answer",
    ),
    stats: z.boolean().optional().describe("Add the changed files and counts of lines to each commit"),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up. Default 30000"),
  }),
  result: z.object({
    root: Root,
    head: z.string().nullable().describe(
      "Hash of the commit the list starts at; null with all, or if there is no commit yet",
    ),
    commits: z.array(Commit),
    nextSkip: z.number().int().nullable().describe(
      "What to give as skip to go on; null if these were the last",
    ),
    invalidUtf8: InvalidUtf8,
    notes: Notes,
  }),
});

export type GitLogParams = z.infer<typeof gitLog.params>;
export type GitLogResult = z.infer<typeof gitLog.result>;
