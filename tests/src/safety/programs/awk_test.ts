import assert from "node:assert/strict";
import * as fc from "fast-check";
import { AWK, awkProblem } from "../../../../src/safety/programs/awk.ts";
import { testExamples } from "../_examples.ts";

testExamples("AWK", AWK);

for (
  const program of [
    "{print}",
    "$1 > 2",
    "{print a/b}",
    "/a\\/b/ {print}",
    '{print "a > b"}',
    "{print (a > b)}",
    "NR % 2 == 0",
    "{n++}",
  ]
) {
  Deno.test(`awkProblem() allows ${program}`, () => assert.equal(awkProblem(program), undefined));
}

for (
  const program of [
    '{print > "f"}',
    '{print a[1] > "f"}',
    '{print (a) > "f"}',
    '{print a ? b : c > "f"}',
    '{system("x")}',
    '{print | "x"}',
    "{getline}",
    '{getline < "f"}',
    '{"x" | getline}',
    '@load "x"',
    "{print",
    "print}",
    "(}",
    '{print /"/; system("x"); print /"/}',
    '{if (a) /"/; system("x"); if (a) /"/}',
    "{PATH = 1}",
    "function f() {}",
    '{close("f")}',
    "{print `x`}",
  ]
) {
  Deno.test(`awkProblem() does not allow ${program}`, () => assert.notEqual(awkProblem(program), undefined));
}

Deno.test("awkProblem() finds system() wherever it is slipped into a program", () => {
  const pieces = fc.constantFrom(
    ..."{ } ( ) [ ] ; , / \" ' $ a 1 print if length > < ~ ! + - \\ = \n".split(" "),
    "/x/",
    '"s"',
    "&&",
  );
  fc.assert(
    fc.property(fc.array(pieces, { maxLength: 12 }), fc.array(pieces, { maxLength: 12 }), (before, after) => {
      const program = `${before.join(" ")} ;system(1); ${after.join(" ")}`;
      if (awkProblem(program) !== undefined) return;
      // Allowed only where an awk reads it as text: inside of a string or a pattern that is begun and ended around it.
      const around = /(?<open>["/])[^\n]*;system\(1\);[^\n]*\k<open>/.exec(program);
      assert.ok(around !== null, program);
    }),
  );
});
