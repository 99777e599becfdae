/**
 * The operation `git_push`: send a branch to a remote.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { BranchName, GitTimeoutMs, InvalidUtf8, RemoteName, RepositoryPath, Root } from "./_git_fields.ts";

/** What became of a branch on the remote. */
export const PushedRef = z.object({
  local: z.string().describe("The local branch, such as refs/heads/main"),
  remote: z.string().describe("The branch on the remote"),
  outcome: z.enum(["updated", "created", "forced", "up_to_date", "rejected"]),
  summary: z.string().describe(
    "The range of commits, such as 1a2b3c4..5d6e7f8, or git's word for what happened",
  ),
  reason: z.string().nullable().describe("Why it was rejected"),
});
export type PushedRef = z.infer<typeof PushedRef>;

export const gitPush = defineOperation({
  title: "Push from a git repository",
  description:
    "Sends commits of a branch to a remote. Without parameters: the branch that is checked out, to the remote that it pushes to, under the same " +
    "name. If the remote has commits that are missing here it is rejected, and `refs` says why: pull first. It never overwrites " +
    "what others pushed; force_with_lease replaces the remote's branch only if it is as last seen here. It never asks for a password.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: true },
  params: z.strictObject({
    path: RepositoryPath,
    remote: RemoteName.optional().describe(
      "Name of a configured remote. Default: the one the branch pushes to, else origin",
    ),
    branch: BranchName.optional().describe("Local branch to send. Default: the one that is checked out"),
    remote_branch: BranchName.optional().describe("Name of the branch on the remote. Default: the same"),
    set_upstream: z.boolean().optional().describe("Make the remote's branch the upstream of the local one"),
    force_with_lease: z.boolean().optional().describe(
      "Replace the remote's branch, only if nobody has pushed to it since it was last fetched and merged here",
    ),
    timeout_ms: GitTimeoutMs.describe("Milliseconds until it is given up. Default 120000"),
  }),
  result: z.object({
    root: Root,
    pushed: z.boolean().describe("True if the remote has the commits now, also if it had them before"),
    upToDate: z.boolean().describe("True if the remote had them before"),
    remote: z.string(),
    branch: z.string(),
    refs: z.array(PushedRef),
    upstream: z.string().nullable().describe("The upstream of the branch after the push"),
    messages: z.string().describe("What git, hooks and the remote said, the last 4 KiB of it"),
    invalidUtf8: InvalidUtf8,
  }),
});

export type GitPushParams = z.infer<typeof gitPush.params>;
export type GitPushResult = z.infer<typeof gitPush.result>;
