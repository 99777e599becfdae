/**
 * Parameters and parts of results that the operations on git repositories have in common.
 */
import * as z from "zod";
import { isBranchName, isRemoteName, isRevision } from "../git_names.ts";

/** Entries of each list of files in a result; what is left out is counted. */
export const MAX_LISTED_FILES = 1000;

const isFreeOfNul = (text: string) => !text.includes("\0");

/** Where the repository is. */
export const RepositoryPath = z.string().min(1).max(4096).refine(isFreeOfNul, { error: "must not hold NUL" })
  .describe(
    "A folder of the repository, at any depth; ~ is the home folder of the agent's user, where a relative path starts",
  );

/** Which files. */
export const GitPaths = z.array(
  z.string().min(1).max(4096).refine(isFreeOfNul, { error: "must not hold NUL" }),
).min(1).max(256).optional();

/** How `paths` are read; to be put after what they do. */
export const PATHS_ARE =
  "Files or folders, absolute or relative to the top folder of the repository as results name them; " +
  "taken literally, without patterns";

/** Milliseconds. */
export const GitTimeoutMs = z.number().int().positive().optional();

/** One commit. */
export const Revision = z.string().max(1024).refine(isRevision, {
  error: "must be one line that does not begin with a dash",
});

/** A local branch, or one of a remote, without `refs/heads/`. */
export const BranchName = z.string().max(255).refine(isBranchName, {
  error: "must be a valid branch name, such as main or feature/login",
});

/** A remote by its name. */
export const RemoteName = z.string().max(255).refine(isRemoteName, {
  error: "must be the name of a configured remote, such as origin, not a URL",
});

/** What happened to a file. */
export const Change = z.enum([
  "added",
  "modified",
  "deleted",
  "renamed",
  "copied",
  "typechanged",
  "unmerged",
]);
export type Change = z.infer<typeof Change>;

/** A file that differs between two states. */
export const ChangedFile = z.object({
  path: z.string(),
  from: z.string().optional().describe("The old path, if it was renamed or copied"),
  change: Change,
  added: z.number().int().nullable().describe("Lines added; null if the file is binary"),
  removed: z.number().int().nullable().describe("Lines removed; null if the file is binary"),
});
export type ChangedFile = z.infer<typeof ChangedFile>;

/** What differs between two states, file by file. */
export const Changes = z.object({
  files: z.array(ChangedFile).describe(`At most ${MAX_LISTED_FILES}, in git's order`),
  fileCount: z.number().int().describe("How many files differ, also those that are not listed"),
  added: z.number().int().describe("Lines added in all"),
  removed: z.number().int().describe("Lines removed in all"),
  truncated: z.boolean().describe("True if files has not all of them: give paths to narrow it down"),
});
export type Changes = z.infer<typeof Changes>;

/** The top folder. */
export const Root = z.string().describe(
  "The top folder of the working tree; of a bare repository its own folder",
);

/** Said of names in a result. */
export const InvalidUtf8 = z.boolean().describe(
  "True if names or texts hold bytes that are not UTF-8; they are shown as U+FFFD",
);

/** What a reader of the result should know. */
export const Notes = z.array(z.string()).describe(
  "What was left out or not looked at, and why; usually empty",
);
