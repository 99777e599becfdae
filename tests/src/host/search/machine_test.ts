import assert from "node:assert/strict";
import fc from "fast-check";
import { compile, Scan } from "../../../../src/host/search/machine.ts";
import { parseExpression } from "../../../../src/host/search/parse_expression.ts";
import { toSource } from "../../../../src/host/search/pattern.ts";
import { anyPattern } from "./any_pattern.ts";

Deno.test("Scan finds what JavaScript's own matching finds", () => {
  const text = fc.string({
    unit: fc.constantFrom("a", "b", "c", "K", "k", "\u212a", " ", "é", "É", "😀", "1", "_"),
    maxLength: 14,
  });
  fc.assert(
    fc.property(anyPattern(), text, fc.boolean(), (pattern, line, ignoresCase) => {
      const expected = new RegExp(toSource(pattern), ignoresCase ? "vi" : "v").exec(line)?.index ?? -1;
      // JavaScript looks for places within a character, too.
      if (/[\uD800-\uDBFF]$/.test(line.slice(0, Math.max(0, expected)))) return;
      assert.equal(new Scan(compile(pattern, ignoresCase), line).advance(Infinity), expected);
    }),
    { numRuns: 1500 },
  );
});

Deno.test("Scan goes on where it stopped", () => {
  const program = compile(parseExpression("(a|b)+c").pattern, false);
  const scan = new Scan(program, `${"ab".repeat(50)}c`);
  let rounds = 0;
  let found: number | undefined;
  do {
    found = scan.advance(7);
    rounds++;
  } while (found === undefined);
  assert.deepEqual([found, rounds > 10], [0, true]);
});

Deno.test("Scan needs no more steps for patterns that are catastrophic elsewhere", () => {
  for (const pattern of ["(a+)+$", "(a|a)*b", "(a?){30}a{30}b", "(.*)*x", "(a*)*(a*)*b"]) {
    const scan = new Scan(compile(parseExpression(pattern).pattern, false), `${"a".repeat(3000)}!`);
    assert.equal(scan.advance(3010), -1);
  }
});

for (
  const pattern of [
    "(a{1000}){1000}",
    "((((){1000}){1000}){1000}){1000}",
    "(a|b|c){1000}(a|b|c){1000}",
  ]
) {
  Deno.test(`compile() refuses "${pattern}" as too large`, () => {
    assert.throws(() => compile(parseExpression(pattern).pattern, false), /too large/);
  });
}
