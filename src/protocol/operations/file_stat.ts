/**
 * The operation `file_stat`: what is at a path, without its contents.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

/** Largest file that is hashed. */
export const MAX_HASHED_BYTES = 1024 * 1024 * 1024;

export const fileStat = defineOperation({
  title: "Describe a file",
  description:
    "Tells what is at a path: file, folder, link or something else, its size, permissions, owner and times, where a link " +
    "leads, the real path, and whether the host's rules let it be read and written in the present mode. With " +
    "`sha256: true` also the hash of a file up to 1 GiB.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(32_767).describe(
      "~ is the home folder of the agent's user, where a relative path starts",
    ),
    sha256: z.boolean().optional().describe("Whether to hash the file. Default false"),
  }),
  result: z.object({
    path: z.string().describe("The real path, without links; of a link to nothing, the link's own"),
    kind: z.enum(["file", "folder", "link", "fifo", "socket", "character device", "block device", "unknown"])
      .describe(
        'What is there after following links; "link" only if it leads to nothing',
      ),
    size: z.number().int().nonnegative().describe("Bytes; of a folder what the system says"),
    permissions: z.string().nullable().describe('Octal, such as "0644"; null on Windows'),
    userId: z.number().int().nullable(),
    groupId: z.number().int().nullable(),
    owner: z.string().optional().describe("Name of the user, if the machine's list of users has it"),
    group: z.string().optional().describe("Name of the group, likewise"),
    hardLinks: z.number().int().nullable().describe("How many names the file has"),
    modified: z.string().nullable().describe("When the contents were last changed, ISO 8601"),
    changed: z.string().nullable().describe("When anything about it was last changed"),
    accessed: z.string().nullable(),
    created: z.string().nullable(),
    link: z.object({
      path: z.string().describe("Where the link itself is"),
      target: z.string().describe("What it says, as it was written"),
      isBroken: z.boolean().describe("True if it leads to nothing"),
    }).optional().describe("Given if the path's last name is a symbolic link"),
    mayRead: z.boolean().describe(
      "Whether the host's rules let its contents be read; the system may still refuse it",
    ),
    mayWrite: z.boolean().describe("Whether the host's rules let it be written in the present mode"),
    sha256: z.string().optional(),
    notes: z.array(z.string()),
  }),
});
