import assert from "node:assert/strict";
import { isShell, shellScript, startedBy } from "../../../../src/safety/catastrophe/wrappers.ts";

const started: readonly (readonly [command: string, words: string, scripts?: readonly string[]])[] = [
  ["sudo t x", "t x"],
  ["sudo -u me -n t x", "t x"],
  ["sudo -nu me t x", "t x"],
  ["sudo --user=me t", "t"],
  ["sudo --user me t", "t"],
  ["sudo -- t -x", "t -x"],
  ["sudo A=b t", "t"],
  ["env -i A=b C=d t", "t"],
  ["env -u A t", "t"],
  ["nice -n 5 t", "t"],
  ["nice -5 t", "t"],
  ["timeout 5 t", "t"],
  ["timeout -k 1 --signal KILL 5 t", "t"],
  ["xargs -0 -I {} t {}", "t {}"],
  ["env -S run", "", ["run"]],
  ["su -c run", "", ["run"]],
];
for (const [command, words, scripts] of started) {
  Deno.test(`startedBy() reads ${command}`, () => {
    const [name = "", ...args] = command.split(" ");
    const result = startedBy(name, args);
    assert.equal(result?.words.join(" "), words);
    if (scripts !== undefined) assert.ok(scripts.every((script) => result?.scripts.includes(script)));
  });
}

Deno.test("startedBy() is for wrappers only", () => {
  for (const name of ["ls", "echo", "ssh", "constructor", "__proto__"]) {
    assert.equal(startedBy(name, ["x"]), undefined);
  }
});

const shells:
  readonly (readonly [args: readonly string[], script: string | undefined, readsInput: boolean])[] = [
    [["-c", "x"], "x", false],
    [["-lc", "x", "y"], "x", false],
    [["-e", "-c", "x"], "x", false],
    [["--norc", "-c", "x"], "x", false],
    [["--rcfile", "f", "-c", "x"], "x", false],
    [["-o", "pipefail", "-c", "x"], "x", false],
    [["+x", "-c", "x"], "x", false],
    [["-c", "--", "x"], "x", false],
    [["f"], undefined, false],
    [[], undefined, true],
    [["-s"], undefined, true],
    [["-"], undefined, true],
  ];
for (const [args, script, readsInput] of shells) {
  Deno.test(`shellScript() reads ${JSON.stringify(args)}`, () => {
    const result = shellScript(args);
    assert.deepEqual([result.script, result.readsInput], [script, readsInput]);
  });
}

Deno.test("isShell() knows shells by name", () => {
  assert.ok(["sh", "bash", "dash", "zsh", "ksh"].every(isShell));
  assert.ok(!["ssh", "fishing", "shred", ""].some(isShell));
});
