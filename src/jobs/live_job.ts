/**
 * One command that this process runs: its output, its end, and the way from a call that waits for it to a job on its own.
 */
import { OutputEnds } from "../host/output_ends.ts";
import type { Leftover, SpawnOptions, spawnProcess } from "../host/spawn.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { MAX_ANSWERED_BYTES, type Output, OUTPUT_END_BYTES } from "../protocol/operations/exec.ts";
import { JOB_STREAMS, type JobOutput, type JobStream } from "./output_file.ts";
import { stampOf } from "./process_stamp.ts";
import type { JobRecord } from "./store.ts";
import { shareRoom } from "./text_page.ts";

/** Takes output as it comes, and holds the command back while its promise is pending. It rejects when nobody listens any more. */
export type LiveOutput = (stream: JobStream, bytes: Bytes) => Promise<void>;

/** What a job is made from. */
export interface LiveJobOptions {
  readonly record: JobRecord;
  readonly output: JobOutput;
  readonly live: LiveOutput | undefined;
  /** Bytes of both outputs that an answer about it carries. @default {MAX_ANSWERED_BYTES} */
  readonly maxAnsweredBytes?: number | undefined;
  /** Why it could not be written down; then it is known only while it runs. */
  readonly unrecorded: string | undefined;
  readonly spawn: typeof spawnProcess;
  readonly now: () => number;
  /** Told once, when the command has ended and its output was taken, and awaited before {@link LiveJob.ended} resolves. */
  readonly onEnd: (job: LiveJob, leftover: Leftover | undefined) => Promise<void>;
  /** Told when it goes on without its caller, to whom only what is written down then is of use after a crash. */
  readonly onDetached: (job: LiveJob) => void;
}

/** A command that runs, or has just ended. */
export class LiveJob {
  /** Resolves when the command was started. Rejects as `spawnProcess` does if it could not be. */
  readonly started: Promise<void>;
  /** Resolves when it has ended and is recorded. Never rejects. */
  readonly ended: Promise<void>;
  readonly output: JobOutput;
  readonly #ends: Readonly<Record<JobStream, OutputEnds>>;
  readonly #maxAnsweredBytes: number;
  readonly #options: LiveJobOptions;
  readonly #controller = new AbortController();
  readonly #started = Promise.withResolvers<void>();
  /** Lets go of the chunks that a slow reader holds back: one of each output at most. */
  readonly #passing = new Set<() => void>();
  #live: LiveOutput | undefined;
  #record: JobRecord;
  #isDetached = false;
  #hasStarted = false;
  #isReceiverGone = false;
  #failure: unknown;
  /** Resolved and replaced when there is output, or the end. */
  #news = Promise.withResolvers<void>();

  constructor(options: LiveJobOptions, command: SpawnOptions) {
    this.#options = options;
    this.#record = options.record;
    this.#live = options.live;
    this.output = options.output;
    this.#maxAnsweredBytes = options.maxAnsweredBytes ?? MAX_ANSWERED_BYTES;
    // One output alone may need all the room.
    const endBytes = Math.min(OUTPUT_END_BYTES, Math.ceil(this.#maxAnsweredBytes / 2));
    this.#ends = { stdout: new OutputEnds(endBytes), stderr: new OutputEnds(endBytes) };
    this.started = this.#started.promise;
    this.ended = this.#run(command);
  }

  /** What is to be told of it now. */
  get record(): JobRecord {
    const { output } = this;
    const isOver = this.#record.status !== "running";
    return {
      ...this.#record,
      durationMs: this.#record.durationMs ?? Math.max(0, this.#options.now() - this.#record.startedAt),
      stdoutBytes: output.bytes("stdout"),
      stderrBytes: output.bytes("stderr"),
      stdoutKept: isOver ? output.keptOnDisk("stdout") : output.kept("stdout"),
      stderrKept: isOver ? output.keptOnDisk("stderr") : output.kept("stderr"),
      hasFiles: output.hasFiles,
    };
  }

  /** Whether it runs on its own, without a call that waits for it. */
  get isDetached(): boolean {
    return this.#isDetached;
  }

  /** Whether the command was started; false also if it could not be. */
  get hasStarted(): boolean {
    return this.#hasStarted;
  }

  /** Why it could not be written down, so that it is known only while it runs; else undefined. */
  get unrecorded(): string | undefined {
    return this.#options.unrecorded;
  }

  /** Whether it was ended because nobody took its output any more. */
  get isReceiverGone(): boolean {
    return this.#isReceiverGone;
  }

  /** What was thrown while it ran, by its start or by the receiver of its output; else undefined. */
  get failure(): unknown {
    return this.#failure;
  }

  /** Bytes that were written and are not kept. */
  get droppedBytes(): number {
    return JOB_STREAMS.reduce((sum, name) => sum + this.output.dropped(name), 0);
  }

  /** The outputs as an answer carries them: their beginnings and ends. */
  answer(): Readonly<Record<JobStream, Output>> {
    const room = this.#room();
    return { stdout: this.#ends.stdout.render(room.stdout), stderr: this.#ends.stderr.render(room.stderr) };
  }

  /** Whether an answer leaves something of the outputs out. */
  get isCut(): boolean {
    const room = this.#room();
    return JOB_STREAMS.some((name) => this.#ends[name].bytes > room[name]);
  }

  #room(): Readonly<Record<JobStream, number>> {
    const { stdout, stderr } = this.#ends;
    return shareRoom(this.#maxAnsweredBytes, { stdout: stdout.kept, stderr: stderr.kept });
  }

  /** Lets it go on without its caller: nothing holds it back any more, and its output goes to files. */
  async detach(): Promise<void> {
    this.#isDetached = true;
    this.#live = undefined;
    for (const letGo of this.#passing) letGo();
    await this.output.toDisk();
    this.#options.onDetached(this);
  }

  /** Begins to end it with everything it started. The first reason counts. */
  cancel(reason: string): void {
    if (this.#record.status !== "running" || this.#controller.signal.aborted) return;
    this.#record = { ...this.#record, reason };
    this.#controller.abort();
  }

  /** Resolves at the next output, or the end. Ask for it before looking. */
  news(): Promise<void> {
    return this.#news.promise;
  }

  async #run(command: SpawnOptions): Promise<void> {
    const { spawn, onEnd, now } = this.#options;
    let leftover: Leftover | undefined;
    try {
      const result = await spawn({ ...command, signal: this.#controller.signal }, {
        onStart: (pid) => {
          this.#record = { ...this.#record, pid, pidStamp: null };
          this.#hasStarted = true;
          this.#started.resolve();
        },
        onOutput: (stream, bytes) => this.#take(stream, bytes),
      });
      leftover = result.leftover;
      if (result.cancelled) await leftover?.stop();
      this.#record = {
        ...this.#record,
        status: result.cancelled ? "cancelled" : "ended",
        endedAt: now(),
        durationMs: result.durationMs,
        exitCode: result.exitCode,
        signal: result.signal,
        timedOut: result.timedOut,
        reason: result.cancelled ? this.#record.reason : null,
      };
    } catch (error) {
      this.#failure = error;
      const reason = this.#isReceiverGone ? "nobody took its output any more" : String(error);
      this.#record = {
        ...this.#record,
        status: "cancelled",
        endedAt: now(),
        reason: this.#record.reason ?? reason,
      };
      if (!this.#hasStarted) this.#started.reject(error);
    }
    // A program that was cancelled before it could be started was not started at all.
    this.#started.resolve();
    await onEnd(this, this.#record.status === "cancelled" ? undefined : leftover);
    this.#tell();
  }

  /** With the process's stamp, for the index: asked for late, as most commands end before anybody needs it. */
  stampedRecord(): JobRecord {
    const { pid, pidStamp } = this.#record;
    if (pid !== null && pidStamp === null) {
      this.#record = { ...this.#record, pidStamp: stampOf(pid) ?? "unknown" };
    }
    return this.record;
  }

  async #take(stream: JobStream, bytes: Bytes): Promise<void> {
    this.#ends[stream].push(bytes);
    await this.output.append(stream, bytes);
    this.#tell();
    if (this.#live === undefined) return;
    const passed = Promise.withResolvers<void>();
    this.#passing.add(passed.resolve);
    this.#live(stream, bytes).then(passed.resolve, passed.reject);
    try {
      await passed.promise;
    } catch (error) {
      this.#isReceiverGone = true;
      throw error;
    } finally {
      this.#passing.delete(passed.resolve);
    }
  }

  #tell(): void {
    const { resolve } = this.#news;
    this.#news = Promise.withResolvers();
    resolve();
  }
}
