/**
 * The index of jobs: one row a job in `jobs.db`, shared by all processes of this machine and user. The output is in files
 * beside it.
 */
import * as z from "zod";
import { openDatabase } from "../host/database.ts";
import { Isolation, JobId, JobStatus } from "../protocol/job.ts";
import { Mode } from "../protocol/mode.ts";
import type { EndedJob } from "./rules.ts";

/** A row is written twice for every command, and there are about a thousand: no index but that of the id pays for itself. */
const MIGRATIONS = [`
  CREATE TABLE jobs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL,
    owner_pid INTEGER NOT NULL,
    caller_id TEXT NOT NULL,
    caller_name TEXT NOT NULL,
    command TEXT NOT NULL,
    cwd TEXT NOT NULL,
    mode TEXT NOT NULL,
    isolation TEXT NOT NULL,
    status TEXT NOT NULL,
    reason TEXT,
    started_at INTEGER NOT NULL,
    ended_at INTEGER,
    duration_ms INTEGER,
    pid INTEGER,
    pid_stamp TEXT,
    exit_code INTEGER,
    signal TEXT,
    timed_out INTEGER NOT NULL DEFAULT 0,
    stdout_bytes INTEGER NOT NULL DEFAULT 0,
    stderr_bytes INTEGER NOT NULL DEFAULT 0,
    stdout_kept INTEGER NOT NULL DEFAULT 0,
    stderr_kept INTEGER NOT NULL DEFAULT 0,
    has_files INTEGER NOT NULL DEFAULT 0,
    cancel_reason TEXT
  ) STRICT;
`];

/** A job as its row tells it. Times are milliseconds since 1970. */
export const JobRecord = z.object({
  id: JobId,
  ownerId: z.string(),
  ownerPid: z.number(),
  callerId: z.string(),
  callerName: z.string(),
  command: z.string(),
  cwd: z.string(),
  mode: Mode,
  isolation: Isolation,
  status: JobStatus,
  reason: z.string().nullable(),
  startedAt: z.number(),
  endedAt: z.number().nullable(),
  durationMs: z.number().nullable(),
  pid: z.number().nullable(),
  pidStamp: z.string().nullable(),
  exitCode: z.number().nullable(),
  signal: z.string().nullable(),
  timedOut: z.coerce.boolean(),
  stdoutBytes: z.number(),
  stderrBytes: z.number(),
  stdoutKept: z.number(),
  stderrKept: z.number(),
  hasFiles: z.coerce.boolean(),
});
export type JobRecord = z.infer<typeof JobRecord>;

/** A job that is about to be started. */
export function newRecord(
  known: Pick<
    JobRecord,
    | "id"
    | "ownerId"
    | "ownerPid"
    | "callerId"
    | "callerName"
    | "command"
    | "cwd"
    | "mode"
    | "isolation"
    | "startedAt"
  >,
): JobRecord {
  return {
    ...known,
    status: "running",
    reason: null,
    endedAt: null,
    durationMs: null,
    pid: null,
    pidStamp: null,
    exitCode: null,
    signal: null,
    timedOut: false,
    stdoutBytes: 0,
    stderrBytes: 0,
    stdoutKept: 0,
    stderrKept: 0,
    hasFiles: false,
  };
}

/** Which jobs a list holds. */
export interface JobFilter {
  readonly status?: JobStatus | undefined;
  /** Only those started before this one. */
  readonly before?: JobId | undefined;
  readonly limit: number;
}

/** The index. Every method is one short transaction; what another process wrote is seen at once. */
export interface JobStore extends Disposable {
  /** Writes down a job that is about to be started. */
  insert(record: JobRecord): void;
  /** Writes all that changes of jobs, but only of those that still run by the index. */
  update(records: readonly JobRecord[]): void;
  remove(ids: readonly JobId[]): void;
  get(id: JobId): JobRecord | undefined;
  /** The newest first, and how many older ones match. */
  list(filter: JobFilter): { readonly jobs: JobRecord[]; readonly omitted: number };
  /** All that run by the index, whoever owns them. */
  running(): JobRecord[];
  /** All that have ended, in the order of their start. */
  ended(): EndedJob[];
  /** Asks the owner of a running job to end it. */
  requestCancel(id: JobId, reason: string): void;
  /** What other processes asked of this owner. */
  cancelRequests(ownerId: string): { readonly id: JobId; readonly reason: string }[];
  /** Turns a lost job into a cancelled one, since its orphan was ended. */
  markCancelled(id: JobId, reason: string): void;
}

const COLUMNS = Object.keys(JobRecord.shape).map((name) => [name, snake(name)] as const);
const SELECT = `SELECT ${COLUMNS.map(([name, column]) => `${column} AS "${name}"`).join(", ")} FROM jobs`;
/** What does not change after the start. */
const FIXED = new Set([
  "id",
  "ownerId",
  "ownerPid",
  "callerId",
  "callerName",
  "command",
  "cwd",
  "mode",
  "startedAt",
]);
const CHANGING = COLUMNS.filter(([name]) => !FIXED.has(name));
/** What is known before the start; the rest is as the table has it. */
const KNOWN = COLUMNS.filter(([name]) => FIXED.has(name) || name === "status" || name === "isolation");
const MATCHES = `(:status IS NULL OR status = :status)
  AND (:before IS NULL OR seq < coalesce((SELECT seq FROM jobs WHERE id = :before), 0))`;

/**
 * Opens the index.
 *
 * @param path - absolute path of `jobs.db`, in a folder that exists
 */
export function openJobStore(path: string): JobStore {
  const database = openDatabase(path, MIGRATIONS);
  const { sql } = database;
  const insert = sql.prepare(
    `INSERT INTO jobs (${KNOWN.map(([, column]) => column).join(", ")}) VALUES (${
      KNOWN.map(() => "?").join(", ")
    })`,
  );
  const update = sql.prepare(
    `UPDATE jobs SET ${
      CHANGING.map(([, column]) => `${column} = ?`).join(", ")
    } WHERE id = ? AND status = 'running'`,
  );
  const remove = sql.prepare("DELETE FROM jobs WHERE id = ?");
  const get = sql.prepare(`${SELECT} WHERE id = ?`);
  const list = sql.prepare(`${SELECT} WHERE ${MATCHES} ORDER BY seq DESC LIMIT :limit`);
  const count = sql.prepare(`SELECT count(*) AS n FROM jobs WHERE ${MATCHES}`);
  const running = sql.prepare(`${SELECT} WHERE status = 'running'`);
  const ended = sql.prepare(
    `SELECT id, coalesce(ended_at, started_at) AS "endedAt", stdout_kept + stderr_kept AS "keptBytes"
     FROM jobs WHERE status <> 'running' ORDER BY seq`,
  );
  const requestCancel = sql.prepare("UPDATE jobs SET cancel_reason = ? WHERE id = ? AND status = 'running'");
  const requests = sql.prepare(
    `SELECT id, cancel_reason AS reason FROM jobs
     WHERE status = 'running' AND owner_id = ? AND cancel_reason IS NOT NULL`,
  );
  const markCancelled = sql.prepare(
    "UPDATE jobs SET status = 'cancelled', reason = ? WHERE id = ? AND status = 'lost'",
  );
  return {
    insert: (record) => void insert.run(...valuesOf(record, KNOWN)),
    update(records) {
      if (records.length === 0) return;
      const work = () => records.forEach((record) => update.run(...valuesOf(record, CHANGING), record.id));
      if (records.length === 1) work();
      else database.transact(work);
    },
    remove(ids) {
      if (ids.length > 0) database.transact(() => ids.forEach((id) => remove.run(id)));
    },
    get(id) {
      const row = get.get(id);
      return row === undefined ? undefined : JobRecord.parse(row);
    },
    list({ status, before, limit }) {
      const filter = { status: status ?? null, before: before ?? null };
      const jobs = list.all({ ...filter, limit }).map((row) => JobRecord.parse(row));
      return { jobs, omitted: Number(count.get(filter)?.["n"] ?? 0) - jobs.length };
    },
    running: () => running.all().map((row) => JobRecord.parse(row)),
    ended: () =>
      ended.all().map(({ id, endedAt, keptBytes }) => ({
        id: String(id),
        endedAt: Number(endedAt),
        keptBytes: Number(keptBytes),
      })),
    requestCancel: (id, reason) => void requestCancel.run(reason, id),
    cancelRequests: (ownerId) =>
      requests.all(ownerId).map(({ id, reason }) => ({ id: String(id), reason: String(reason) })),
    markCancelled: (id, reason) => void markCancelled.run(reason, id),
    [Symbol.dispose]: () => database[Symbol.dispose](),
  };
}

/** The values of columns in the form that the driver takes. */
function valuesOf(
  record: JobRecord,
  columns: readonly (readonly [string, string])[],
): (string | number | null)[] {
  const all: Readonly<Record<string, string | number | boolean | null>> = record;
  return columns.map(([name]) => {
    const value = all[name] ?? null;
    return typeof value === "boolean" ? Number(value) : value;
  });
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
