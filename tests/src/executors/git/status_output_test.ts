import assert from "node:assert/strict";
import fc from "fast-check";
import { changeOf, createStatusReader } from "../../../../src/executors/git/status_output.ts";
import { anyText } from "../../../helpers/any_text.ts";

const HASH = "a".repeat(40);
const path = anyText().map((text) => text.replaceAll("\0", "")).filter((text) => text !== "");

function read(records: readonly string[], maxListed?: number) {
  const reader = createStatusReader(maxListed);
  for (const record of records) reader.push(record);
  return reader.result();
}

Deno.test("createStatusReader() takes every path as it is, whatever it holds", () => {
  const entry = fc.record({
    kind: fc.constantFrom("1", "2", "?", "!", "u"),
    index: fc.constantFrom(".", "M", "A", "D", "T"),
    tree: fc.constantFrom(".", "M", "D"),
    path,
    from: path,
  });
  fc.assert(fc.property(fc.array(entry, { maxLength: 10 }), (entries) => {
    const records = entries.flatMap(({ kind, index, tree, path, from }) => {
      if (kind === "1") return [`1 ${index}${tree} N... 100644 100644 100644 ${HASH} ${HASH} ${path}`];
      if (kind === "2") return [`2 R${tree} N... 100644 100644 100644 ${HASH} ${HASH} R100 ${path}`, from];
      if (kind === "u") return [`u UU N... 100644 100644 100644 100644 ${HASH} ${HASH} ${HASH} ${path}`];
      return [`${kind} ${path}`];
    });
    const { staged, unstaged, untracked, conflicted, counts } = read(records);
    const of = (kind: string) => entries.filter((entry) => entry.kind === kind);
    assert.deepEqual(untracked, of("?").map(({ path }) => path));
    assert.deepEqual(conflicted, of("u").map(({ path }) => ({ path, conflict: "both modified" })));
    assert.deepEqual(
      staged.filter(({ change }) => change === "renamed"),
      of("2").map(({ path, from }) => ({ path, from, change: "renamed" })),
    );
    assert.deepEqual(
      unstaged.map(({ path }) => path),
      entries.filter(({ kind, tree }) => "12".includes(kind) && tree !== ".").map(({ path }) => path),
    );
    assert.equal(counts.staged, of("2").length + of("1").filter(({ index }) => index !== ".").length);
  }));
});

Deno.test("createStatusReader() throws only SyntaxError, whatever it is given", () => {
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          anyText(),
          anyText().map((text) => `1 ${text}`),
        ),
        { maxLength: 5 },
      ),
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

Deno.test("createStatusReader() reads the headers it knows and passes over the others", () => {
  const headers = [
    `# branch.oid ${HASH}`,
    "# branch.head main",
    "# branch.upstream origin/(x)\n",
    "# branch.ab +2 -13",
    "# stash 3",
    "# later.word x",
  ];
  const { head, upstream, ahead, behind } = read(headers);
  assert.deepEqual([head, upstream, ahead, behind], [HASH, "origin/(x)\n", 2, 13]);
  assert.equal(read(["# branch.oid (initial)"]).head, null);
});

Deno.test("createStatusReader() counts what it does not list", () => {
  const { untracked, counts, truncated } = read(["? a", "? b", "? c"], 2);
  assert.deepEqual([untracked, counts.untracked, truncated], [["a", "b"], 3, true]);
  assert.equal(read(["? a", "? b"], 2).truncated, false);
});

Deno.test("createStatusReader() refuses a rename without its old name", () => {
  assert.throws(() => read([`2 R. N... 100644 100644 100644 ${HASH} ${HASH} R100 a`]), SyntaxError);
});

Deno.test("changeOf() knows git's letters and nothing else", () => {
  assert.equal(changeOf("T"), "typechanged");
  assert.equal(changeOf("constructor"), undefined);
});
