/**
 * The operation `list_dir`: what is in a folder.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";

/** Deepest listing. */
export const MAX_LIST_DEPTH = 32;

/** How many there were of something, and the first of them. */
export const Named = z.object({
  count: z.number().int().nonnegative(),
  first: z.array(z.string()).describe("The first few of them"),
});
export type Named = z.infer<typeof Named>;

/** What an entry is. */
export const EntryKind = z.enum(["file", "directory", "symlink", "fifo", "socket", "device", "other"]);
export type EntryKind = z.infer<typeof EntryKind>;

/** One entry of a listing. What could not be found out is null. */
export const Entry = z.object({
  path: z.string().describe("Relative to the folder, with slashes"),
  kind: EntryKind,
  size: z.number().int().nonnegative().nullable().describe("Bytes; null for what is no file"),
  mtime: z.string().nullable().describe("Last change of the content, ISO 8601"),
  mode: z.string().nullable().describe('Permissions in octal, such as "0644"; null where there are none'),
  target: z.string().optional().describe("What a symbolic link says, as it was written"),
  invalidUtf8: z.boolean().optional().describe(
    "True if the name has bytes that are not UTF-8, shown as U+FFFD: no tool but exec can open it",
  ),
});
export type Entry = z.infer<typeof Entry>;

/**
 * What a cursor holds: the order (sort, descending), key and path of the last entry before it, and how many of the same key
 * and path there were up to that one.
 */
export const ListCursor = z.tuple([
  z.enum(["name", "size", "mtime"]),
  z.boolean(),
  z.number(),
  z.string(),
  z.number().int().positive(),
]);
export type ListCursor = z.infer<typeof ListCursor>;

export const listDir = defineOperation({
  title: "List a folder",
  description:
    "Lists the entries of a folder: path, kind, size, time of change, permissions and, for symbolic links, where they point. By default " +
    "only the folder itself is listed, without hidden names; depth goes further down, and symbolic links are never followed. glob is a " +
    'real one, over the path relative to the folder: "*.ts", "**/*_test.ts", "src/{a,b}/**", "[0-9]*". Entries come in pages: ' +
    "pass next as cursor, with the other parameters unchanged, for the page after. leftOut tells what was not listed and why.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(4096).describe(
      "The folder; ~ is the home folder, where a relative path starts",
    ),
    glob: z.string().min(1).max(1000).optional().describe(
      "Lists only what matches. Without a slash it is held against the name, else against the path relative to the folder",
    ),
    depth: z.number().int().min(1).max(MAX_LIST_DEPTH).optional().describe(
      "Levels of folders to look into. Default 1, the folder alone; with a glob that has a slash, 32",
    ),
    hidden: z.boolean().optional().describe("Also names that begin with a dot. Default false"),
    kinds: z.array(z.enum(["file", "directory", "symlink", "other"])).min(1).max(4).optional().describe(
      "Lists only these kinds; other is a FIFO, a socket or a device",
    ),
    sort: z.enum(["name", "size", "mtime"]).optional().describe("Default name, which is the relative path"),
    descending: z.boolean().optional().describe("Largest, newest or last name first. Default false"),
    limit: z.number().int().min(1).max(5000).optional().describe("Entries a page. Default 500"),
    cursor: z.string().max(16_384).optional().describe("The value of next of the page before"),
    respect_ignore: z.boolean().optional().describe(
      "Leaves out what .gitignore, .ignore and .git/info/exclude say, and .git itself. Default false",
    ),
  }),
  result: z.object({
    path: z.string().describe("The folder's real path"),
    entries: z.array(Entry),
    next: z.string().nullable().describe("Cursor of the next page; null if this is the last"),
    totals: z.object({
      entries: z.number().int().nonnegative().describe("Entries of all pages together"),
      file: z.number().int().nonnegative(),
      directory: z.number().int().nonnegative(),
      symlink: z.number().int().nonnegative(),
      other: z.number().int().nonnegative(),
      examined: z.number().int().nonnegative().describe("Entries that were looked at, also those not listed"),
    }),
    leftOut: z.object({
      hidden: z.number().int().nonnegative().describe("Hidden names; what is below them is not counted"),
      ignored: z.number().int().nonnegative().describe("What ignore files leave out; not what is below"),
      denied: Named.describe("What the host's path rules forbid to read"),
      unreadable: Named.describe("Folders that could not be read"),
      ignoreFiles: Named.describe("Ignore files that are too large to be respected in full"),
    }),
    stopped: z.object({
      reason: z.enum(["entries", "time"]),
      message: z.string(),
    }).nullable().describe("Why the walk ended before it had seen everything; null if it saw all"),
  }),
});
