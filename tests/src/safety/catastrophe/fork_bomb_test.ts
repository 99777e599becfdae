import assert from "node:assert/strict";
import { parse } from "unbash";
import { forkBombProblem, interpreterBombProblem } from "../../../../src/safety/catastrophe/fork_bomb.ts";

for (
  const source of [
    ":(){ :|:& };:",
    "x(){ x|x;};x",
    "x() { y & x & }",
    "x() { if a; then x | x; fi; }",
    "$0 & $0",
    "while :; do a & done",
    "until false; do a & done",
    "while ((1)); do a & done",
  ]
) {
  Deno.test(`forkBombProblem() sees one in ${source}`, () =>
    assert.notEqual(forkBombProblem(parse(source)), undefined));
}

for (
  const source of [
    "x() { x; }",
    "x() { a | b; }; x & x",
    "x() { a & }; x",
    "while :; do a & wait; done",
    "while :; do a & sleep 1; done",
    "while a; do b & done",
    "a & b & c &",
    "while read x; do y & done",
  ]
) {
  Deno.test(`forkBombProblem() sees none in ${source}`, () =>
    assert.equal(forkBombProblem(parse(source)), undefined));
}

Deno.test("interpreterBombProblem() sees the well-known ones only", () => {
  const problemOf = (name: string, text: string) =>
    interpreterBombProblem({ name, args: ["-e", text], outputs: [], folder: undefined, inside: [] });
  assert.notEqual(problemOf("perl", "fork while 1"), undefined);
  assert.notEqual(problemOf("python3.12", "while True: os.fork()"), undefined);
  assert.equal(problemOf("perl", "fork"), undefined);
  assert.equal(problemOf("echo", "fork while 1"), undefined);
});
