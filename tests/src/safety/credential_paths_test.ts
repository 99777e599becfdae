import assert from "node:assert/strict";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";

const secret = [
  "cat /etc/shadow",
  "cat /etc//shadow",
  "cat /etc/./shadow",
  "cat /etc/x/../shadow",
  'cat /etc/sha""dow',
  "cat /etc/shad*",
  "cat /etc/{shadow,passwd}",
  "cat ~/.ssh/id_rsa",
  "cat ~/.ssh/id_*",
  "grep x --file=/etc/shadow y",
  "cd /etc && cat shadow",
  "cat < /etc/shadow",
  "cat ~/.aws/credentials",
  "cat /proc/1/environ",
  "head -c 99 /dev/sda",
  "cat /run/secrets/x",
  "find . -exec cat /etc/shadow \\;",
  "ls | xargs cat /etc/shadow",
  "timeout 5 cat /etc/shadow",
  "cat ~/.config/remote-agents/config.toml",
  "cd ~/.local/state/remote-agents && cat host_key",
];
for (const command of secret) {
  Deno.test(`findCredential() finds the secret in ${command}`, () => {
    const verdict = judgeCommand({ command }, { os: "linux" });
    assert.ok(verdict.verdict === "unknown");
    assert.equal(verdict.rule, "credential");
  });
}

for (
  const command of [
    "cat *",
    "ls /etc/*",
    "cat /etc/passwd",
    "cat ./*.txt",
    "ls -l /dev/sda",
    "cat /dev/null",
    "cat /proc/cpuinfo",
    "grep shadow f.css",
    "cat src/credentials.ts",
  ]
) {
  Deno.test(`findCredential() finds none in ${command}`, () => {
    assert.equal(judgeCommand({ command }, { os: "linux" }).verdict, "known");
  });
}

Deno.test("findCredential() is not slowed down by patterns of many stars", () => {
  const started = performance.now();
  judgeCommand({ command: `cat ${"*a".repeat(100)}` }, { os: "linux" });
  assert.ok(performance.now() - started < 2000);
});
