import assert from "node:assert/strict";
import { ANY, HOME, ONE, OPEN, sourceOf } from "../../../../src/safety/catastrophe/fields.ts";
import { findActivity } from "../../../../src/safety/catastrophe/invocations.ts";

const cases: readonly (readonly [source: string, args: readonly string[]])[] = [
  ["t a 'b c'", ["a", "b c"]],
  ["t {a,b}c", ["ac", "bc"]],
  ["t {1..3}", [ANY]],
  ["t *.x ?y [ab]z", [`${ANY}.x`, `${ONE}y`, `${ONE}z`]],
  ["t '*' \"~\"", ["*", "~"]],
  ["t ~ ~/x ~root", [HOME, `${HOME}/x`, HOME]],
  ['t $HOME "${HOME}/x" ${HOME:?}', [HOME, `${HOME}/x`, HOME]],
  ["t $X", [OPEN]],
  ["X=a; t $X", ["a"]],
  ["X='a b'; t $X", ["a", "b"]],
  ["X='a b'; t \"$X\"", ["a b"]],
  ["X=a; X=b; t $X", ["a", "b"]],
  ["X=a; Y=$X/b; t $Y", ["a/b"]],
  ["for f in a b; do t $f; done", ["a", "b"]],
  ["t ${X:-/}", ["/"]],
  ["t $(echo /)", ["/"]],
  ["t $(ls)", [OPEN]],
  ["X=$X; t $X", [OPEN]],
];
for (const [source, args] of cases) {
  Deno.test(`fieldsOf() fills in ${source}`, () => {
    const call = findActivity({ command: source }).invocations.find(({ name }) => name === "t");
    assert.deepEqual(call?.args, args);
  });
}

Deno.test("sourceOf() writes marks as the shell would read them", () => {
  assert.equal(sourceOf(`${HOME}/${ANY}${ONE} ${OPEN}`), "$HOME/*? $UNKNOWN");
});
