/**
 * The operation `git_pull`: bring a branch up to date with a remote.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import {
  BranchName,
  Changes,
  GitTimeoutMs,
  InvalidUtf8,
  RemoteName,
  RepositoryPath,
  Root,
} from "./_git_fields.ts";
import { ConflictEntry } from "./git_status.ts";

export const gitPull = defineOperation({
  title: "Pull into a git repository",
  description:
    "Fetches from a remote and brings the branch that is checked out up to date. By default only if that needs no merge " +
    "(strategy ff-only); else give strategy merge or rebase. On conflicts everything is put back as it was, unless on_conflict is leave; " +
    "`outcome` and `conflicts` tell. Without remote and branch the upstream of the branch is taken. It never asks for a password.",
  access: "write",
  hints: { readOnly: false, destructive: false, idempotent: false, openWorld: true },
  params: z.strictObject({
    path: RepositoryPath,
    remote: RemoteName.optional().describe(
      "Name of a configured remote. Default: that of the branch's upstream",
    ),
    branch: BranchName.optional().describe("Branch of the remote; needs remote. Default: the upstream"),
    strategy: z.enum(["ff-only", "merge", "rebase"]).optional().describe(
      "What to do if both sides have new commits: ff-only refuses (default), merge makes a merge commit, rebase puts the local commits on top",
    ),
    on_conflict: z.enum(["abort", "leave"]).optional().describe(
      "abort puts everything back as it was (default); leave keeps the conflicts in the files, to be settled and committed",
    ),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up. Default 120000"),
  }),
  result: z.object({
    root: Root,
    outcome: z.enum(["updated", "up_to_date", "conflicts_aborted", "conflicts_left"]).describe(
      "conflicts_aborted: nothing has changed but what was fetched. conflicts_left: the files hold conflicts",
    ),
    branch: z.string().nullable(),
    strategy: z.enum(["ff-only", "merge", "rebase"]),
    oldHead: z.string().nullable().describe("Hash before; null if there was no commit"),
    newHead: z.string().nullable().describe("Hash after"),
    ...Changes.shape,
    conflicts: z.array(ConflictEntry),
    messages: z.string().describe("What git and the remote said, the last 4 KiB of it"),
    invalidUtf8: InvalidUtf8,
  }),
});

export type GitPullParams = z.infer<typeof gitPull.params>;
export type GitPullResult = z.infer<typeof gitPull.result>;
