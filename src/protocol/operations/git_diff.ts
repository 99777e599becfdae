/**
 * The operation `git_diff`: what differs between two states of a repository.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import {
  Changes,
  GitPaths,
  GitTimeoutMs,
  InvalidUtf8,
  Notes,
  PATHS_ARE,
  RepositoryPath,
  Revision,
  Root,
} from "./_git_fields.ts";

/** Bytes of a patch unless the caller says otherwise. */
export const DEFAULT_PATCH_BYTES = 64 * 1024;
/** The most bytes of a patch. */
export const MAX_PATCH_BYTES = 1024 * 1024;

export const gitDiff = defineOperation({
  title: "Show differences in a git repository",
  description:
    "Shows what differs, as a list of files with line counts and as a patch. Without `from` and `to`: changes of the working tree that " +
    "are not staged; with `staged`: what the next commit holds. With `from`: the same against that commit. With `from` and `to`: " +
    "between two commits. Untracked files do not show; git_status lists them. A patch over `max_bytes` is cut at a line and " +
    "says so: give `paths` for the rest.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: RepositoryPath,
    staged: z.boolean().optional().describe("Compare what is staged instead of the working tree"),
    from: Revision.optional().describe('Commit to compare with, such as "HEAD~2", "main" or a hash'),
    to: Revision.optional().describe("Commit to compare from with, instead of the working tree"),
    merge_base: z.boolean().optional().describe(
      "With from and to: compare with the commit where to branched off from, so that only to's own changes show",
    ),
    paths: GitPaths.describe(`Only these. ${PATHS_ARE}`),
    stat_only: z.boolean().optional().describe("Leave the patch out"),
    context: z.number().int().min(0).max(1000).optional().describe(
      "Unchanged lines around a change. Default 3",
    ),
    max_bytes: z.number().int().min(1).max(MAX_PATCH_BYTES).optional().describe(
      `Most bytes of the patch. Default ${DEFAULT_PATCH_BYTES}, at most ${MAX_PATCH_BYTES}`,
    ),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up. Default 30000"),
  }),
  result: z.object({
    root: Root,
    what: z.enum(["working", "staged", "revisions"]).describe("What was compared"),
    from: z.string().nullable().describe(
      "Hash of the commit compared with; null if that was the index or nothing yet",
    ),
    to: z.string().nullable().describe(
      "Hash of the other commit; null if that was the working tree or the index",
    ),
    ...Changes.shape,
    patch: z.string().nullable().describe("The patch; null if it was not asked for"),
    patchTruncated: z.boolean().describe("True if the patch goes on after what is here"),
    invalidUtf8: InvalidUtf8,
    notes: Notes,
  }),
});

export type GitDiffParams = z.infer<typeof gitDiff.params>;
export type GitDiffResult = z.infer<typeof gitDiff.result>;
