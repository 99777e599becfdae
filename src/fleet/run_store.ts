/**
 * Keeps what became of runs in `runs.db`, shared by all processes of this machine and user: every host with its status, without what
 * it answered. Parameters of commands may hold secrets, so the file is its owner's alone.
 */
import { join } from "node:path";
import * as z from "zod";
import { type Database, openDatabase } from "../host/database.ts";
import { lockOwner, type OwnerLock } from "../host/owner_lock.ts";
import { WireError } from "../protocol/error_code.ts";
import { JobId } from "../protocol/job.ts";
import { isOperationName, type OperationName } from "../protocol/operation.ts";
import { HostStatus, RunId, RunStatus } from "../protocol/run.ts";
import type { HostOutcome, RunRecord } from "./run.ts";

/** Runs that are remembered. */
export const MAX_STORED_RUNS = 200;
/** How long one is remembered. */
export const KEEP_RUNS_MS = 7 * 24 * 3_600_000;
/** Hosts in one row: of a run only the rows are written anew in which something changed. */
export const HOSTS_IN_ROW = 128;
/** Rows of one owner that ask it to cancel a run, in one look. */
const MAX_REQUESTS = 100;

const MIGRATIONS = [`
  CREATE TABLE runs (
    seq INTEGER PRIMARY KEY,
    id TEXT NOT NULL UNIQUE,
    owner_id TEXT NOT NULL,
    status TEXT NOT NULL,
    started_at INTEGER NOT NULL,
    record TEXT NOT NULL,
    cancel_reason TEXT
  ) STRICT;
  CREATE TABLE run_hosts (
    seq INTEGER NOT NULL REFERENCES runs (seq) ON DELETE CASCADE,
    part INTEGER NOT NULL,
    hosts TEXT NOT NULL,
    PRIMARY KEY (seq, part)
  ) STRICT, WITHOUT ROWID;
`];

/** A run, and whose it is. */
export interface StoredRun {
  readonly record: RunRecord;
  readonly ownerId: string;
  /** Whether another process, which is still there, carries it out. */
  readonly isElsewhere: boolean;
}

/** The kept runs. What cannot be written or read is told by an error, and the runs go on without. */
export interface RunStore extends AsyncDisposable {
  /**
   * Writes a run of this process down.
   *
   * @param parts - rows of {@link HOSTS_IN_ROW} hosts in which something changed; all are written if the run is new here
   */
  save(record: RunRecord, parts: Iterable<number>): Promise<void>;
  get(id: RunId): Promise<StoredRun | undefined>;
  /** The newest first. The hosts of each are read when they are asked for. */
  recent(limit: number): RunRecord[];
  /** Makes a run this process's own, if it is still that of a process that is gone. */
  adopt(run: StoredRun): Promise<boolean>;
  /** Asks the process that carries a run out to cancel it. */
  requestCancel(id: RunId, reason: string): void;
  /** What other processes asked of this one. */
  cancelRequests(): { readonly id: RunId; readonly reason: string }[];
}

/** What {@link createRunStore} needs. */
export interface RunStoreOptions {
  /** Absolute path of the node's state folder, which exists. */
  readonly stateFolder: string;
  /** Milliseconds since 1970. @default Date.now */
  readonly now?: () => number;
}

/** Makes the store. The file is opened when it is first needed: most programs begin no run. */
export function createRunStore({ stateFolder, now = Date.now }: RunStoreOptions): RunStore {
  const path = join(stateFolder, "runs.db");
  let opened: Database | undefined;
  let owning: Promise<OwnerLock> | undefined;
  let sweeping: Promise<unknown> | undefined;
  let ownerId: string | undefined;
  let hasEnded = false;

  const open = (): Database => {
    if (hasEnded) throw ending();
    return opened ??= openDatabase(path, MIGRATIONS);
  };
  const own = (): Promise<OwnerLock> => {
    if (hasEnded) return Promise.reject(ending());
    if (owning !== undefined) return owning;
    const lock = lockOwner(join(stateFolder, "runs", "owners"), crypto.randomUUID());
    owning = lock;
    sweeping = lock.then(async (owner) => {
      ownerId = owner.id;
      await owner.sweep();
    }, () => owning = undefined) // A full disk may have room later.
      .catch(() => {}); // What is left of others is swept the next time.
    return lock;
  };
  /** For those who only look: without a file there is nothing to see, and none is made. */
  const look = (): Database | undefined => opened ?? (isThere(path) ? open() : undefined);

  return {
    async save(record, parts) {
      const owner = await own();
      write(open(), record, { parts, ownerId: owner.id, now: now() });
    },

    async get(id) {
      const database = look();
      if (database === undefined) return undefined;
      const row = database.sql.prepare("SELECT seq, owner_id, record FROM runs WHERE id = ?").get(id);
      if (row === undefined) return undefined;
      const record = recordOf(row, () => hostsOf(database, Number(row["seq"])));
      if (record === undefined) return undefined;
      const [owner, of] = [await own(), String(row["owner_id"])];
      return { record, ownerId: of, isElsewhere: of !== owner.id && await owner.isAlive(of) };
    },

    recent(limit) {
      const database = look();
      if (database === undefined) return [];
      const rows = database.sql.prepare("SELECT seq, record FROM runs ORDER BY seq DESC LIMIT ?").all(limit);
      return rows.flatMap((row) => recordOf(row, () => hostsOf(database, Number(row["seq"]))) ?? []);
    },

    async adopt({ record, ownerId: of }) {
      const owner = await own();
      const { changes } = open().sql.prepare("UPDATE runs SET owner_id = ? WHERE id = ? AND owner_id = ?")
        .run(owner.id, record.id, of);
      return Number(changes) > 0;
    },

    requestCancel(id, reason) {
      open().sql.prepare("UPDATE runs SET cancel_reason = ? WHERE id = ? AND status = 'running'").run(
        reason,
        id,
      );
    },

    cancelRequests() {
      if (ownerId === undefined || opened === undefined) return [];
      const rows = opened.sql.prepare(
        `SELECT id, cancel_reason FROM runs
         WHERE status = 'running' AND owner_id = ? AND cancel_reason IS NOT NULL LIMIT ${MAX_REQUESTS}`,
      ).all(ownerId);
      return rows.map((row) => ({ id: String(row["id"]), reason: String(row["cancel_reason"]) }));
    },

    async [Symbol.asyncDispose]() {
      if (hasEnded) return;
      hasEnded = true;
      opened?.[Symbol.dispose]();
      const owner = await owning?.catch(() => undefined); // It could not be made, so nothing is to be given up.
      await sweeping;
      await owner?.[Symbol.asyncDispose]();
    },
  };
}

/** Writes a run and the rows of its hosts, and forgets runs that are over the limits. */
function write(
  database: Database,
  record: RunRecord,
  { parts, ownerId, now }: {
    readonly parts: Iterable<number>;
    readonly ownerId: string;
    readonly now: number;
  },
): void {
  const { sql } = database;
  const { hosts, notKept: _, ...rest } = record;
  database.transact(() => {
    const known = sql.prepare("UPDATE runs SET status = ?, record = ? WHERE id = ? RETURNING seq")
      .get(record.status, JSON.stringify(rest), record.id);
    const seq = known?.["seq"] ??
      sql.prepare("INSERT INTO runs (id, owner_id, status, started_at, record) VALUES (?, ?, ?, ?, ?)")
        .run(record.id, ownerId, record.status, record.startedAt, JSON.stringify(rest)).lastInsertRowid;
    const all = known === undefined
      ? Array.from({ length: Math.ceil(hosts.length / HOSTS_IN_ROW) }, (_, i) => i)
      : parts;
    const put = sql.prepare("INSERT OR REPLACE INTO run_hosts VALUES (?, ?, ?)");
    for (const part of all) {
      const some = hosts.slice(part * HOSTS_IN_ROW, (part + 1) * HOSTS_IN_ROW);
      put.run(Number(seq), part, JSON.stringify(some.map((host) => storedHost(record.op, host))));
    }
    if (known !== undefined) return;
    // A run that goes on is not forgotten, but one that nobody has looked after for long is not going on.
    sql.prepare(
      `DELETE FROM runs WHERE seq <> :seq AND (status <> 'running' OR started_at < :old - :keep) AND
        (started_at < :old OR seq <= (SELECT seq FROM runs ORDER BY seq DESC LIMIT 1 OFFSET :max))`,
    ).run({ seq: Number(seq), old: now - KEEP_RUNS_MS, keep: KEEP_RUNS_MS, max: MAX_STORED_RUNS });
  });
}

/** Without what the host answered; what a write did is kept, as it can be undone only so, unless it is more than any write says. */
function storedHost(op: OperationName, { result, ...host }: HostOutcome): HostOutcome {
  if (!isKept(op) || result === undefined) return host;
  return JSON.stringify(result).length <= MAX_KEPT_CHARACTERS ? { ...host, result } : host;
}

/** Characters of a result that is kept with its host, in memory and on the disk; more is not what a write answers. */
export const MAX_KEPT_CHARACTERS = 8 * 1024;

/** Tells whether the results of an operation are small, and needed after a restart. */
export function isKept(op: OperationName): boolean {
  return op === "write_file";
}

const Agent = z.object({ id: z.string(), name: z.string() });
const StoredHost = z.object({
  agent: Agent,
  status: HostStatus,
  startedAt: z.number().optional(),
  durationMs: z.number().optional(),
  exitCode: z.number().nullable().optional(),
  signal: z.string().nullable().optional(),
  job: JobId.optional(),
  error: WireError.optional(),
  result: z.unknown().optional(),
  note: z.string().optional(),
});
const StoredRecord = z.object({
  id: RunId,
  tool: z.string(),
  op: z.string().refine(isOperationName),
  params: z.unknown().optional(),
  target: z.string(),
  status: RunStatus,
  reason: z.string().optional(),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  flow: z.object({
    parallel: z.number(),
    canary: z.number(),
    waveSize: z.number(),
    // JSON has no infinity.
    maxFailures: z.number().nullable().transform((count) => count ?? Infinity),
  }),
  leftOut: z.array(z.object({ agent: Agent, reason: z.enum(["self", "not_accepting", "succeeded_before"]) })),
});

/** Reads a run; undefined if it is of a version that knows other operations. */
function recordOf(
  row: Readonly<Record<string, unknown>>,
  readHosts: () => readonly HostOutcome[],
): RunRecord | undefined {
  const parsed = StoredRecord.safeParse(parseJson(String(row["record"])));
  if (!parsed.success) return undefined;
  const { op, params, ...rest } = parsed.data;
  if (!isOperationName(op)) return undefined;
  let hosts: readonly HostOutcome[] | undefined;
  return {
    ...rest,
    op,
    params,
    get hosts() {
      return hosts ??= readHosts();
    },
  };
}

function hostsOf({ sql }: Database, seq: number): HostOutcome[] {
  return sql.prepare("SELECT hosts FROM run_hosts WHERE seq = ? ORDER BY part").all(seq)
    .flatMap((row) => z.array(StoredHost).parse(parseJson(String(row["hosts"]))));
}

function parseJson(text: string): unknown {
  return JSON.parse(text);
}

function ending(): Error {
  return new Error("Cannot use the kept runs: this program is ending");
}

function isThere(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch {
    // What cannot be looked at cannot be read.
    return false;
  }
}
