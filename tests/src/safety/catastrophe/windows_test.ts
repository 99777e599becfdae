import assert from "node:assert/strict";
import { windowsProblem } from "../../../../src/safety/catastrophe/windows.ts";

const found: readonly (readonly [command: string, rule: string])[] = [
  ["Remove-Item -Recurse -Force C:\\", "remove-great-folder"],
  ["remove-item C:\\* -recurse", "remove-great-folder"],
  ["rm -r -fo C:/", "remove-great-folder"],
  ["rd /s /q C:\\Windows", "remove-great-folder"],
  ['cmd /c "rd /s /q C:\\"', "remove-great-folder"],
  ["powershell -Command Remove-Item -Recurse $HOME", "remove-great-folder"],
  ["Remove-Item -Recurse C:\\Users\\me", "remove-great-folder"],
  ["Remove-Item $env:USERPROFILE -Recurse", "remove-great-folder"],
  ["dir; rd /s C:\\", "remove-great-folder"],
  ["format C: /q", "block-device"],
  ["Format-Volume -DriveLetter C", "block-device"],
  ["Clear-Disk 0", "block-device"],
  ["diskpart /s x", "block-device"],
  ["Stop-Service remote-agent", "own-service"],
  ["sc.exe stop remote-agent", "own-service"],
  ["taskkill /F /IM remote-agent.exe", "own-service"],
];
for (const [command, rule] of found) {
  Deno.test(`windowsProblem() sees ${rule} in ${command}`, () =>
    assert.equal(windowsProblem(command)?.rule, rule));
}

for (
  const command of [
    "Remove-Item -Recurse C:\\temp\\build",
    "Remove-Item C:\\x.txt",
    "rd /s /q build",
    'echo "rd /s C:\\"',
    "Get-ChildItem -Recurse C:\\",
    "Format-Table",
    "sc.exe query remote-agent",
    "Get-Service remote-agent",
    "Stop-Service nginx",
    "",
  ]
) {
  Deno.test(`windowsProblem() leaves ${JSON.stringify(command)} alone`, () =>
    assert.equal(windowsProblem(command), undefined));
}
