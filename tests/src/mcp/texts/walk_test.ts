import assert from "node:assert/strict";
import type * as z from "zod";
import { describeFileSearch, describeListDir } from "../../../../src/mcp/texts/walk.ts";
import type { fileSearch } from "../../../../src/protocol/operations/file_search.ts";
import type { listDir } from "../../../../src/protocol/operations/list_dir.ts";

const AGENT = { id: "bcdefghij0123456789a", name: "host" };
const NONE = { count: 0, first: [] };

const listing: z.infer<typeof listDir.result> = {
  path: "/x",
  entries: [
    { path: "a\n0644 1 fake", kind: "file", size: 12, mtime: "2026-01-02T03:04:05.000Z", mode: "0644" },
    { path: "d", kind: "directory", size: null, mtime: null, mode: "0755" },
    { path: "l", kind: "symlink", size: null, mtime: null, mode: null, target: "to\x1b[2J" },
    { path: "p\uFFFD", kind: "fifo", size: null, mtime: null, mode: null, invalidUtf8: true },
  ],
  next: "abc",
  totals: { entries: 9, file: 1, directory: 1, symlink: 1, other: 1, examined: 11 },
  leftOut: {
    hidden: 2,
    ignored: 0,
    denied: { count: 7, first: ["s\nx"] },
    unreadable: NONE,
    ignoreFiles: NONE,
  },
  stopped: { reason: "time", message: "The walk ended" },
};

const found: z.infer<typeof fileSearch.result> = {
  path: "/x",
  engine: "ripgrep",
  files: [{
    path: "a\n--- b",
    kind: "file",
    count: 1,
    lines: [{ line: 1, text: "before\u2028\t" }, {
      line: 2,
      text: "hit\r\x1b[1A",
      column: 1,
      cut: { before: 3, after: 0 },
    }],
  }],
  totals: { found: 1, lines: 1, shown: 1, searched: 3, examined: 4 },
  leftOut: {
    hidden: 0,
    ignored: 0,
    symlinks: 1,
    special: 0,
    denied: NONE,
    unreadable: NONE,
    tooLarge: { count: 1, first: ["big"] },
    binary: NONE,
    ignoreFiles: NONE,
  },
  truncated: [{ reason: "time", message: "The time was over" }],
};

Deno.test("describeListDir() gives each entry one line, whatever it is called", () => {
  assert.equal(
    describeListDir(listing, AGENT),
    [
      "4 of 9 entries of /x on host (1 folders, 1 files in all; 11 examined)",
      "0644         12 2026-01-02 03:04 a\\u{a}0644 1 fake",
      "0755          - - d/",
      "----          - - l -> to\\u{1b}[2J",
      "----          - - p\uFFFD (fifo) (not UTF-8)",
      "Left out: 2 hidden; 7 denied by path rules (s\\u{a}x, ...)",
      "Incomplete: The walk ended",
      'There are more: pass cursor "abc" for the next page',
    ].join("\n"),
  );
});

Deno.test("describeFileSearch() gives each line one line, whatever is in it", () => {
  assert.equal(
    describeFileSearch(found, AGENT),
    [
      "1 matching lines in 1 found in /x on host (3 files searched with ripgrep, 4 examined)",
      "--- a\\u{a}--- b (1)",
      "1- before\\u{2028}\t",
      "2: [...]hit\\u{d}\\u{1b}[1A",
      "Left out: 1 symbolic links; 1 too large (big)",
      "Incomplete: The time was over",
    ].join("\n"),
  );
});

Deno.test("describeFileSearch() says how much it does not show", () => {
  const lines = Array.from({ length: 500 }, (_, at) => ({ line: at + 1, text: "x".repeat(400), column: 1 }));
  const text = describeFileSearch(
    { ...found, files: [{ path: "a", kind: "file", count: 500, lines }] },
    AGENT,
  );
  assert.ok(text.length < 42_000);
  assert.match(text, /\[\d+ more lines are in the structured content only\]/);
  assert.match(text, /Incomplete: The time was over$/);
});
