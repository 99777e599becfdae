import assert from "node:assert/strict";
import { windowsPathProblem } from "../../../src/safety/windows_path.ts";

const refused: [string, RegExp][] = [
  ["C:\\a\\file.txt:stream", /stream/],
  ["C:\\a\\file.txt::$DATA", /stream/],
  ["C:\\a:b\\c", /stream/],
  ["C:\\CON", /device/],
  ["C:\\a\\nul.txt", /device/],
  ["C:\\com1", /device/],
  ["C:\\lpt\u00b9.x", /device/],
  ["C:\\a\\secret.txt.", /dots and spaces/],
  ["C:\\a \\b", /dots and spaces/],
  ["C:\\PROGRA~1\\x", /short name/],
  ["C:\\Users\\ADA~1\\NTUSER~2.DAT", /short name/],
  ["\\\\server\\share\\x", /another machine/],
  ["//server/share", /another machine/],
  ["\\\\?\\UNC\\server\\share", /another machine/],
  ["\\\\.\\PhysicalDrive0", /another machine/],
  ["\\\\?\\GLOBALROOT\\Device\\x", /another machine/],
  ["C:relative", /drive and a folder/],
  ["\\rooted", /drive and a folder/],
  ["C:\\a\\b*c", /characters/],
  ["C:\\a\\b\nc", /characters/],
];
for (const [path, reason] of refused) {
  Deno.test(`windowsPathProblem() cannot judge ${JSON.stringify(path)}`, () =>
    assert.match(windowsPathProblem(path) ?? "", reason));
}

for (
  const path of [
    "C:\\",
    "C:\\Users\\ada\\a.txt",
    "c:/x/y",
    "\\\\?\\C:\\x",
    "C:\\a~b\\console.log",
    "C:\\common\\.hidden",
    "D:\\a\\file~1 copy.text",
  ]
) {
  Deno.test(`windowsPathProblem() finds nothing wrong with ${path}`, () =>
    assert.equal(windowsPathProblem(path), undefined));
}
