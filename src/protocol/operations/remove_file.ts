/**
 * The operation `remove_file`: remove one file, and keep it as a backup.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

export const removeFile = defineOperation({
  title: "Remove a file",
  description:
    "Removes one file. It is kept as a backup first: backup_restore with backupId brings it back with its content, " +
    "permissions and owner, but without extended attributes and access control lists; other hard links to it stay. A symbolic " +
    "link is removed itself, not what it leads to: it has no backup, and linkTarget tells what it said, so that it can be " +
    "made again. Folders, devices, sockets and FIFOs are not removed, nor are files that are too large to be backed up. To " +
    "be sure to remove only what you have seen, give expected_sha256.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(4096).describe(
      "Absolute, or relative to the home folder of the agent's user, which ~ stands for. A link at its end is not followed",
    ),
    expected_sha256: z.string().regex(/^([0-9a-fA-F]{64})?$/).nullable().optional().describe(
      "sha256 that the file must have, from read_file or the last write. If it is not so, nothing is removed and the error " +
        "tells the present one. An empty text or null: there must be no file, and if there is none the answer is removed: " +
        "false. Without it, whatever is there is removed, and if nothing is, that is an error",
    ),
  }),
  result: z.object({
    path: z.string().describe("The path of the file, with all folders real"),
    removed: z.boolean().describe("False if there was no file, as was expected"),
    bytes: z.number().int().nonnegative().describe("Size of the file before; 0 if there was none, or a link"),
    previousSha256: z.string().nullable().describe(
      "Hash of the content before; null if there was no file, or a link",
    ),
    backupId: z.number().int().nullable().describe(
      "Number of the copy, for backup_restore; null if there was no file, or a link",
    ),
    linkTarget: z.string().nullable().describe("What the removed symbolic link said; null if it was none"),
  }),
});
