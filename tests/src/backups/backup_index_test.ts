import assert from "node:assert/strict";
import { createIndex, MIGRATIONS } from "../../../src/backups/backup_index.ts";
import { DEFAULT_BACKUP_LIMITS } from "../../../src/backups/rules.ts";
import { openDatabase } from "../../../src/host/database.ts";

const REASON = { operation: "edit_file", caller: { id: "a", name: "ada" } };
const version = (path: string, sha256: string) => ({ path, sha256, size: 10, mode: 0o644, uid: 1, gid: 2 });
const how = (changes: { adopt?: () => void; perPath?: number } = {}) => ({
  adopt: changes.adopt ?? (() => {}),
  limits: { ...DEFAULT_BACKUP_LIMITS, perPath: changes.perPath ?? 50 },
});

Deno.test("a version whose content cannot be given its name is not named", () => {
  using database = openDatabase(":memory:", MIGRATIONS);
  const index = createIndex(database, () => 1);
  const adopt = () => {
    throw new Error("the disk is full");
  };
  assert.throws(() => index.add(version("/a", "11"), REASON, how({ adopt })), /disk is full/);
  assert.deepEqual(index.list({ limit: 10 }), []);
});

Deno.test("a content gets its name while no other process can remove it", () => {
  using database = openDatabase(":memory:", MIGRATIONS);
  const index = createIndex(database, () => 1);
  let wasLocked = false;
  index.add(version("/a", "11"), REASON, how({ adopt: () => void (wasLocked = database.sql.isTransaction) }));
  assert.ok(wasLocked && !database.sql.isTransaction);
});

Deno.test("a content is removed only when no version names it, and is tried again if that fails", () => {
  using database = openDatabase(":memory:", MIGRATIONS);
  const index = createIndex(database, () => 1);
  for (const [path, sha256] of [["/a", "11"], ["/b", "11"], ["/a", "22"]] as const) {
    index.add(version(path, sha256), REASON, how({ perPath: 1 }));
  }
  const removed: string[] = [];
  index.removeUnused((sha256) => void removed.push(sha256));
  assert.equal(removed.length, 0);
  assert.deepEqual(index.add(version("/b", "33"), REASON, how({ perPath: 1 })).forgotten, ["11"]);
  index.removeUnused((sha256) => void removed.push(sha256), ["22", "33"]);
  assert.equal(removed.length, 0);
  const fail = () => {
    throw new Error("the disk is read-only");
  };
  assert.throws(() => index.removeUnused(fail), /read-only/);
  index.removeUnused((sha256) => void removed.push(sha256));
  index.removeUnused((sha256) => void removed.push(sha256));
  assert.deepEqual(removed, ["11"]);
});

Deno.test("many contents that nothing names are removed, a bounded number in a transaction", () => {
  using database = openDatabase(":memory:", MIGRATIONS);
  const index = createIndex(database, () => 1);
  const insert = database.sql.prepare("INSERT INTO objects VALUES (?, 1)");
  for (let at = 0; at < 250; at++) insert.run(String(at));
  const sizes = new Map<number, number>();
  index.removeUnused(() => {
    assert.ok(database.sql.isTransaction);
    const left = Number(database.sql.prepare("SELECT count(*) AS n FROM objects").get()?.["n"]);
    sizes.set(left, (sizes.get(left) ?? 0) + 1);
  });
  assert.equal(sizes.size, 250);
  assert.equal(database.sql.prepare("SELECT count(*) AS n FROM objects").get()?.["n"], 0);
});

Deno.test("sweep() removes contents that the index does not know, once a day", () => {
  using database = openDatabase(":memory:", MIGRATIONS);
  let now = 1_000;
  const index = createIndex(database, () => now);
  index.add(version("/a", "11"), REASON, how());
  let listed = 0;
  const removed: string[] = [];
  const objects = {
    list: () => {
      listed++;
      return ["11", "stray"];
    },
    remove: (sha256: string) => void removed.push(sha256),
  };
  for (now of [1_000_000, 1_000_500, 1_100_000, 500]) index.sweep(50_000, objects);
  assert.deepEqual([listed, removed], [3, ["stray", "stray", "stray"]]);
});
