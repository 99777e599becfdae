import assert from "node:assert/strict";
import { judgeCommand } from "../../../../src/safety/shell_policy.ts";

const known = [
  "Get-ChildItem",
  "get-childitem -Path C:\\Users -Recurse",
  "Get-Content C:\\log.txt -Tail 20",
  "Get-Process",
  "hostname",
  "whoami /all",
  "ipconfig /all",
  "Test-Path .\\x",
];
for (const command of known) {
  Deno.test(`judgeWindows() knows ${command}`, () =>
    assert.equal(judgeCommand({ command }, { os: "windows" }).verdict, "known"));
}

const unknown = [
  "",
  "Remove-Item x",
  "Get-Content x; Remove-Item x",
  "Get-Content x | Out-File y",
  "Get-Content x > y",
  "Get-Content $(Remove-Item x)",
  "Get-Content (Remove-Item x)",
  "Get-Content `x",
  "Get-Content x\nRemove-Item x",
  'Get-Content "x"',
  "Get-Content $env:X",
  "Get-Content \\\\server\\share",
  "Get-Content @x",
  "Get-Content -Path:{x}",
  "Get-ChildItem -OutVariable x",
  "hostname evil",
  "ipconfig /release",
  "tasklist /S server",
  "cmd /c dir",
  "& whoami",
  ".\\whoami",
  "whoami \u2013all",
  "Get-ChildItem\u00a0x",
  "constructor",
];
for (const command of unknown) {
  Deno.test(`judgeWindows() does not know ${JSON.stringify(command)}`, () => {
    assert.equal(judgeCommand({ command }, { os: "windows" }).verdict, "unknown");
  });
}

Deno.test("judgeWindows() judges an argv word by word", () => {
  assert.equal(judgeCommand({ argv: ["Get-Content", "x"] }, { os: "windows" }).verdict, "known");
  assert.equal(
    judgeCommand({ argv: ["Get-Content", "x; Remove-Item y"] }, { os: "windows" }).verdict,
    "unknown",
  );
});
