/**
 * The operation `backup_list`: which versions of files were kept before operations replaced them.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

/** How many versions a page has unless the caller says otherwise. */
export const BACKUPS_PER_PAGE = 50;
const MAX_LIMIT = 200;

/** One version of one file. */
export const BackupEntry = z.object({
  id: z.number().int().describe("Its number, for backup_restore"),
  path: z.string().describe("The real path that the file had"),
  time: z.string().describe("When it was replaced or removed, ISO 8601"),
  operation: z.string().describe("The operation that replaced or removed it"),
  caller: z.object({ id: z.string(), name: z.string() }).describe("The agent that asked for it"),
  size: z.number().int().nonnegative().describe("Bytes"),
  sha256: z.string(),
  mode: z.string().describe("Permissions in octal"),
  content: z.enum(["intact", "damaged", "missing", "unchecked"]).describe(
    "Whether the kept content is what it was; unchecked: only its size was compared, since it is large",
  ),
});
export type BackupEntry = z.infer<typeof BackupEntry>;

export const backupList = defineOperation({
  title: "List backups",
  description:
    "Lists the versions of files that were kept before write_file, edit_file, remove_file or backup_restore replaced or removed " +
    "them, newest first. Give `path` for one file, also one that is gone, or for everything below a folder. At most 50 versions of a file " +
    "and 2 GiB in all are kept unless the machine's owner set it otherwise; the oldest go first.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(4096).optional().describe(
      "A file, or a folder with everything below it. Without it: all backups of the machine",
    ),
    limit: z.number().int().min(1).max(MAX_LIMIT).optional().describe(
      `How many at most. Default ${BACKUPS_PER_PAGE}, at most ${MAX_LIMIT}`,
    ),
    cursor: z.string().regex(/^[0-9]{1,15}$/).optional().describe("nextCursor of the page before"),
  }),
  result: z.object({
    backups: z.array(BackupEntry),
    nextCursor: z.string().nullable().describe("For the next page; null if this is the last"),
    hidden: z.number().int().describe(
      "Versions on this page that are not shown, as their files may not be read",
    ),
  }),
});
