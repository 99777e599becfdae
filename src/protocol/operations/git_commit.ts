/**
 * The operation `git_commit`: record changes of a repository.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { isAuthor } from "../git_names.ts";
import {
  Changes,
  GitPaths,
  GitTimeoutMs,
  InvalidUtf8,
  PATHS_ARE,
  RepositoryPath,
  Root,
} from "./_git_fields.ts";

export const gitCommit = defineOperation({
  title: "Commit changes to a git repository",
  description:
    "Makes a commit. With `paths`: of exactly these files as they are now, new and deleted ones too; what else is staged stays staged. " +
    "With `all`: of all changes of tracked files. With neither: of what is staged. Ignored files are never added. If there is nothing " +
    "to commit, `committed` is false. Hooks of the repository run as usual and may refuse. It never rewrites an earlier commit.",
  access: "write",
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: false },
  params: z.strictObject({
    path: RepositoryPath,
    message: z.string().max(65_536).refine((text) => text.trim() !== "" && !text.includes("\0"), {
      error: "must be a text that is not blank",
    }).describe("The message: a short first line, then, if there is more to say, a blank line and the rest"),
    paths: GitPaths.describe(`Commit these. ${PATHS_ARE}. ["."] is everything, also new files`),
    all: z.boolean().optional().describe("Commit all changes of tracked files; new files need paths"),
    author: z.string().max(512).refine(isAuthor, { error: 'must be like "Ada Lovelace <ada@example.org>"' })
      .optional()
      .describe(
        'Author, as "Name <address>". Default: the identity that git is configured with on that machine',
      ),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up, hooks included. Default 120000"),
  }),
  result: z.object({
    root: Root,
    committed: z.boolean().describe("False if there was nothing to commit"),
    branch: z.string().nullable().describe("The branch that the commit is on; null if HEAD is detached"),
    hash: z.string().nullable().describe("Hash of the new commit; null if there is none"),
    previous: z.string().nullable().describe("Hash of the commit before it; null if it is the first"),
    subject: z.string().describe("The first line of the message"),
    ...Changes.shape,
    messages: z.string().describe("What git and the hooks said, the last 4 KiB of it"),
    invalidUtf8: InvalidUtf8,
  }),
});

export type GitCommitParams = z.infer<typeof gitCommit.params>;
export type GitCommitResult = z.infer<typeof gitCommit.result>;
