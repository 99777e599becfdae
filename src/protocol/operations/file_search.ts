/**
 * The operation `file_search`: find files by name, and lines by content.
 */
import * as z from "zod";
import { defineOperation } from "../define_operation.ts";
import { EntryKind, Named } from "./list_dir.ts";

const Glob = z.string().min(1).max(1000);
const Globs = z.array(Glob).min(1).max(50);
const Count = z.number().int().nonnegative();

/** A line of a result. */
export const FoundLine = z.object({
  line: z.number().int().positive().describe("From 1"),
  text: z.string(),
  column: z.number().int().positive().optional().describe(
    "Character at which the first match begins, from 1; missing for a line of context",
  ),
  cut: z.object({ before: Count, after: Count }).optional().describe(
    "Present if the line is longer than 500: how many UTF-16 units are left out before and after text",
  ),
});
export type FoundLine = z.infer<typeof FoundLine>;

/** A file, or other entry, that was found. */
export const FoundFile = z.object({
  path: z.string().describe("Relative to path, with slashes"),
  kind: EntryKind,
  count: Count.nullable().describe(
    "Lines that match, also those not shown; null if they were not counted, as in a search for names or files",
  ),
  lines: z.array(FoundLine).describe("Matching lines and those around them"),
});
export type FoundFile = z.infer<typeof FoundFile>;

/** A bound that was hit, and so something is missing. */
export const Truncation = z.object({
  reason: z.enum(["max_results", "max_per_file", "size", "time", "entries", "depth"]),
  message: z.string().describe("What is missing and how to get it"),
});
export type Truncation = z.infer<typeof Truncation>;

export const fileSearch = defineOperation({
  title: "Search files",
  description:
    "Finds entries by name (name, a glob), or lines by content (pattern, a regular expression, or an exact text with literal), or both: " +
    "then only files of that name are searched. Ignore files such as .gitignore are respected and hidden names left out unless asked " +
    "otherwise; symbolic links are not followed, binary files not shown. The regular expression is searched line by line, in the subset that " +
    "ripgrep and JavaScript share: classes, groups, alternatives, repetitions, ^ $ \\b \\d \\w \\s \\p{...}; no look-around and no references. " +
    "Globs without a slash are held against names at any depth, others against the path relative to path. " +
    "truncated lists every bound that was hit, leftOut what was not searched and why: if truncated is empty, files is complete.",
  access: "read",
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  params: z.strictObject({
    path: z.string().min(1).max(4096).describe(
      "Folder to search in, or one file; ~ is the home folder, where a relative path starts",
    ),
    name: Glob.optional().describe('Only entries of this name or path, such as "*.ts" or "src/**/mod.ts"'),
    pattern: z.string().min(1).max(2000).optional().describe("What to search for in the files' lines"),
    literal: z.boolean().optional().describe(
      "Takes pattern as it is, not as a regular expression. Default false",
    ),
    case: z.enum(["smart", "sensitive", "insensitive"]).optional().describe(
      "Default smart: upper and lower case are the same unless pattern has an upper-case letter",
    ),
    word: z.boolean().optional().describe("Only matches that are whole words. Default false"),
    include: Globs.optional().describe("Searches only files that one of these matches"),
    exclude: Globs.optional().describe(
      "Leaves out files, and folders with all in them, that one of these matches",
    ),
    hidden: z.boolean().optional().describe("Also names that begin with a dot. Default false"),
    respect_ignore: z.boolean().optional().describe(
      "Leaves out what .gitignore, .ignore and .git/info/exclude say, and .git itself. Default true",
    ),
    context: z.number().int().min(0).max(10).optional().describe("Lines shown around each match. Default 0"),
    show: z.enum(["lines", "files", "count"]).optional().describe(
      "lines (default) shows the lines, files only which files match, count how many lines of each match",
    ),
    max_results: z.number().int().min(1).max(2000).optional().describe(
      "Matching lines, or with show files or count, and for names, files. Default 200",
    ),
    max_per_file: z.number().int().min(1).max(2000).optional().describe(
      "Matching lines shown of one file. Default: no limit of its own",
    ),
    max_file_bytes: z.number().int().min(1).max(64 * 1024 * 1024).optional().describe(
      "Larger files are not searched. Default 16777216 (16 MiB)",
    ),
    timeout_ms: z.number().int().min(1).max(300_000).optional().describe(
      "Milliseconds until what was found so far is returned. Default 20000",
    ),
  }),
  result: z.object({
    path: z.string().describe("The real path that was searched: the paths of files are relative to it"),
    engine: z.enum(["ripgrep", "built-in"]).describe("What picked the files to read; both find the same"),
    files: z.array(FoundFile),
    totals: z.object({
      found: Count.describe("Files, or other entries, in this result"),
      lines: Count.describe("Matching lines in them, also those not shown"),
      shown: Count.describe("Matching lines shown"),
      searched: Count.describe("Files whose content was searched"),
      examined: Count.describe("Entries that were looked at, also those left out"),
    }),
    leftOut: z.object({
      hidden: Count.describe("Hidden names; what is below them is not counted"),
      ignored: Count.describe("What ignore files leave out; not what is below"),
      symlinks: Count.describe("Symbolic links, which are not followed"),
      special: Count.describe("FIFOs, sockets and devices"),
      denied: Named.describe("What the host's path rules forbid to read"),
      unreadable: Named.describe("What could not be read, or vanished"),
      tooLarge: Named.describe("Files over max_file_bytes"),
      binary: Named.describe("Binary files (with a NUL character) that match; their lines are not shown"),
      ignoreFiles: Named.describe("Ignore files that are too large to be respected in full"),
    }),
    truncated: z.array(Truncation).describe("Bounds that were hit; empty if the result is complete"),
  }),
});
