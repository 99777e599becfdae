import assert from "node:assert/strict";
import fc from "fast-check";
import { applyEdits, EditError } from "../../../src/executors/apply_edits.ts";

const cases: readonly [string, string, [string, string, boolean?][], string][] = [
  ["one place", "a b c", [["b", "x"]], "a x c"],
  ["a removal", "a b c", [[" b", ""]], "a c"],
  ["all places", "a b a", [["a", "x", true]], "x b x"],
  ["all places of what overlaps, from the left", "aaaaa", [["aa", "b", true]], "bba"],
  ["edits that build on each other", "a", [["a", "b"], ["b", "c"], ["c", "d"]], "d"],
  ["a replacement that looks like a pattern", "a", [["a", "$& $1 \\n"]], "$& $1 \\n"],
  ["a pattern that looks like one", "a.c abc", [["a.c", "x"]], "x abc"],
  ["line feeds in a file with \\r\\n", "a\r\nb\r\n", [["a\nb\n", "x\ny\nz\n"]], "x\r\ny\r\nz\r\n"],
  ["a line feed alone in a file with \\r\\n", "a\r\nb\r\n", [["\nb", "\nc"]], "a\r\nc\r\n"],
  ["a place without a line end in a file with \\r\\n", "a\r\nb\r\n", [["b", "x\ny"]], "a\r\nx\r\ny\r\n"],
  ["\\r\\n as it is meant", "a\r\nb\n", [["a\r\n", "x\ny\r\n"]], "x\ny\r\nb\n"],
  [
    "the line end of the place in a mixed file",
    "a\r\nb\nc\r\nd\r\n",
    [["a\nb", "x\ny"]],
    "x\r\ny\nc\r\nd\r\n",
  ],
  [
    "the line feed of a place in a mixed file",
    "a\r\nb\nc\r\nd\r\n",
    [["b\nc", "x\ny\nz"]],
    "a\r\nx\ny\nz\r\nd\r\n",
  ],
  ["a carriage return alone", "a\rb", [["\r", "\n"]], "a\nb"],
  ["all places across \\r\\n", "a\r\na\r\n", [["a\n", "b\n", true]], "b\r\nb\r\n"],
  ["characters outside the basic plane", "x𝄞y", [["𝄞", "𝄢"]], "x𝄢y"],
];
for (const [what, text, edits, expected] of cases) {
  Deno.test(`applyEdits() replaces ${what}`, () => {
    const list = edits.map(([old_text, new_text, replace_all]) => ({ old_text, new_text, replace_all }));
    assert.equal(applyEdits(text, list).text, expected);
  });
}

const refused: readonly [string, string, string, string, RegExp][] = [
  ["what is not there", "abc", "x", "y", /^old_text of the edit is not there$/],
  ["what is there twice", "a\nb\na\n", "a", "x", /there 2 times, in lines 1, 3$/],
  ["what is there twice with \\r\\n", "a\r\nb\r\na\r\n", "a\n", "x", /there 2 times, in lines 1, 3$/],
  ["what overlaps itself", "aaa", "aa", "x", /there 2 times, in lines 1, 1$/],
  [
    "what is there very often",
    "a\n".repeat(500),
    "a",
    "x",
    /more than 100 times, in lines 1, 2, .*, 10 and more$/,
  ],
  ["no change", "a", "a", "a", /changes nothing/],
  [
    "other indentation",
    "if x:\n\tfoo()\n",
    "    foo()",
    "y",
    /line 2 differs only in white space.*"\\tfoo\(\)"$/,
  ],
  ["other line ends", "a1\nb1\n", "a1\r\nb1\r\n", "y", /lines 1 to 2 differ only in white space/],
  [
    "a typing error",
    "first\nconst total = 1;\n",
    "const totel = 1;",
    "y",
    /most similar line is 2: "const total = 1;"/,
  ],
];
for (const [what, text, old_text, new_text, message] of refused) {
  Deno.test(`applyEdits() refuses ${what}, and says where it may be`, () => {
    assert.throws(() => applyEdits(text, [{ old_text, new_text }]), (error) => {
      assert.ok(error instanceof EditError);
      assert.match(error.message, message);
      return true;
    });
  });
}

Deno.test("applyEdits() refuses to make a text enormous", () => {
  const edits = [{ old_text: "a", new_text: "b".repeat(1_000_000), replace_all: true }];
  assert.throws(() => applyEdits("a".repeat(1_000_000), edits), /longer than 16777216 characters/);
  const many = [{ old_text: "a", new_text: "", replace_all: true }];
  assert.throws(() => applyEdits("a".repeat(1_000_001), many), /more than 1000000 places/);
});

const text = fc.string({ unit: fc.constantFrom("a", "b", "c", "\n"), maxLength: 40 });
const edit = fc.record({
  old_text: fc.string({ unit: fc.constantFrom("a", "b", "\n"), minLength: 1, maxLength: 3 }),
  new_text: fc.string({ unit: fc.constantFrom("a", "x", "$", "\n"), maxLength: 4 }),
  replace_all: fc.boolean(),
});
const edits = fc.array(edit, { minLength: 1, maxLength: 3 });

Deno.test("applyEdits() is replacing one after the other, or nothing at all", () => {
  let applied = 0;
  fc.assert(
    fc.property(text, edits, (before, list) => {
      let expected: string | undefined = before;
      for (const { old_text, new_text, replace_all } of list) {
        if (expected === undefined) break;
        let count = 0;
        for (let at = 0; at < expected.length; at++) if (expected.startsWith(old_text, at)) count++;
        if (count === 0 || (count > 1 && !replace_all) || old_text === new_text) expected = undefined;
        else expected = expected.replaceAll(old_text, () => new_text);
      }
      if (expected === undefined) {
        assert.throws(() => applyEdits(before, list), EditError);
      } else {
        applied++;
        assert.equal(applyEdits(before, list).text, expected);
      }
    }),
    { numRuns: 1500 },
  );
  assert.ok(applied > 100, String(applied));
});

Deno.test("applyEdits() of a file with \\r\\n is the same as of one with \\n, with \\r\\n throughout", () => {
  const withReturns = (value: string) => value.replaceAll("\n", "\r\n");
  fc.assert(
    fc.property(text, edits, (before, list) => {
      // A text without a line end has nothing to keep.
      fc.pre(before.includes("\n"));
      let plain;
      try {
        plain = applyEdits(before, list).text;
      } catch {
        assert.throws(() => applyEdits(withReturns(before), list), EditError);
        return;
      }
      assert.equal(applyEdits(withReturns(before), list).text, withReturns(plain));
    }),
    { numRuns: 1500 },
  );
});
