import assert from "node:assert/strict";
import {
  describeBackupList,
  describeBackupRestore,
  describeEditFile,
  describeRemoveFile,
  describeWriteFile,
} from "../../../../src/mcp/texts/write.ts";

const AGENT = { id: "abcdefghij0123456789", name: "builder" };
const WRITTEN = {
  path: "/home/ada/a.txt",
  created: false,
  changed: true,
  bytes: 7,
  sha256: "5e".repeat(32),
  previousSha256: "00".repeat(32),
  backupId: 12,
};
const EDITED = {
  ...WRITTEN,
  diff: "--- /home/ada/a.txt\n+++ /home/ada/a.txt\n@@ -1,1 +1,1 @@\n-a\n+b\n",
  diffNote: null,
  dryRun: false,
  replacements: [1, 2],
  encoding: "utf-8" as const,
};
const REMOVED = {
  path: "/home/ada/a.txt",
  removed: true,
  bytes: 7,
  previousSha256: "00".repeat(32),
  backupId: 12,
  linkTarget: null,
};
const NO_FILE = { ...REMOVED, bytes: 0, previousSha256: null, backupId: null };
const BACKUP = {
  id: 12,
  path: "/home/ada/a.txt",
  time: "2026-01-01T00:00:00.000Z",
  operation: "edit_file",
  caller: { id: "a", name: "ada" },
  size: 7,
  sha256: "00",
  mode: "644",
  content: "intact" as const,
};

const texts: readonly [string, string, RegExp][] = [
  [
    "a replaced file",
    describeWriteFile(WRITTEN, AGENT),
    /^Replaced \/home\/ada\/a\.txt on builder: 7 bytes, sha256 5e5e\w+\nThe file before is backup 12$/,
  ],
  [
    "a new file",
    describeWriteFile({ ...WRITTEN, created: true, backupId: null }, AGENT),
    /^Made .* 7 bytes, sha256 \w+$/,
  ],
  [
    "an equal file",
    describeWriteFile({ ...WRITTEN, changed: false }, AGENT),
    /^Nothing to change: .* like this already/,
  ],
  ["an edit", describeEditFile(EDITED, AGENT), /\n3 places in utf-8 text\n--- .*\n\+b$/s],
  [
    "a dry run",
    describeEditFile({ ...EDITED, dryRun: true, backupId: null }, AGENT),
    /^Would have replaced /,
  ],
  [
    "a note on a diff",
    describeEditFile({ ...EDITED, diffNote: "The diff is cut" }, AGENT),
    /\nThe diff is cut$/,
  ],
  [
    "a diff that is too long for a text",
    describeEditFile({ ...EDITED, diff: "+x\n".repeat(10_000) }, AGENT),
    /\n\[of 30000 characters of the diff, 20000 are shown here\]$/,
  ],
  [
    "a restored backup",
    describeBackupRestore({ ...EDITED, restoredId: 3 }, AGENT),
    /^Backup 3\nReplaced .*\nThe file before is backup 12\n---/,
  ],
  [
    "a removed file",
    describeRemoveFile(REMOVED, AGENT),
    /^Removed \/home\/ada\/a\.txt on builder: 7 bytes, sha256 0{64}\nIt is kept as backup 12: backup_restore/,
  ],
  [
    "a file that was gone",
    describeRemoveFile({ ...NO_FILE, removed: false }, AGENT),
    /^Nothing to remove: there is no \/home\/ada\/a\.txt on builder$/,
  ],
  [
    "a removed link",
    describeRemoveFile({ ...NO_FILE, linkTarget: "../b\n" }, AGENT),
    /^Removed the symbolic link \/home\/ada\/a\.txt on builder, which said "\.\.\/b\\u\{a\}"$/,
  ],
  [
    "backups",
    describeBackupList({ backups: [BACKUP], nextCursor: "9", hidden: 2 }, AGENT),
    /^1 backups? on builder.*\n12: \/home\/ada\/a.txt, 7 bytes, before edit_file by ada at 2026.*Z\n2 more are not shown.*\n.*cursor "9"$/,
  ],
  [
    "no backups",
    describeBackupList({ backups: [], nextCursor: null, hidden: 0 }, AGENT),
    /^No backups on builder$/,
  ],
  [
    "a damaged backup",
    describeBackupList({ backups: [{ ...BACKUP, content: "damaged" }], nextCursor: null, hidden: 0 }, AGENT),
    /, content damaged$/,
  ],
];
for (const [what, text, expected] of texts) {
  Deno.test(`the text of ${what} says what matters`, () => assert.match(text, expected));
}

Deno.test("names and contents of files cannot fake lines of a text or steer a terminal", () => {
  const path = "/a\n12: /etc/passwd\u001b[2J\u202e";
  for (
    const text of [
      describeWriteFile({ ...WRITTEN, path }, AGENT),
      describeRemoveFile({ ...REMOVED, path }, AGENT),
      describeRemoveFile({ ...NO_FILE, linkTarget: path }, AGENT),
      describeBackupList({ backups: [{ ...BACKUP, path }], nextCursor: null, hidden: 0 }, AGENT),
      describeEditFile({ ...EDITED, path, diff: "+\u001b[31mred\n" }, AGENT),
    ]
  ) {
    assert.ok(!text.includes("\u001b") && !text.includes("\u202e"));
    assert.doesNotMatch(text, /^12: \/etc/m);
  }
  const long = describeWriteFile({ ...WRITTEN, path: `/${"x".repeat(5_000)}` }, AGENT);
  assert.ok(long.length < 1_000 && /characters left out/.test(long));
});
