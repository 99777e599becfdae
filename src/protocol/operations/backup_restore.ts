/**
 * The operation `backup_restore`: put a kept version of a file back.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { DIFF } from "./edit_file.ts";
import { ExpectedSha256, REPLACED } from "./write_file.ts";

export const backupRestore = defineOperation({
  title: "Restore a backup",
  description:
    "Puts a kept version of a file (its number from backup_list, or backupId of an earlier answer) back to where it was, with its " +
    "permissions and owner, or with `to` to another path, where it gets the owner of what is there. The present file is kept " +
    "as a backup itself first, so that this can be undone. A version whose content is damaged is refused. For texts the answer " +
    "has a diff; with dry_run nothing is changed.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({
    id: z.number().int().positive().describe("Number of the version"),
    to: z.string().min(1).max(4096).optional().describe("Where to put it. Default: where it was"),
    create_parents: z.boolean().optional().describe("Whether to make missing folders. Default false"),
    expected_sha256: ExpectedSha256,
    dry_run: z.boolean().optional().describe("Whether only to answer what would change. Default false"),
  }),
  result: z.object({
    ...REPLACED,
    ...DIFF,
    dryRun: z.boolean().describe("True if nothing was written, because that was asked for"),
    restoredId: z.number().int().describe("Number of the version that was put back"),
  }),
});
