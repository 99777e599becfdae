/**
 * The audit log of a host: one record for each request, written in batches. Every process of the machine and user appends to the same
 * chain. `executors/mod.ts` writes to it; `remote-agent audit` reads it.
 */
import { setImmediate } from "node:timers";
import { OperationError } from "../errors.ts";
import { appendBatch, type Remembered } from "./append.ts";
import type { Redact } from "./arguments.ts";
import { headPath, logPath } from "./files.ts";
import { lockFile } from "./lock.ts";
import {
  type AuditOutcome,
  type AuditRequest,
  beginFields,
  callFields,
  endFields,
  gapFields,
  type RecordContext,
  repairFields,
} from "./record.ts";

/** What {@link openAudit} needs. */
export interface AuditOptions {
  /** Absolute path of the log's own folder; see `auditFolder()`. It is made, with mode 0700, when it is first needed. */
  readonly folder: string;
  /** The chain begins with it. */
  readonly agentId: string;
  /** Takes out the secrets that the process knows. */
  readonly redact: Redact;
  /** Told once when the log stops working, and once when it works again. */
  readonly onChange?: ((event: AuditChange) => void) | undefined;
  /** @default Date.now */
  readonly now?: (() => number) | undefined;
  /** Bytes after which a new file is started. @default {67_108_864} */
  readonly maxFileBytes?: number | undefined;
  /** How long other processes' lock is waited for. @default {5000} */
  readonly lockTimeoutMs?: number | undefined;
}

/** The log stopped working, or works again. */
export type AuditChange =
  | { readonly works: false; readonly reason: string }
  | { readonly works: true; readonly lost: number };

/** How the log does. */
export interface AuditStatus {
  readonly path: string;
  /** Records that this process wrote. */
  readonly written: number;
  /** Records of this process that could not be written. */
  readonly lost: number;
  /** Why the last records could not be written, and since when; undefined while it works. */
  readonly failure: { readonly reason: string; readonly since: string } | undefined;
}

/** An operation whose beginning is recorded. */
export interface Begun {
  /** Number of that record. */
  readonly seq: number;
  readonly request: AuditRequest;
}

/** An open log. Disposing of it writes what waits and syncs it. */
export interface Audit extends AsyncDisposable {
  /**
   * Records that an operation which changes something is about to start. It may start when this resolves: the record is in the file.
   *
   * @throws {OperationError} `cannot_run` if the record cannot be written, `busy` if too many wait.
   */
  begin(request: AuditRequest): Promise<Begun>;
  /** Records how it ended. Never rejects: a record that cannot be written is counted, and resolves as well. */
  end(begun: Begun, outcome: AuditOutcome): Promise<void>;
  /** Records a request that changed nothing, or was refused. Never rejects, as `end()`. */
  call(request: AuditRequest, outcome: AuditOutcome): Promise<void>;
  status(): AuditStatus;
}

const MAX_FILE_BYTES = 64 * 1024 * 1024;
const LOCK_TIMEOUT_MS = 5_000;
/** Milliseconds between two syncs; a failure of the power loses so much at most. */
const SYNC_MS = 1_000;
/** Records that wait at most, and those that are written at once. */
const MAX_WAITING = 10_000;
const MAX_BATCH = 256;

/** Opens the log of a host. Nothing about the disk makes it fail: what does not work shows in `status()` and in `begin()`. */
export function openAudit(options: AuditOptions): Audit {
  return new AuditLog(options);
}

interface Waiting {
  readonly fields: string;
  readonly written: (seq: number) => void;
  readonly failed: (error: unknown) => void;
}

class AuditLog implements Audit {
  readonly #options: AuditOptions;
  #waiting: Waiting[] = [];
  #running: Promise<void> | undefined;
  #remembered: Remembered | undefined;
  #written = 0;
  #lost = 0;
  /** Those of the lost that the log does not tell of yet. */
  #untold = 0;
  #failure: { reason: string; since: string } | undefined;
  #syncTimer: ReturnType<typeof setTimeout> | undefined;
  #syncing: Promise<void> | undefined;
  #isDirty = false;
  #hasEnded = false;

  constructor(options: AuditOptions) {
    this.#options = options;
    // What a crash left is put right now and not with the first request.
    this.#start();
  }

  async begin(request: AuditRequest): Promise<Begun> {
    try {
      return { seq: await this.#append(beginFields(request, this.#context())), request };
    } catch (cause) {
      if (cause instanceof OperationError) throw cause;
      const reason = reasonOf(cause);
      throw new OperationError(
        "cannot_run",
        `Cannot start an operation that may change something: its record cannot be written to the audit log: ${reason}`,
        { remedy: `Make it possible on that machine to write to ${logPath(this.#options.folder)}`, cause },
      );
    }
  }

  async end({ seq, request }: Begun, outcome: AuditOutcome): Promise<void> {
    await this.#append(endFields(seq, request, outcome, this.#context())).catch(ignoreCounted);
  }

  async call(request: AuditRequest, outcome: AuditOutcome): Promise<void> {
    await this.#append(callFields(request, outcome, this.#context())).catch(ignoreCounted);
  }

  status(): AuditStatus {
    return {
      path: logPath(this.#options.folder),
      written: this.#written,
      lost: this.#lost,
      failure: this.#failure,
    };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#hasEnded = true;
    await this.#running;
    clearTimeout(this.#syncTimer);
    await this.#sync();
  }

  #context(): RecordContext {
    const { now = Date.now, redact } = this.#options;
    return { time: new Date(now()), pid: Deno.pid, redact };
  }

  #append(fields: string): Promise<number> {
    const refusal = this.#hasEnded
      ? new OperationError("cancelled", "Cannot write to the audit log: the agent is ending")
      : this.#waiting.length >= MAX_WAITING
      ? new OperationError("busy", `Cannot write to the audit log: ${MAX_WAITING} records wait already`)
      : undefined;
    if (refusal !== undefined) {
      this.#countLost(1, refusal);
      return Promise.reject(refusal);
    }
    const { promise, resolve, reject } = Promise.withResolvers<number>();
    this.#waiting.push({ fields, written: resolve, failed: reject });
    this.#start();
    return promise;
  }

  #start(): void {
    this.#running ??= this.#run();
  }

  async #run(): Promise<void> {
    try {
      do {
        // What comes in the same turn goes into the same batch.
        await new Promise<void>((resolve) => void setImmediate(resolve));
        const batch = this.#waiting.splice(0, MAX_BATCH);
        try {
          const firstSeq = await this.#write(batch.map(({ fields }) => fields));
          batch.forEach(({ written }, i) => written(firstSeq + i));
        } catch (error) {
          for (const { failed } of batch) failed(error);
          this.#countLost(batch.length, error);
        }
      } while (this.#waiting.length > 0);
    } finally {
      // In the same turn as the last look at what waits: nothing can come in between and be left waiting.
      this.#running = undefined;
    }
  }

  async #write(records: readonly string[]): Promise<number> {
    const { folder, agentId, lockTimeoutMs = LOCK_TIMEOUT_MS, maxFileBytes = MAX_FILE_BYTES } = this.#options;
    using head = openHead(folder);
    if (!await lockFile(head, { timeoutMs: lockTimeoutMs })) {
      throw new Error(`another process has had it locked for ${lockTimeoutMs} ms`);
    }
    const context = this.#context();
    const untold = this.#untold;
    const gap = untold === 0 ? [] : [gapFields({ lost: untold, ...this.#failureOrNone() }, context)];
    const appended = appendBatch(records.length === 0 ? [] : [...gap, ...records], {
      folder,
      agentId,
      maxFileBytes,
      head,
      remembered: this.#remembered,
      repairFields: (repair) => repairFields(repair, context),
    });
    if (appended === undefined) return 0;
    this.#remembered = appended.remembered;
    this.#written += records.length;
    if (records.length > 0) this.#recover(untold);
    this.#isDirty = true;
    this.#syncTimer ??= unref(setTimeout(() => void this.#sync(), SYNC_MS));
    return appended.firstSeq + (records.length === 0 ? 0 : gap.length);
  }

  #failureOrNone(): { since: string; reason: string } {
    return this.#failure ?? { since: this.#context().time.toISOString(), reason: "too many records waited" };
  }

  #countLost(count: number, error: unknown): void {
    this.#lost += count;
    this.#untold += count;
    // Too many at once, or the end of the node, is not a failure of the log.
    if (error instanceof OperationError || this.#failure !== undefined) return;
    this.#failure = { reason: reasonOf(error), since: this.#context().time.toISOString() };
    this.#options.onChange?.({ works: false, reason: this.#failure.reason });
  }

  #recover(told: number): void {
    this.#untold -= told;
    if (this.#failure === undefined) return;
    this.#failure = undefined;
    this.#options.onChange?.({ works: true, lost: told });
  }

  #sync(): Promise<void> {
    this.#syncTimer = undefined;
    this.#syncing = (this.#syncing ?? Promise.resolve()).then(async () => {
      if (!this.#isDirty) return;
      this.#isDirty = false;
      try {
        using log = await Deno.open(logPath(this.#options.folder), { write: true });
        await log.syncData();
      } catch {
        // A disk that fails shows at the next record; a file that was just rotated has been synced.
      }
    });
    return this.#syncing;
  }
}

function openHead(folder: string): Deno.FsFile {
  const options = { read: true, write: true, create: true, mode: 0o600 };
  try {
    return Deno.openSync(headPath(folder), options);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    Deno.mkdirSync(folder, { recursive: true, mode: 0o700 });
    return Deno.openSync(headPath(folder), options);
  }
}

/** The failure is counted already, and told through `status()` and `onChange`. */
function ignoreCounted(): void {}

/** A timer that does not keep the process from ending. */
function unref(timer: ReturnType<typeof setTimeout>): ReturnType<typeof setTimeout> {
  Deno.unrefTimer(timer);
  return timer;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
