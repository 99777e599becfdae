import assert from "node:assert/strict";
import { SED, sedProblem } from "../../../../src/safety/programs/sed.ts";
import { testExamples } from "../_examples.ts";

testExamples("SED", SED);

for (
  const script of [
    "p",
    "1,5p",
    "$d",
    "/a/,/b/{p;d}",
    "s/a/b/",
    "s|/|:|gp",
    "s/[/x]*/y/".replace("/x", "x"),
    "1!G;h;$!d",
    "y/ab/cd/",
    "/a/I p",
    "q5",
  ]
) {
  Deno.test(`sedProblem() allows ${script}`, () => assert.equal(sedProblem(script), undefined));
}

for (
  const script of [
    "w f",
    "1w f",
    "/a/w f",
    "e",
    "1e x",
    "s/a/b/e",
    "s/a/b/ge",
    "s/a/b/w f",
    "s/a/b",
    "s/a/b/;w f",
    "s/[/]/w f/",
    "p\nw f",
    "{p",
    "p}",
    "r f",
    "W f",
    "a\\\nx",
    "\\,a,w f",
    "b x",
    ": x",
    "s\na\nb\n",
    "p;;e x",
    "1,2!{e x\n}",
    "pw",
    "y/a/b/w f",
  ]
) {
  Deno.test(`sedProblem() does not allow ${JSON.stringify(script)}`, () =>
    assert.notEqual(sedProblem(script), undefined));
}
