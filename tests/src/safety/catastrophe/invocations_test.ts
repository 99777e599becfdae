import assert from "node:assert/strict";
import { findActivity, printedBy } from "../../../../src/safety/catastrophe/invocations.ts";

/** Every case starts `target x` in the end. */
const reached = [
  "target x",
  "a; target x",
  "a | target x",
  "$(target x)",
  "a <(target x)",
  "if a; then target x; fi",
  "f() { target x; }",
  "sudo -u me target x",
  "env -u A B=c target x",
  "timeout -s KILL 5 target x",
  "xargs -n 1 target x",
  "sh -c 'target x'",
  "bash -o pipefail -ec 'target x'",
  "sudo sh -c \"env sh -c 'target x'\"",
  "eval 'target x'",
  "echo 'target x' | sh",
  "sh <<E\ntarget x\nE",
  "bash <<< 'target x'",
  "cat <<E | sh\ntarget x\nE",
  "source /dev/stdin <<< 'target x'",
  "trap 'target x' EXIT",
  "find . -exec target x \\;",
  "find . -execdir sh -c 'target x' \\;",
  "su -c 'target x' me",
  "su me -c 'target x'",
  "watch target x",
  "flock f target x",
  "flock f -c 'target x'",
  "env -S 'target x'",
  "{target,x}",
  "C='target x'; $C",
  "target x &",
  "/opt/bin/target x",
];
for (const command of reached) {
  Deno.test(`findActivity() finds what is started by ${JSON.stringify(command)}`, () => {
    const found = findActivity({ command }).invocations.some(({ name, args }) =>
      name === "target" && args[0] === "x"
    );
    assert.ok(found);
  });
}

for (
  const command of [
    "echo target x",
    "echo 'target x'",
    "# target x",
    "cat <<E\ntarget x\nE",
    "sudo echo target x",
    "ssh host target x",
    "sh target x",
  ]
) {
  Deno.test(`findActivity() starts nothing for ${JSON.stringify(command)}`, () => {
    assert.ok(!findActivity({ command }).invocations.some(({ name }) => name === "target"));
  });
}

Deno.test("findActivity() follows cd", () => {
  const folderOf = (command: string) =>
    findActivity({ command }, "/w").invocations.find(({ name }) => name === "t")?.folder;
  assert.equal(folderOf("t"), "/w");
  assert.equal(folderOf("cd /a && t"), "/a");
  assert.equal(folderOf("cd /a; cd b; t"), "/a/b");
  assert.equal(folderOf("cd; t"), undefined);
  assert.equal(folderOf("cd -; t"), undefined);
});

Deno.test("findActivity() takes the words of an argv as they are", () => {
  const [call] = findActivity({ argv: ["t", "$HOME", "*", "a b"] }).invocations;
  assert.deepEqual(call?.args, ["$HOME", "*", "a b"]);
});

Deno.test("findActivity() notes what output is written to", () => {
  const outputs = (command: string) => findActivity({ command }).invocations.flatMap((call) => call.outputs);
  assert.deepEqual(outputs("a > b"), ["b"]);
  assert.deepEqual(outputs("{ a; } >> b"), ["b"]);
  assert.deepEqual(outputs("F=b; a &> $F"), ["b"]);
  assert.deepEqual(outputs("a < b"), []);
});

Deno.test("printedBy() tells what echo and printf print", () => {
  const printed = (argv: readonly string[]) => findActivity({ argv }).invocations.flatMap(printedBy);
  assert.deepEqual(printed(["echo", "-n", "a", "b"]), ["a b"]);
  assert.deepEqual(printed(["printf", "a\\nb"]), ["a\nb"]);
  assert.deepEqual(printed(["ls", "a"]), []);
});
