/**
 * The index of the backups in SQLite: which file had which content when, which contents there are, and which drafts lie
 * beside files that are being replaced. Its invariant: a version that it names has its content on the disk, also when a
 * process is killed at any point. A content gets its name in the transaction that names it, and loses it only in one that
 * sees that no version does.
 */
import { rmSync } from "node:fs";
import { basename, sep } from "node:path";
import { type DraftLog, isDraftName } from "../host/atomic_write.ts";
import type { Database } from "../host/database.ts";
import type { FileAttributes } from "../host/stamped_file.ts";
import type { Objects } from "./objects.ts";
import { type BackupLimits, type KeptVersion, overNumber, overSize } from "./rules.ts";

/** Milliseconds after which a draft is one that somebody left who was killed. */
const DRAFT_AGE_MS = 3_600_000;
/** Contents that are removed in one transaction, during which others wait. */
const REMOVED_AT_ONCE = 100;

/** The tables; only ever added to. `seq` orders versions by time whatever the clock does. */
export const MIGRATIONS: readonly string[] = [
  `CREATE TABLE objects (sha256 TEXT PRIMARY KEY, size INTEGER NOT NULL) STRICT;
   CREATE TABLE backups (
     id INTEGER PRIMARY KEY AUTOINCREMENT, seq INTEGER NOT NULL UNIQUE, path TEXT NOT NULL, time INTEGER NOT NULL,
     operation TEXT NOT NULL, caller_id TEXT NOT NULL, caller_name TEXT NOT NULL,
     sha256 TEXT NOT NULL REFERENCES objects, size INTEGER NOT NULL,
     mode INTEGER NOT NULL, uid INTEGER NOT NULL, gid INTEGER NOT NULL
   ) STRICT;
   CREATE INDEX backups_by_path ON backups (path, seq);
   CREATE INDEX backups_by_object ON backups (sha256);
   CREATE TABLE drafts (path TEXT PRIMARY KEY, time INTEGER NOT NULL) STRICT;
   CREATE TABLE sweeps (time INTEGER NOT NULL) STRICT;`,
];

/** Who had a file replaced, and by what. */
export interface BackupReason {
  /** Name of the operation. */
  readonly operation: string;
  readonly caller: { readonly id: string; readonly name: string };
}

/** One version of one file. */
export interface Backup extends FileAttributes {
  /** Never given to another version, also after this one is gone. */
  readonly id: number;
  /** Its place in the order in which versions were made. */
  readonly seq: number;
  /** The real path that the file had. */
  readonly path: string;
  /** When it was replaced, milliseconds since 1970. */
  readonly time: number;
  readonly operation: string;
  readonly callerId: string;
  readonly callerName: string;
  readonly sha256: string;
  /** Bytes of the content. */
  readonly size: number;
}

/** Which versions are asked for. */
export interface BackupFilter {
  /** Real path of a file, or of a folder with everything below it; all if it is absent. */
  readonly path?: string | undefined;
  /** Only versions before the one with this `seq`, which is where the page before ended. */
  readonly before?: number | undefined;
  /** How many at most. */
  readonly limit: number;
}

/** The index, as `store.ts` uses it. */
export interface BackupIndex {
  readonly drafts: DraftLog;
  /**
   * Names a version, durably, and forgets those that are over the limits, whose hashes it returns.
   *
   * @param how.adopt - gives the content its name
   */
  add(
    version: Pick<Backup, "path" | "sha256" | "size" | "mode" | "uid" | "gid">,
    reason: BackupReason,
    how: { readonly adopt: () => void; readonly limits: BackupLimits },
  ): { readonly backup: Backup; readonly forgotten: readonly string[] };
  list(filter: BackupFilter): Backup[];
  get(id: number): Backup | undefined;
  /** Removes contents that no version names, among some or among all. */
  removeUnused(remove: (sha256: string) => void, among?: readonly string[]): void;
  /** Removes drafts beside files that were left. */
  removeOldDrafts(): void;
  /** Removes contents that the index does not know, unless that was done less than `everyMs` ago. */
  sweep(everyMs: number, objects: Pick<Objects, "list" | "remove">): void;
}

/** Makes the index over an open database. */
export function createIndex(database: Database, now: () => number): BackupIndex {
  const { sql } = database;
  const add: BackupIndex["add"] = (version, { operation, caller }, { adopt, limits }) => {
    const { path, sha256, size, mode, uid, gid } = version;
    return durably(database, () => {
      adopt();
      sql.prepare("INSERT INTO objects VALUES (?, ?) ON CONFLICT DO NOTHING").run(sha256, size);
      const newest = find(database, "WHERE path = ? ORDER BY seq DESC LIMIT 1", path);
      const isSame = newest?.sha256 === sha256 && newest.mode === mode && newest.uid === uid &&
        newest.gid === gid;
      if (isSame) sql.prepare("DELETE FROM backups WHERE id = ?").run(newest.id);
      const { lastInsertRowid } = sql.prepare(
        `INSERT INTO backups (id, seq, path, time, operation, caller_id, caller_name, sha256, size, mode, uid, gid)
         VALUES (?, (SELECT coalesce(max(seq), 0) + 1 FROM backups), ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
      ).run(
        isSame ? newest.id : null,
        path,
        now(),
        operation,
        caller.id,
        caller.name,
        sha256,
        size,
        mode,
        uid,
        gid,
      );
      const forgotten = prune(database, { path, keep: Number(lastInsertRowid), limits });
      const backup = find(database, "WHERE id = ?", lastInsertRowid);
      if (backup === undefined) throw new Error("Cannot find the backup that was just made");
      return { backup, forgotten };
    });
  };
  return {
    drafts: {
      begin: (path) => void sql.prepare("INSERT INTO drafts VALUES (?, ?)").run(path, now()),
      end: (path) => void sql.prepare("DELETE FROM drafts WHERE path = ?").run(path),
    },
    add,
    list: (filter) => list(database, filter),
    get: (id) => find(database, "WHERE id = ?", id),
    removeUnused(remove, among = unusedContents(database)) {
      for (let at = 0; at < among.length; at += REMOVED_AT_ONCE) {
        removeContents(database, among.slice(at, at + REMOVED_AT_ONCE), remove);
      }
    },
    removeOldDrafts() {
      const old = sql.prepare("SELECT path FROM drafts WHERE time < ?").all(now() - DRAFT_AGE_MS);
      for (const { path } of old) removeDraft(database, String(path));
    },
    sweep(everyMs, objects) {
      const isKnown = sql.prepare("SELECT 1 FROM objects WHERE sha256 = ?");
      database.transact(() => {
        const last = Number(sql.prepare("SELECT max(time) AS time FROM sweeps").get()?.["time"] ?? 0);
        if (Math.abs(now() - last) < everyMs) return;
        for (const sha256 of objects.list()) {
          if (isKnown.get(sha256) === undefined) objects.remove(sha256);
        }
        sql.exec("DELETE FROM sweeps");
        sql.prepare("INSERT INTO sweeps VALUES (?)").run(now());
      });
    },
  };
}

/** Works in a transaction that has reached the disk when this returns. Other statements do without, which is faster. */
function durably<T>(database: Database, work: () => T): T {
  database.sql.exec("PRAGMA synchronous = FULL");
  try {
    return database.transact(work);
  } finally {
    database.sql.exec("PRAGMA synchronous = NORMAL");
  }
}

/** Forgets versions that are over the limits, and returns the hashes of their contents. */
function prune(
  { sql }: Database,
  { path, keep, limits }: { readonly path: string; readonly keep: number; readonly limits: BackupLimits },
): string[] {
  const statement = sql.prepare("DELETE FROM backups WHERE id = ? RETURNING sha256");
  const forget = (ids: readonly number[]) => ids.map((id) => String(statement.get(id)?.["sha256"]));
  const ofPath = sql.prepare("SELECT id FROM backups WHERE path = ? ORDER BY seq DESC").all(path);
  const overnumerous = forget(overNumber(ofPath.map(({ id }) => Number(id)), limits));
  const bytesOf = (condition: string) =>
    Number(sql.prepare(`SELECT sum(size) AS bytes FROM objects o ${condition}`).get()?.["bytes"] ?? 0);
  // Counts contents that are about to go, but takes a tenth of the time of the exact number.
  if (bytesOf("") <= limits.totalBytes) return overnumerous;
  const bytes = bytesOf("WHERE EXISTS (SELECT 1 FROM backups b WHERE b.sha256 = o.sha256)");
  return [...overnumerous, ...forget(overSize(oldestFirst({ sql }), { bytes, keep }, limits))];
}

function* oldestFirst({ sql }: Pick<Database, "sql">): Generator<KeptVersion> {
  const rows = sql.prepare(
    `SELECT id, sha256, size, (SELECT count(*) FROM backups b WHERE b.sha256 = a.sha256) AS uses
     FROM backups a ORDER BY seq`,
  ).iterate();
  for (const { id, sha256, size, uses } of rows) {
    yield { id: Number(id), sha256: String(sha256), size: Number(size), uses: Number(uses) };
  }
}

function unusedContents({ sql }: Database): string[] {
  return sql.prepare(
    "SELECT sha256 FROM objects o WHERE NOT EXISTS (SELECT 1 FROM backups b WHERE b.sha256 = o.sha256)",
  ).all().map(({ sha256 }) => String(sha256));
}

/** Removes those of some contents that no version names; while this goes on no other process can name one. */
function removeContents(
  database: Database,
  contents: readonly string[],
  remove: (sha256: string) => void,
): void {
  const { sql } = database;
  durably(database, () => {
    const isUsed = sql.prepare("SELECT 1 FROM backups WHERE sha256 = ? LIMIT 1");
    const forget = sql.prepare("DELETE FROM objects WHERE sha256 = ?");
    for (const sha256 of contents) {
      if (isUsed.get(sha256) !== undefined) continue;
      remove(sha256);
      forget.run(sha256);
    }
  });
}

function removeDraft({ sql }: Database, path: string): void {
  try {
    // Whoever still writes it fails then, and the old file stays.
    if (isDraftName(basename(path))) rmSync(path, { force: true });
  } catch {
    // Such as a disk that is not there now: it is tried again at the next start.
    return;
  }
  sql.prepare("DELETE FROM drafts WHERE path = ?").run(path);
}

const COLUMNS =
  "id, seq, path, time, operation, caller_id, caller_name, sha256, size, mode, uid, gid FROM backups";

function find(
  { sql }: Database,
  condition: string,
  value: string | number | bigint,
): Backup | undefined {
  const row = sql.prepare(`SELECT ${COLUMNS} ${condition}`).get(value);
  return row === undefined ? undefined : backupOf(row);
}

function list({ sql }: Database, { path, before, limit }: BackupFilter): Backup[] {
  const upTo = before ?? Number.MAX_SAFE_INTEGER;
  if (path === undefined) {
    return sql.prepare(`SELECT ${COLUMNS} WHERE seq < ? ORDER BY seq DESC LIMIT ?`).all(upTo, limit).map(
      backupOf,
    );
  }
  // What is below a folder lies between "folder/" and the text with the next character in the place of the slash.
  const first = path.endsWith(sep) ? path : `${path}${sep}`;
  const end = `${first.slice(0, -1)}${String.fromCharCode(sep.charCodeAt(0) + 1)}`;
  return sql.prepare(
    `SELECT ${COLUMNS} WHERE seq < ? AND (path = ? OR (path >= ? AND path < ?)) ORDER BY seq DESC LIMIT ?`,
  ).all(upTo, path, first, end, limit).map(backupOf);
}

function backupOf(row: Readonly<Record<string, unknown>>): Backup {
  const number = (name: string) => Number(row[name]);
  const text = (name: string) => String(row[name]);
  return {
    id: number("id"),
    seq: number("seq"),
    path: text("path"),
    time: number("time"),
    operation: text("operation"),
    callerId: text("caller_id"),
    callerName: text("caller_name"),
    sha256: text("sha256"),
    size: number("size"),
    mode: number("mode"),
    uid: number("uid"),
    gid: number("gid"),
  };
}
