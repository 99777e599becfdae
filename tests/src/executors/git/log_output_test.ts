import assert from "node:assert/strict";
import fc from "fast-check";
import { createLogReader, LOG_FORMAT, parseDecoration } from "../../../../src/executors/git/log_output.ts";
import { anyText } from "../../../helpers/any_text.ts";

const text = anyText().map((value) => value.replaceAll("\0", ""));
const hash = fc.stringMatching(/^[0-9a-f]{40}$/);

function read(records: readonly string[], hasStats = false) {
  const reader = createLogReader({ hasStats });
  for (const record of records) reader.push(record);
  return reader.result();
}

Deno.test("createLogReader() keeps commits apart whatever their names, messages and files hold", () => {
  const commit = fc.record({
    hash,
    parents: fc.array(hash, { maxLength: 3 }),
    name: text,
    message: text,
    files: fc.array(text.filter((name) => name !== ""), { maxLength: 3 }),
  });
  fc.assert(fc.property(fc.array(commit, { maxLength: 5 }), (commits) => {
    const records = commits.flatMap(({ hash, parents, name, message, files }) => [
      ...["", hash, parents.join(" "), "", name, "a@b", "date", "c", "c@d", "date", message],
      ...files.map((file, i) => `${i === 0 ? "\n" : ""}1\t2\t${file}`),
    ]);
    const result = read(records, true);
    assert.deepEqual(
      result.map((entry) => [entry.hash, entry.parents, entry.author.name, entry.stats?.files]),
      commits.map(({ hash, parents, name, files }) => [hash, parents, name, files]),
    );
  }));
});

Deno.test("createLogReader() throws only SyntaxError, whatever it is given", () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(text, fc.constant("")), { maxLength: 25 }),
      fc.boolean(),
      (records, hasStats) => {
        try {
          read(records, hasStats);
        } catch (error) {
          assert.ok(error instanceof SyntaxError);
        }
      },
    ),
  );
});

Deno.test("createLogReader() reads renames in the numbers", () => {
  const fields = ["", "a".repeat(40), "", "", "n", "e", "d", "n", "e", "d", "subject\n\nbody\n"];
  const [commit] = read([...fields, "\n1\t0\t", "old", "new", "-\t-\tbinary"], true);
  assert.deepEqual(commit?.stats, { fileCount: 2, added: 1, removed: 0, files: ["new", "binary"] });
  assert.deepEqual([commit?.subject, commit?.body], ["subject", "body"]);
});

Deno.test("LOG_FORMAT has as many fields as the reader takes", () => {
  assert.equal(LOG_FORMAT.split("%x00").length - 1, 10);
});

Deno.test("parseDecoration() names branches, tags and HEAD", () => {
  assert.deepEqual(
    parseDecoration("HEAD -> refs/heads/a,b, tag: refs/tags/v1, refs/remotes/origin/main, refs/stash"),
    [
      "HEAD",
      "a,b",
      "tag v1",
      "origin/main",
      "refs/stash",
    ],
  );
  assert.deepEqual(parseDecoration(""), []);
});
