import assert from "node:assert/strict";
import * as fc from "fast-check";
import { MAX_COMMAND_LENGTH, readShell } from "../../../src/safety/shell_syntax.ts";

function rulesOf(source: string, shell: "bash" | "sh" = "bash"): readonly string[] {
  return readShell(source, shell).problems.map(({ rule }) => rule);
}

const problems: readonly (readonly [source: string, rule: string])[] = [
  ["", "empty"],
  ["# x", "empty"],
  ["ls 'x", "syntax-error"],
  ["ls &", "background"],
  ["coproc ls", "background"],
  ["f() { ls; }", "function"],
  ["ls > f", "redirection"],
  ["ls >&3", "redirection"],
  ["ls {x}>&1", "redirection"],
  ["cat < /dev/tcp/a/1", "redirection"],
  ['cat < "$x"', "redirection"],
  ["ls\u00a0-l", "character"],
  ["ls\r", "character"],
  ["ls \u202e", "character"],
  ["l\\\ns", "line-continuation"],
  ["PATH=.", "assignment"],
  ["x+=1", "assignment"],
  ["x[0]=1", "assignment"],
  ["x=(1)", "assignment"],
  ["export x=1", "assignment"],
  ["for PATH in .; do ls; done", "assignment"],
  ["((1))", "arithmetic"],
  ["[[ $x -eq 1 ]]", "arithmetic"],
  ["[[ -v x ]]", "test-operator"],
  ["[[ a < b ]]", "test-operator"],
  ["select x in a; do ls; done", "select"],
  ["ls >(cat)", "process-substitution"],
  ["cat <<$x\na\n$x", "here-document"],
  [`${"( ".repeat(40)}ls${" )".repeat(40)}`, "nesting"],
  ["x".repeat(MAX_COMMAND_LENGTH + 1), "length"],
];
for (const [source, rule] of problems) {
  Deno.test(`readShell() finds ${rule} in ${JSON.stringify(source.slice(0, 40))}`, () =>
    assert.ok(rulesOf(source).includes(rule)));
}

for (
  const source of [
    "[[ -f x ]]",
    "ls &> /dev/null",
    "cat <<< x",
    "cat <(ls)",
    "ls |& cat",
    "echo $'x'",
    "echo {a,b}",
    "echo ${x:1:2}",
    "time ls",
  ]
) {
  Deno.test(`readShell() knows that only bash reads ${source}`, () => {
    assert.deepEqual(rulesOf(source, "bash"), []);
    assert.ok(rulesOf(source, "sh").includes("bash-only"));
  });
}

Deno.test("readShell() finds all simple commands in their order", () => {
  const { commands } = readShell(
    "a $(b) | c && { d; } || (e; if f; then g; fi)\nfor x in 1; do h; done",
    "bash",
  );
  const programs = commands.map(({ words, isLooped }) => `${words[0]?.text}${isLooped ? "*" : ""}`);
  assert.deepEqual(programs, ["b", "a", "c", "d", "e", "f", "g", "h*"]);
});

Deno.test("readShell() never throws, whatever it is given", () => {
  const piece = fc.constantFrom(
    ..."$( ) ` ' \" { } [[ ]] (( )) ; & | < > << <<< # ! \\ \n ls if then fi for in do done case esac ${ x = ~ *"
      .split(" "),
    " ",
    "\n",
  );
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
      readShell(pieces.join(""), "bash");
      readShell(pieces.join(" "), "sh");
    }),
    { numRuns: 500 },
  );
  fc.assert(fc.property(fc.string({ unit: "binary", maxLength: 200 }), (source) => {
    readShell(source, "bash");
  }));
});
