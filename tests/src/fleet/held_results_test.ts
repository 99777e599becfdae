import assert from "node:assert/strict";
import fc from "fast-check";
import {
  createHeldResults,
  CUT_END_CHARACTERS,
  cutResult,
  type Held,
} from "../../../src/fleet/held_results.ts";
import { NO_OUTPUT } from "../../helpers/sample_results.ts";

const LONG = "x".repeat(10_000);
const output = (head: string, tail = "") => ({ ...NO_OUTPUT, head, tail });

Deno.test("hold() counts a text that many hosts wrote once, until the last one drops it", () => {
  const results = createHeldResults();
  const first = results.hold({ a: LONG, list: [LONG, { b: `${LONG}` }] });
  const before = results.characters;
  assert.ok(before >= LONG.length && before < LONG.length + 500);
  const second = results.hold({ a: LONG });
  assert.ok(results.characters - before < 200);
  results.drop(first);
  assert.ok(results.characters >= LONG.length);
  results.drop(second);
  assert.equal(results.characters, 0);
});

Deno.test("hold() gives back what it took, and drop() gives all of it up", () => {
  fc.assert(fc.property(fc.array(fc.jsonValue(), { maxLength: 8 }), fc.func(fc.nat()), (values, order) => {
    const results = createHeldResults();
    const held: Held[] = values.map((value) => results.hold(value));
    held.forEach(({ value }, i) => assert.equal(JSON.stringify(value), withoutProto(values[i])));
    held.sort((a, b) => order(a.own) - order(b.own)).forEach((one) => results.drop(one));
    assert.equal(results.characters, 0);
  }));
});

/** What a host may name so is left out. */
const withoutProto = (value: unknown) =>
  JSON.stringify(value, (key, inner) => key === "__proto__" ? undefined : inner);

Deno.test("hold() keeps a result from changing what objects are", () => {
  const { value } = createHeldResults().hold(JSON.parse('{"__proto__":{"polluted":1},"a":1}'));
  assert.deepEqual(value, { a: 1 });
});

Deno.test("isOverfull tells that there is more than there may be, also of many small values", () => {
  const results = createHeldResults(1_000);
  results.hold("x".repeat(900));
  assert.equal(results.isOverfull, false);
  results.hold(Array.from({ length: 20 }, () => 1));
  assert.ok(results.isOverfull);
});

const CUTS: readonly (readonly [string, unknown, unknown])[] = [
  ["a short result", { stdout: output("a"), n: 1 }, undefined],
  ["an output that fits", output("x".repeat(2 * CUT_END_CHARACTERS)), undefined],
  ["an output of one piece", output(`a${LONG}b`), {
    ...output(`a${"x".repeat(CUT_END_CHARACTERS - 1)}`, `${"x".repeat(CUT_END_CHARACTERS - 1)}b`),
    truncated: true,
  }],
  ["an output of two ends", { stdout: output(`a${LONG}`, `${LONG}b`) }, {
    stdout: {
      ...output(`a${"x".repeat(CUT_END_CHARACTERS - 1)}`, `${"x".repeat(CUT_END_CHARACTERS - 1)}b`),
      truncated: true,
    },
  }],
];
for (const [what, value, expected] of CUTS) {
  Deno.test(`cutResult() of ${what}`, () => {
    const cut = cutResult(value);
    assert.deepEqual(cut, { value: expected ?? value, isCut: expected !== undefined });
  });
}

Deno.test("cutResult() marks where a long text was cut, and leaves no half characters", () => {
  const { value } = cutResult({ content: "\u{1F600}".repeat(5_000).slice(1) });
  const { content } = value as { content: string }; // As it was put in.
  assert.ok(content.isWellFormed());
  assert.match(content, /\n\[\.\.\. 5903 characters are not held any more \.\.\.\]\n/);
});
