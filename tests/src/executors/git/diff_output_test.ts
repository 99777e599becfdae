import assert from "node:assert/strict";
import fc from "fast-check";
import { createDiffReader, parseNumstat } from "../../../../src/executors/git/diff_output.ts";
import { anyText } from "../../../helpers/any_text.ts";

const path = anyText().map((text) => text.replaceAll("\0", "")).filter((text) => text !== "");
const NEW = "b".repeat(40);

function read(records: readonly string[], maxListed?: number) {
  const reader = createDiffReader(maxListed);
  for (const record of records) reader.push(record);
  return reader.result();
}

Deno.test("createDiffReader() joins what happened to each file with its lines, whatever its name", () => {
  const file = fc.record({
    path,
    from: path,
    letter: fc.constantFrom("A", "M", "D", "R"),
    added: fc.option(fc.nat(1000)),
    removed: fc.nat(1000),
  });
  fc.assert(fc.property(fc.uniqueArray(file, { maxLength: 8, selector: ({ path }) => path }), (files) => {
    const raw = files.flatMap(({ path, from, letter }) =>
      letter === "R"
        ? [`:100644 100644 ${NEW} ${NEW} R97`, from, path]
        : [`:100644 100644 ${NEW} ${NEW} ${letter}`, path]
    );
    const lines = files.flatMap(({ path, from, letter, added, removed }) => {
      const counts = added === null ? "-\t-\t" : `${added}\t${removed}\t`;
      return letter === "R" ? [counts, from, path] : [`${counts}${path}`];
    });
    const result = read([...raw, ...lines]);
    assert.deepEqual(
      result.files.map((entry) => [entry.path, entry.from, entry.added, entry.removed]),
      files.map(({ path, from, letter, added, removed }) => [
        path,
        letter === "R" ? from : undefined,
        added,
        added === null ? null : removed,
      ]),
    );
    assert.equal(result.added, files.reduce((sum, { added }) => sum + (added ?? 0), 0));
  }));
});

Deno.test("createDiffReader() throws only SyntaxError, whatever it is given", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(anyText(), fc.constantFrom("1\t2\t", "-\t-\tx", `:100644 100644 a b R1`)), {
        maxLength: 6,
      }),
      (records) => {
        try {
          read(records);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      },
    ),
  );
});

Deno.test("createDiffReader() counts what it does not list, also past what it keeps", () => {
  const names = Array.from({ length: 50 }, (_, i) => `file${i}`);
  const records = [
    ...names.flatMap((name) => [`:100644 100644 a b M`, name]),
    ...names.map((name) => `1\t2\t${name}`),
  ];
  const result = read(records, 2);
  assert.deepEqual([result.files.length, result.fileCount, result.added, result.removed, result.truncated], [
    2,
    50,
    50,
    100,
    true,
  ]);
});

Deno.test("createDiffReader() leaves out a file that was only touched", () => {
  const zero = "0".repeat(40);
  const records = [
    `:100644 100644 ${NEW} ${zero} M`,
    "touched",
    `:100644 100755 ${NEW} ${zero} M`,
    "mode",
    "0\t0\tmode",
  ];
  assert.deepEqual(read(records).files.map(({ path }) => path), ["mode"]);
});

Deno.test("parseNumstat() reads counts, binary files and renames", () => {
  assert.deepEqual(parseNumstat("3\t0\ta\tb\n"), { added: 3, removed: 0, path: "a\tb\n" });
  assert.deepEqual(parseNumstat("-\t-\tx"), { added: null, removed: null, path: "x" });
  assert.deepEqual(parseNumstat("1\t1\t"), { added: 1, removed: 1, path: "" });
  assert.equal(parseNumstat("1 1 a"), undefined);
});
