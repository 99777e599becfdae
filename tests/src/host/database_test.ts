import assert from "node:assert/strict";
import { openDatabase } from "../../../src/host/database.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

const FIRST = "CREATE TABLE things (name TEXT) STRICT";
const SECOND = "ALTER TABLE things ADD COLUMN size INTEGER";

Deno.test("openDatabase() runs each migration once, also when processes open it one after the other", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/a.db`;
  for (const migrations of [[FIRST], [FIRST, SECOND], [FIRST, SECOND]]) {
    using database = openDatabase(path, migrations);
    database.sql.prepare("INSERT INTO things (name) VALUES (?)").run("x");
  }
  using database = openDatabase(path, [FIRST, SECOND]);
  assert.equal(database.sql.prepare("SELECT count(*) AS n FROM things WHERE size IS NULL").get()?.["n"], 3);
});

Deno.test("openDatabase() refuses a file of a newer program, and one that is no database", async () => {
  await using temporary = await temporaryFolder();
  const path = `${temporary.folder}/a.db`;
  openDatabase(path, [FIRST, SECOND])[Symbol.dispose]();
  assert.throws(() => openDatabase(path, [FIRST]), /of version 2, this program knows 1/);
  await Deno.writeTextFile(`${temporary.folder}/b.db`, "no database at all ".repeat(100));
  assert.throws(() => openDatabase(`${temporary.folder}/b.db`, [FIRST]), /not a database/);
});

Deno.test("transact() leaves nothing behind of work that failed", () => {
  using database = openDatabase(":memory:", [FIRST]);
  const count = () => database.sql.prepare("SELECT count(*) AS n FROM things").get()?.["n"];
  const insert = () => database.sql.prepare("INSERT INTO things (name) VALUES ('x')").run();
  assert.throws(() =>
    database.transact(() => {
      insert();
      throw new Error("the work failed");
    }), /the work failed/);
  assert.equal(count(), 0);
  assert.equal(database.transact(() => insert().changes), 1);
  assert.equal(count(), 1);
});

Deno.test({
  name: "openDatabase() makes a file that only its owner reads",
  ignore: Deno.build.os === "windows",
  fn: async () => {
    await using temporary = await temporaryFolder();
    openDatabase(`${temporary.folder}/a.db`, [FIRST])[Symbol.dispose]();
    assert.equal(((await Deno.stat(`${temporary.folder}/a.db`)).mode ?? 0) & 0o777, 0o600);
  },
});
