/**
 * The operation `write_file`: make a file, or replace one, in one step.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

/** Characters of a path. */
const MAX_PATH = 4096;
/** Characters of content; what travels to another machine has its own, lower limit. */
const MAX_CONTENT = 16 * 1024 ** 2;

/** A path as callers give it. */
export const FilePath = z.string().min(1).max(MAX_PATH).describe(
  "Absolute, or relative to the home folder of the agent's user, which ~ stands for. A link is followed",
);

/** Makes sure that what is replaced is what the caller has read. */
export const ExpectedSha256 = z.string().regex(/^([0-9a-fA-F]{64})?$/).nullable().optional().describe(
  "sha256 that the present file must have, from read_file or the last write; an empty text or null: there must be no file. " +
    "If it is not so, nothing is written and the error tells the present one. Without it, whatever is there is replaced",
);

/** What the operations tell that replace a file. */
export const REPLACED = {
  path: z.string().describe("The real path of the file"),
  created: z.boolean().describe("True if there was no file before"),
  changed: z.boolean().describe("False if the file was like this already, so that nothing was written"),
  bytes: z.number().int().nonnegative().describe("Size of the file now"),
  sha256: z.string().describe("Hash of its content now, for the expected_sha256 of the next change"),
  previousSha256: z.string().nullable().describe("Hash of the content before; null if there was no file"),
  backupId: z.number().int().nullable().describe(
    "Number of the copy of the file before, for backup_restore; null if there was nothing to keep",
  ),
} as const;

export const writeFile = defineOperation({
  title: "Write a file",
  description:
    "Makes a file, or replaces the whole content of one, in one step: others see the old content or the new, never half. " +
    "Give either `content`, a text that is stored as UTF-8, or `content_base64`. The present file is kept as a backup first " +
    "(backupId, see backup_restore); its permissions and owner stay, other hard links to it keep the old content, and extended " +
    "attributes and access control lists are not kept. To change a part of a file use edit_file. To be sure not to undo the " +
    "change of somebody else, give expected_sha256.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: FilePath,
    content: z.string().max(MAX_CONTENT).optional().describe(
      "The whole text of the file. Give this or content_base64, not both",
    ),
    content_base64: z.base64().max(MAX_CONTENT).optional().describe(
      "The whole content in base64, for binary files",
    ),
    create_parents: z.boolean().optional().describe("Whether to make missing folders. Default false"),
    expected_sha256: ExpectedSha256,
    mode: z.string().regex(/^0?[0-7]{3}$/).optional().describe(
      'Permissions of a new file in octal, such as "755"; a file that is there keeps its own. Default "644", less the umask',
    ),
  }),
  result: z.object(REPLACED),
});
