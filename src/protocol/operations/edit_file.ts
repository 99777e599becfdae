/**
 * The operation `edit_file`: replace exact texts in a file.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { ExpectedSha256, FilePath, REPLACED } from "./write_file.ts";

/** Bytes that a file to be edited may have. */
export const MAX_EDITED_BYTES = 16 * 1024 ** 2;
/** Characters of all texts of one edit. */
const MAX_TEXT = 4 * 1024 ** 2;
const MAX_EDITS = 100;

/** What changed in a text, for people and models. */
export const DIFF = {
  diff: z.string().describe(
    "What changed as a unified diff, at most 65536 characters; empty if there is none",
  ),
  diffNote: z.string().nullable().describe("What the diff leaves out, and why; null if nothing"),
} as const;

export const editFile = defineOperation({
  title: "Edit a text file",
  description:
    "Replaces exact texts in a file, all of them or none, and answers with a unified diff. Each `old_text` must be there " +
    "exactly once, with its white space, unless replace_all is set; edits are applied in order, and each sees what those " +
    "before it left. A `\\n` in old_text also matches `\\r\\n`, and the file keeps its line ends, its encoding (UTF-8, or UTF-16 " +
    "with a byte order mark), permissions and owner. The file before is kept as a backup (backupId). Files of up to 16 MiB.",
  access: "write",
  hints: { readOnly: false, destructive: true, idempotent: false, openWorld: false },
  params: z.strictObject({
    path: FilePath,
    edits: z.array(z.strictObject({
      old_text: z.string().min(1).max(MAX_TEXT).describe("The text that is there now, exactly"),
      new_text: z.string().max(MAX_TEXT).describe("What is to be there instead; may be empty"),
      replace_all: z.boolean().optional().describe("Whether to replace it wherever it is. Default false"),
    })).min(1).max(MAX_EDITS).describe("What to replace, in this order"),
    expected_sha256: ExpectedSha256,
    dry_run: z.boolean().optional().describe("Whether only to answer what would change. Default false"),
  }),
  result: z.object({
    ...REPLACED,
    ...DIFF,
    dryRun: z.boolean().describe("True if nothing was written, because that was asked for"),
    replacements: z.array(z.number().int()).describe("How many places each edit replaced"),
    encoding: z.enum(["utf-8", "utf-8-bom", "utf-16le", "utf-16be"]).describe("How the text is stored"),
  }),
});
