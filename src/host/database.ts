/**
 * SQLite databases in the state folder. Several processes of one machine and user have the same file open.
 */
import { chmodSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";

/** Milliseconds that a statement waits for another process's write. */
const BUSY_TIMEOUT_MS = 5_000;

/** An open database; whoever opened it disposes of it. */
export interface Database extends Disposable {
  /** The driver's own object, for statements. */
  readonly sql: DatabaseSync;
  /** Runs `work` in one transaction that begins as a writer; rolls back if it throws. */
  transact<T>(work: () => T): T;
}

/**
 * Opens a database, readable by the owner alone, and brings its tables up to date.
 *
 * @param path - absolute, in a folder that exists; `:memory:` for tests
 * @param migrations - SQL scripts; each is run once, in order. Only ever added to
 * @throws {Error} If the file is no database, or of a newer version than `migrations` knows.
 */
export function openDatabase(path: string, migrations: readonly string[]): Database {
  const sql = new DatabaseSync(path);
  try {
    sql.exec(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    sql.exec("PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA foreign_keys = ON");
    if (path !== ":memory:" && Deno.build.os !== "windows") chmodSync(path, 0o600);
    const database: Database = {
      sql,
      transact: (work) => transact(sql, work),
      [Symbol.dispose]: () => sql.close(),
    };
    migrate(database, migrations, path);
    return database;
  } catch (error) {
    sql.close();
    throw error;
  }
}

function transact<T>(sql: DatabaseSync, work: () => T): T {
  sql.exec("BEGIN IMMEDIATE");
  try {
    const result = work();
    sql.exec("COMMIT");
    return result;
  } catch (error) {
    // A full disk may have rolled back already.
    if (sql.isTransaction) sql.exec("ROLLBACK");
    throw error;
  }
}

function migrate(database: Database, migrations: readonly string[], path: string): void {
  const version = () => Number(database.sql.prepare("PRAGMA user_version").get()?.["user_version"] ?? 0);
  if (version() > migrations.length) {
    throw new Error(
      `Cannot open "${path}": it is of version ${version()}, this program knows ${migrations.length}; use the newer program`,
    );
  }
  if (version() === migrations.length) return;
  database.transact(() => {
    // Another process may have done it while this one waited for the lock.
    for (const script of migrations.slice(version())) database.sql.exec(script);
    database.sql.exec(`PRAGMA user_version = ${migrations.length}`);
  });
}
