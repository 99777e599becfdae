import assert from "node:assert/strict";
import fc from "fast-check";
import {
  leastLength,
  neededText,
  quoteCharacter,
  toSource,
  wholeText,
} from "../../../../src/host/search/pattern.ts";
import { wellFormedText } from "../../../helpers/any_text.ts";
import { anyPattern } from "./any_pattern.ts";

const line = fc.string({ unit: fc.constantFrom("a", "b", "k", "K", "é", "😀", " "), maxLength: 12 });

Deno.test("leastLength() is never more than what a match has", () => {
  fc.assert(fc.property(anyPattern(), line, (pattern, text) => {
    const match = new RegExp(toSource(pattern), "v").exec(text);
    if (match !== null) assert.ok(Array.from(match[0]).length >= leastLength(pattern));
  }));
});

Deno.test("neededText() is in every text that matches, in any case too", () => {
  fc.assert(
    fc.property(anyPattern(), line, fc.boolean(), (pattern, text, ignoresCase) => {
      if (!new RegExp(toSource(pattern), ignoresCase ? "vi" : "v").test(text)) return;
      assert.ok(text.includes(neededText(pattern, ignoresCase)));
    }),
    { numRuns: 1000 },
  );
});

Deno.test("quoteCharacter() makes every character stand for itself, in a class and outside", () => {
  fc.assert(fc.property(wellFormedText({ maxLength: 1 }).filter((text) => text !== ""), (character) => {
    const quoted = quoteCharacter(character);
    for (const source of [quoted, `[${quoted}]`]) assert.ok(new RegExp(`^${source}$`, "v").test(character));
  }));
});

Deno.test("wholeText() takes alternatives together", () => {
  const pattern = wholeText({
    kind: "choice",
    options: [{ kind: "text", text: "a" }, { kind: "text", text: "b" }],
  });
  const expression = new RegExp(toSource(pattern), "v");
  assert.deepEqual(["a", "b", "ab", "xb"].map((text) => expression.test(text)), [true, true, false, false]);
});
