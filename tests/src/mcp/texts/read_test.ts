import assert from "node:assert/strict";
import { describeFileStat, describeReadFile } from "../../../../src/mcp/texts/read.ts";

const AGENT = { id: "bcdefghij0123456789a", name: "box" };
const TEXT = {
  kind: "text",
  path: "/a\nb",
  size: 20,
  modified: null,
  text: "one\ntwo\n",
  encoding: "utf-8",
  lineEndings: "lf",
  startLine: 1,
  lines: 2,
  totalLines: 5,
  notes: ["A note"],
} as const;

Deno.test("describeReadFile() shows the text and how to go on", () => {
  assert.equal(
    describeReadFile({ ...TEXT, notes: [...TEXT.notes], next: { start_line: 3 } }, AGENT),
    '"/a\\u{a}b" on box: lines 1 to 2 of 5, 20 bytes, utf-8\n---\none\ntwo\n---\nA note\nThere is more: call again with start_line 3',
  );
});

Deno.test("describeReadFile() describes what is no text", () => {
  const binary = {
    kind: "binary",
    path: "/x",
    size: 9,
    modified: null,
    mimeType: "application/zip",
    notes: ["Only described"],
  } as const;
  assert.equal(
    describeReadFile({ ...binary, notes: [...binary.notes] }, AGENT),
    '"/x" on box: application/zip, 9 bytes\nOnly described',
  );
  assert.match(
    describeReadFile({ ...binary, notes: [], base64: "AAAA", next: { offset: 3 } }, AGENT),
    /\nAAAA\n.*offset 3$/,
  );
  assert.ok(
    !describeReadFile({ ...binary, kind: "image", notes: [], base64: "AAAA" }, AGENT).includes("AAAA"),
  );
});

Deno.test("describeReadFile() tells a slice, an empty part and odd line endings", () => {
  const { startLine: _startLine, lines: _lines, totalLines: _totalLines, ...slice } = TEXT;
  assert.match(
    describeReadFile({ ...slice, offset: 4, length: 8, lineEndings: "crlf", notes: [] }, AGENT),
    /bytes 4 to 12, 20 bytes, utf-8, crlf line endings/,
  );
  assert.match(
    describeReadFile({ ...TEXT, text: "", lines: 0, hasBom: true, notes: [] }, AGENT),
    /^[^\n]*no lines, 20 bytes, utf-8 with a byte order mark$/,
  );
});

Deno.test("describeFileStat() says what is there and what the rules allow", () => {
  const stat = {
    path: "/a",
    kind: "file",
    size: 5,
    permissions: "0644",
    userId: 0,
    groupId: 7,
    owner: "root",
    hardLinks: 1,
    modified: "2001-09-09T01:46:40.000Z",
    changed: null,
    accessed: null,
    created: null,
    mayRead: true,
    mayWrite: false,
    notes: ["N"],
    sha256: "ab",
    link: { path: "/l", target: "a\n", isBroken: false },
  } as const;
  assert.equal(
    describeFileStat({ ...stat, notes: [...stat.notes] }, AGENT),
    '"/a" on box: file, 5 bytes\n"/l" is a link to "a\\u{a}"\npermissions 0644, owner root:7, modified 2001-09-09T01:46:40.000Z\n' +
      "by the host's rules it may be read and may not be written\nsha256 ab\nN",
  );
});
