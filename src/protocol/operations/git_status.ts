/**
 * The operation `git_status`: where a repository stands and what has changed in it.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import {
  Change,
  GitTimeoutMs,
  InvalidUtf8,
  MAX_LISTED_FILES,
  Notes,
  RepositoryPath,
  Root,
} from "./_git_fields.ts";

/** What git may be in the middle of. */
export const InProgress = z.enum(["merge", "rebase", "am", "cherry-pick", "revert", "bisect"]);
export type InProgress = z.infer<typeof InProgress>;

/** A file of which the index or the working tree has another version. */
export const StatusEntry = z.object({
  path: z.string(),
  from: z.string().optional().describe("The old path, if it was renamed or copied"),
  change: Change,
});
export type StatusEntry = z.infer<typeof StatusEntry>;

/** A file that a merge could not settle. */
export const ConflictEntry = z.object({
  path: z.string(),
  conflict: z.enum([
    "both modified",
    "both added",
    "both deleted",
    "added by us",
    "added by them",
    "deleted by us",
    "deleted by them",
  ]),
});
export type ConflictEntry = z.infer<typeof ConflictEntry>;

export const gitStatus = defineOperation({
  title: "Show the state of a git repository",
  description:
    "Tells the branch, its upstream and how far the two are apart, an operation in progress (merge, rebase ...), stashes, and which " +
    "files are staged, changed but not staged, not tracked, or in conflict. Paths are relative to the top folder, which is `root`. " +
    "Ahead and behind are counted against what was last fetched: nothing is asked of the remote.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: RepositoryPath,
    untracked: z.enum(["normal", "all", "no"]).optional().describe(
      "Untracked files: normal shows a new folder as one entry (default), all shows each file in it, no leaves them out",
    ),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up. Default 30000"),
  }),
  result: z.object({
    root: Root,
    branch: z.string().nullable().describe("The branch that is checked out; null if HEAD is detached"),
    head: z.string().nullable().describe("Hash of the commit that is checked out; null if there is none yet"),
    upstream: z.string().nullable().describe("The branch that this one tracks, such as origin/main"),
    ahead: z.number().int().nullable().describe(
      "Commits that the upstream lacks; null if it is gone or there is none",
    ),
    behind: z.number().int().nullable().describe(
      "Commits of the upstream that this branch lacks; null likewise",
    ),
    inProgress: InProgress.nullable().describe("What git is in the middle of"),
    stashes: z.number().int(),
    isShallow: z.boolean().describe("True if older history was not fetched"),
    clean: z.boolean().describe("True if nothing is staged, changed, untracked or in conflict"),
    staged: z.array(StatusEntry).describe(`What the next commit holds; at most ${MAX_LISTED_FILES}`),
    unstaged: z.array(StatusEntry).describe(`Changed and not staged; at most ${MAX_LISTED_FILES}`),
    untracked: z.array(z.string()).describe(`A folder ends with a slash; at most ${MAX_LISTED_FILES}`),
    conflicted: z.array(ConflictEntry).describe(`At most ${MAX_LISTED_FILES}`),
    counts: z.object({
      staged: z.number().int(),
      unstaged: z.number().int(),
      untracked: z.number().int(),
      conflicted: z.number().int(),
    }).describe("How many there are, also those that are not listed"),
    truncated: z.boolean().describe("True if a list has not all of them"),
    invalidUtf8: InvalidUtf8,
    notes: Notes,
  }),
});

export type GitStatusParams = z.infer<typeof gitStatus.params>;
export type GitStatusResult = z.infer<typeof gitStatus.result>;
