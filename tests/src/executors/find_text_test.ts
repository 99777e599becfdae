import assert from "node:assert/strict";
import fc from "fast-check";
import { findText } from "../../../src/executors/find_text.ts";

/** The plainest search there is. */
function places(text: string, wanted: string, overlapping: boolean): number[] {
  const found: number[] = [];
  for (let at = 0; at + wanted.length <= text.length; at++) {
    if (!text.startsWith(wanted, at)) continue;
    found.push(at);
    if (!overlapping) at += wanted.length - 1;
  }
  return found;
}

Deno.test("findText() finds what the plainest search finds, for short and for long texts", () => {
  const letters = fc.string({ unit: fc.constantFrom("a", "b"), maxLength: 30 });
  const wanted = fc.string({ unit: fc.constantFrom("a", "b"), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(letters, wanted, fc.constantFrom(1, 300), fc.boolean(), (text, part, times, overlapping) => {
      // Each letter as many, so that the long algorithm sees the same structure.
      const long = (value: string) => value.replaceAll(/./g, (letter) => letter.repeat(times));
      assert.deepEqual(
        [...findText(long(text), long(part), { overlapping })],
        places(long(text), long(part), overlapping),
      );
    }),
    { numRuns: 150 },
  );
});

Deno.test("findText() is done with texts for which the engine's own search takes minutes", () => {
  const wanted = `${"a".repeat(50_000)}b${"a".repeat(50_000)}`;
  assert.deepEqual([...findText("a".repeat(4_000_000), wanted)], []);
  assert.deepEqual([...findText(`${"a".repeat(60_000)}b${"a".repeat(60_000)}`, wanted)], [10_000]);
});
