import assert from "node:assert/strict";
import { GIT, joinFolder } from "../../../src/safety/git_policy.ts";
import { judgeCommand } from "../../../src/safety/shell_policy.ts";
import { testExamples } from "./_examples.ts";

testExamples("GIT", GIT);

const folders: readonly (readonly [command: string, repositories: readonly string[]])[] = [
  ["git status", [""]],
  ["git -C a status", ["a"]],
  ["git -C a -C b status", ["a/b"]],
  ["git -C /a status", ["/a"]],
  ["cd a && git status", ["", "a"]],
  ["cd a && cd b && git -C c log", ["c", "a/c", "b/c", "a/b/c"]],
  ["timeout 5 git -C a status", ["a"]],
  ["git status && cd a", [""]],
  ["git --version", []],
  ["ls", []],
];
for (const [command, repositories] of folders) {
  Deno.test(`judgeCommand() names the folders git works in: ${command}`, () => {
    const verdict = judgeCommand({ command }, { os: "linux" });
    assert.ok(verdict.verdict === "known");
    assert.deepEqual([...verdict.repositories].sort(), [...repositories].sort());
  });
}

for (
  const command of [
    'cd "$X" && git status',
    "cd && git status",
    "cd - && git status",
    "cd ~ && git status",
    "command cd a && git status",
    "for d in a b; do cd $d; git status; done",
    "while true; do cd a; git status; done",
  ]
) {
  Deno.test(`judgeCommand() does not know git in a folder it cannot name: ${command}`, () => {
    assert.equal(judgeCommand({ command }, { os: "linux" }).verdict, "unknown");
  });
}

Deno.test("joinFolder() joins as cd does", () => {
  assert.equal(joinFolder("", "a"), "a");
  assert.equal(joinFolder("a", "b"), "a/b");
  assert.equal(joinFolder("a", "/b"), "/b");
  assert.equal(joinFolder("a", "."), "a");
});
