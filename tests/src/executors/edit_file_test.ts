import assert from "node:assert/strict";
import { applyPatch } from "diff";
import { callContext } from "../../helpers/call_context.ts";
import { fails, fileOperations, namesIn, sha256 } from "./_file_operations.ts";

Deno.test("edit_file edits, keeps the old file, and answers with a diff that leads from one to the other", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  const before = Array.from({ length: 40 }, (_, at) => `line ${at}\n`).join("");
  await Deno.writeTextFile(path, before);
  const edits = [{ old_text: "line 7\n", new_text: "seven\n" }, {
    old_text: "line 3",
    new_text: "three",
    replace_all: true,
  }];
  const dry = await host.editFile({ path, edits, dry_run: true }, callContext());
  assert.equal(await Deno.readTextFile(path), before);
  const result = await host.editFile({ path, edits, expected_sha256: sha256(before) }, callContext());
  const after = await Deno.readTextFile(path);
  assert.equal(after, before.replace("line 7\n", "seven\n").replaceAll("line 3", "three"));
  assert.deepEqual({ ...dry, dryRun: false, backupId: 1 }, result);
  assert.deepEqual([result.replacements, result.encoding, result.sha256], [[1, 11], "utf-8", sha256(after)]);
  assert.equal(applyPatch(before, result.diff), after);
  assert.match(result.diff, /^-line 7\n\+seven\n/m);
  const { backups } = await host.backupList({}, callContext());
  assert.deepEqual(backups.map(({ operation, sha256 }) => [operation, sha256]), [[
    "edit_file",
    sha256(before),
  ]]);
});

Deno.test("edit_file does all edits or none", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a.txt`;
  await Deno.writeTextFile(path, "one two");
  const edits = [{ old_text: "one", new_text: "1" }, { old_text: "three", new_text: "3" }];
  await fails(host.editFile({ path, edits }, callContext()), "cannot_run", /old_text of edit 2 is not there/);
  assert.equal(await Deno.readTextFile(path), "one two");
  assert.equal((await host.backupList({}, callContext())).backups.length, 0);
});

const encodings: readonly [string, number[], number[]][] = [
  ["utf-8", [0xc3, 0xa4], [0xc3, 0xb6]],
  ["utf-8-bom", [0xef, 0xbb, 0xbf, 0xc3, 0xa4], [0xef, 0xbb, 0xbf, 0xc3, 0xb6]],
  ["utf-16le", [0xff, 0xfe, 0xe4, 0], [0xff, 0xfe, 0xf6, 0]],
  ["utf-16be", [0xfe, 0xff, 0, 0xe4], [0xfe, 0xff, 0, 0xf6]],
];
for (const [encoding, before, after] of encodings) {
  Deno.test(`edit_file keeps ${encoding}`, async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/a`;
    await Deno.writeFile(path, Uint8Array.from(before));
    const result = await host.editFile({ path, edits: [{ old_text: "ä", new_text: "ö" }] }, callContext());
    assert.equal(result.encoding, encoding);
    assert.deepEqual([...await Deno.readFile(path)], after);
  });
}

const refused: readonly [string, Uint8Array<ArrayBuffer> | undefined, "cannot_run" | "too_large", RegExp][] =
  [
    ["a file that is not there", undefined, "cannot_run", /no such file/],
    ["Latin-1", Uint8Array.of(0x61, 0xe4), "cannot_run", /not valid UTF-8/],
    ["UTF-16 without a mark", Uint8Array.of(0x61, 0, 0x62, 0), "cannot_run", /null characters/],
    ["more than 16 MiB", new Uint8Array(16 * 1024 ** 2 + 1).fill(0x61), "too_large", /the limit is 16777216/],
  ];
for (const [what, content, code, message] of refused) {
  Deno.test(`edit_file refuses ${what}`, async () => {
    await using host = await fileOperations();
    const path = `${host.folder}/x`;
    if (content !== undefined) await Deno.writeFile(path, content);
    await fails(
      host.editFile({ path, edits: [{ old_text: "a", new_text: "b" }] }, callContext()),
      code,
      message,
    );
    if (content !== undefined) assert.equal(sha256(await Deno.readFile(path)), sha256(content));
  });
}

Deno.test("edit_file refuses an edit that would make a file too large", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "a".repeat(20_000));
  const edits = [{ old_text: "a", new_text: "ä".repeat(600), replace_all: true }];
  await fails(host.editFile({ path, edits }, callContext()), "cannot_run", /would have 24000000 bytes/);
});

Deno.test("edit_file tells nothing of a file that may not be read, and edits nothing that may not be written", async () => {
  await using host = await fileOperations({ deny: ["key"] });
  await Deno.writeTextFile(`${host.folder}/key`, "secret");
  const edits = [{ old_text: "x", new_text: "y" }];
  const error = await fails(
    host.editFile({ path: "~/key", edits, dry_run: true }, callContext()),
    "refused",
    /./,
  );
  assert.ok(!error.message.includes("secret"));
  await using blind = await fileOperations({ change: (guard) => ({ ...guard, mayRead: () => false }) });
  await Deno.writeTextFile(`${blind.folder}/a`, "secret");
  await fails(blind.editFile({ path: "~/a", edits }, callContext()), "refused", /may not be read/);
});

Deno.test("a hundred edits at once of one file all hold", async () => {
  await using host = await fileOperations({ limits: { perPath: 3, totalBytes: 1e9, fileBytes: 1e9 } });
  const path = `${host.folder}/a`;
  const numbers = Array.from({ length: 30 }, (_, at) => at);
  await Deno.writeTextFile(path, numbers.map((at) => `<${at}>`).join(""));
  await Promise.all(
    numbers.map((at) =>
      host.editFile({ path, edits: [{ old_text: `<${at}>`, new_text: `[${at}]` }] }, callContext())
    ),
  );
  assert.equal(await Deno.readTextFile(path), numbers.map((at) => `[${at}]`).join(""));
  assert.equal((await host.backupList({}, callContext())).backups.length, 3);
  assert.deepEqual(namesIn(host.folder), ["a"]);
});
