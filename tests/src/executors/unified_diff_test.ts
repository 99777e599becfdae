import assert from "node:assert/strict";
import { applyPatch } from "diff";
import fc from "fast-check";
import { unifiedDiff } from "../../../src/executors/unified_diff.ts";

const NAMES = { before: "/a", after: "/a" };

Deno.test("unifiedDiff() leads from the one text to the other", () => {
  const text = fc.array(fc.constantFrom("a\n", "b\n", "c\r\n", "d"), { maxLength: 12 }).map((parts) =>
    parts.join("")
  );
  fc.assert(fc.property(text, text, (before, after) => {
    const { diff, diffNote } = unifiedDiff(before, after, NAMES);
    assert.equal(diffNote, null);
    if (before === after) assert.equal(diff, "");
    else assert.equal(applyPatch(before, diff, { autoConvertLineEndings: false }), after);
  }));
});

Deno.test("unifiedDiff() cuts what is too long at a line's end, and says so", () => {
  const lines = (letter: string) => `${letter.repeat(60)}\n`.repeat(2_000);
  const { diff, diffNote } = unifiedDiff("", lines("b"), NAMES);
  assert.ok(diff.length <= 64 * 1024 && diff.length > 60 * 1024 && diff.endsWith("\n"));
  assert.match(diffNote ?? "", /^The diff is cut: it has \d+ characters, the first \d+ are shown$/);
  const long = unifiedDiff("a", `𝄞${"𝄞".repeat(100_000)}`, NAMES);
  assert.ok(long.diff.isWellFormed() && long.diff.length <= 64 * 1024);
});

Deno.test("unifiedDiff() shows texts that cannot be compared in time in one piece, and says so", () => {
  const text = fc.array(fc.constantFrom("a\n", "b\n", "c\r\n", "d"), { maxLength: 16 }).map((parts) =>
    parts.join("")
  );
  fc.assert(
    fc.property(text, text, (before, after) => {
      fc.pre(before !== after);
      const { diff, diffNote } = unifiedDiff(before, after, { ...NAMES, timeoutMs: -1 });
      // What differs at one place alone is found at once.
      if (diffNote !== null) assert.match(diffNote, /^The diff is not the shortest/);
      assert.equal(applyPatch(before, diff, { autoConvertLineEndings: false }), after);
    }),
    { numRuns: 500 },
  );
  assert.match(
    unifiedDiff("a\nb\nc\n", "c\nx\na\n", { ...NAMES, timeoutMs: -1 }).diffNote ?? "",
    /not the shortest/,
  );
});

Deno.test("unifiedDiff() is done with large texts that have nothing in common", () => {
  const lines = (factor: number) => Array.from({ length: 100_000 }, (_, at) => `${at * factor}\n`).join("");
  const { diffNote } = unifiedDiff(lines(1), lines(700_001), NAMES);
  assert.match(diffNote ?? "", /^The diff is not the shortest.*\. The diff is cut/);
});

Deno.test("the header of unifiedDiff() cannot be faked by a name", () => {
  const name = "/a\n--- /etc/passwd";
  const { diff } = unifiedDiff("a\n", "b\n", { before: name, after: name });
  assert.doesNotMatch(diff, /^--- \/etc\/passwd/m);
});
