import assert from "node:assert/strict";
import { DamagedObjectError } from "../../../src/backups/objects.ts";
import { OperationError } from "../../../src/errors.ts";
import { assertExpected, explainChange, openOld, saveOld } from "../../../src/executors/old_file.ts";
import { FileChangedError, OwnerError } from "../../../src/host/atomic_write.ts";
import { FolderMovedError } from "../../../src/host/pinned_folder.ts";
import { UnusableFileError } from "../../../src/host/stamped_file.ts";
import { fails, fileOperations, sha256 } from "./_file_operations.ts";

const HASH = sha256("one");
const caller = { id: "a", name: "ada", isLocal: true };

const expectations: readonly [string, string | null, string | null | undefined, RegExp | undefined][] = [
  ["a file without an expectation", HASH, undefined, undefined],
  ["no file without an expectation", null, undefined, undefined],
  ["the hash that is there", HASH, HASH.toUpperCase(), undefined],
  ["no file where there must be none", null, "", undefined],
  ["no file where null is expected", null, null, undefined],
  ["a file where there must be none", HASH, "", /"[0-9a-f]{64}" now, there must be no file/],
  ["no file where one is expected", null, HASH, /there is no such file, "[0-9a-f]{64}" was expected/],
  ["another hash", HASH, sha256("two"), /^Cannot remove "\/a": its sha256 is /],
];
for (const [what, present, expectedSha256, message] of expectations) {
  Deno.test(`assertExpected() ${message === undefined ? "passes" : "refuses"} ${what}`, () => {
    const old = present === null ? undefined : { path: "/a", sha256: present };
    const check = () => assertExpected(old, { path: "/a", expectedSha256, verb: "remove" });
    if (message === undefined) check();
    else assert.throws(check, { name: "OperationError", code: "cannot_run", message });
  });
}

Deno.test("openOld() gives the file with its hash, and leaves none open that it refuses", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "one");
  const info = await Deno.lstat(path);
  {
    await using old = await openOld({ path, info }, { verb: "replace", maxBytes: 3 });
    assert.deepEqual([old.path, old.size, old.sha256], [path, 3, HASH]);
  }
  const error = await fails(
    openOld({ path, info }, { verb: "remove", maxBytes: 2 }),
    "too_large",
    /^Cannot remove .*has 3 bytes, more than the 2/,
  );
  assert.match(error.remedy ?? "", /can be removed; copy it first/);
  if (Deno.build.os === "windows") return;
  await Deno.writeTextFile(`${path}2`, "one");
  await Deno.rename(`${path}2`, path);
  await assert.rejects(openOld({ path, info }, { verb: "replace", maxBytes: 3 }), FileChangedError);
});

Deno.test("saveOld() backs up what was opened, and says what keeps it from it", async () => {
  await using host = await fileOperations();
  const path = `${host.folder}/a`;
  await Deno.writeTextFile(path, "one");
  await using old = await openOld({ path, info: await Deno.lstat(path) }, { verb: "remove", maxBytes: 100 });
  const how = { verb: "remove", operation: "remove_file", caller } as const;
  const id = await saveOld(old, { ...how, backups: host.backups });
  const backup = host.backups.get(id);
  assert.deepEqual([backup?.path, backup?.sha256, backup?.operation, backup?.callerName], [
    path,
    HASH,
    "remove_file",
    "ada",
  ]);
  const full = Object.assign(new Error("no space"), { code: "ENOSPC" });
  const save = () => Promise.reject(full);
  const error = await fails(
    saveOld(old, { ...how, backups: { save } }),
    "cannot_run",
    /up, and so did not remove it: the disk is full/,
  );
  assert.equal(error.cause, full);
  await Deno.writeTextFile(path, "changed");
  await assert.rejects(saveOld(old, { ...how, backups: host.backups }), FileChangedError);
});

const system = (code: string) => Object.assign(new Error(code), { code });
const reasons: readonly [string, unknown, RegExp][] = [
  ["a change", new FileChangedError("it changed"), /^Cannot write "\/a": it changed; it is as it was$/],
  ["a moved folder", new FolderMovedError("it moved"), /: it moved; /],
  ["an owner", new OwnerError("it belongs to user 0"), /: it belongs/],
  ["a damaged backup", new DamagedObjectError("it is damaged"), /: it is damaged; /],
  ["what is no file", new UnusableFileError("it is not a regular file"), /: it is not a regular file; /],
  ["a full disk", system("ENOSPC"), /: the disk is full \(ENOSPC\); it is as it was$/],
];
for (const [what, thrown, message] of reasons) {
  Deno.test(`explainChange() tells ${what} with a remedy`, () => {
    const error = explainChange(thrown, 'Cannot write "/a"');
    assert.ok(error instanceof OperationError && error.remedy !== undefined);
    assert.match(error.message, message);
    assert.equal(error.cause, thrown);
  });
}

Deno.test("explainChange() leaves our own errors, and faults, as they are", () => {
  for (const thrown of [new OperationError("refused", "Cannot"), new TypeError("x is not a function")]) {
    assert.equal(explainChange(thrown, "Cannot write"), thrown);
  }
});
