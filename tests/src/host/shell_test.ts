import assert from "node:assert/strict";
import { shellArgv } from "../../../src/host/shell.ts";

const POWERSHELL = ["-NoLogo", "-NoProfile", "-NonInteractive", "-Command", "ls"];
for (
  const [shell, expected] of [
    ["/bin/bash", ["-c", "--", "ls"]],
    ["/bin/sh", ["-c", "--", "ls"]],
    ["C:\\Program Files\\PowerShell\\7\\pwsh.exe", POWERSHELL],
    ["C:\\Windows\\System32\\WindowsPowerShell\\v1.0\\powershell.exe", POWERSHELL],
    ["/usr/bin/pwsh", POWERSHELL],
  ] as const
) {
  Deno.test(`shellArgv() gives a line to ${shell}`, () => {
    assert.deepEqual(shellArgv(shell, "ls"), [shell, ...expected]);
  });
}
