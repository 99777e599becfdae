/**
 * Runs one program to its end: output chunk by chunk as it comes, input from memory or as a stream, a time limit, and an end by
 * signal that takes the whole tree of processes along. Executors start everything through it.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { utf8 } from "../protocol/bytes.ts";
import { after } from "./long_timer.ts";
import { PipePump } from "./pipe_pump.ts";
import { KILL_GRACE_MS, killTree } from "./process_tree.ts";
import { startProcess } from "./start_process.ts";

/** How long the system may take to report the end of a program whose processes are gone. */
const REPORT_MS = 1000;

/** The outputs, in the order of their pumps. */
const CHANNELS = ["stdout", "stderr"] as const;

/** What to run, and for how long. */
export interface SpawnOptions {
  /** Program and arguments; a program without a slash is looked up in `PATH`. */
  readonly argv: readonly [string, ...string[]];
  /** Absolute path of an existing folder. */
  readonly cwd: string;
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /**
   * Text or chunks for the standard input, which is then closed. The next chunk is asked for when the program has taken the one
   * before, and none when it reads no more, which is no failure. If the chunks fail, the program is ended and
   * {@link spawnProcess} rejects with the same error. @default nothing: the program reads an end of file at once
   */
  readonly stdin?: string | AsyncIterable<Bytes> | undefined;
  /** Milliseconds until the program is ended, of any length. @default no limit */
  readonly timeoutMs?: number | undefined;
  /** Ends the program when it aborts. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds between TERM and KILL; asked when the program is to be ended. @default {KILL_GRACE_MS} */
  readonly graceMs?: (() => number) | undefined;
  /** Absolute path of setsid(1), as `findSetsid()` gives it. @default the runtime's slower way */
  readonly setsid?: string | undefined;
  /** Milliseconds of silence after which output of background processes is no longer waited for. @default 250 */
  readonly settleMs?: number | undefined;
}

/** Who takes the output. */
export interface SpawnHooks {
  /** Told once when the program has been started, before any output; never if it could not be. */
  onStart?(pid: number): void;
  /**
   * Takes a chunk. Nothing more is read from that pipe until it resolves; the other pipe goes on. If it rejects, the
   * program is ended and {@link spawnProcess} rejects with the same error.
   */
  onOutput(channel: "stdout" | "stderr", bytes: Bytes): Promise<void>;
}

/** What a program did. */
export interface SpawnResult {
  /** Null if a signal ended it, or if it could not be ended. */
  readonly exitCode: number | null;
  readonly signal: string | null;
  /** Milliseconds from the start to the end of the program itself. */
  readonly durationMs: number;
  readonly timedOut: boolean;
  readonly cancelled: boolean;
  /** Outputs that were not taken to their end, as background processes went on writing to them, or could; absent if there are none. */
  readonly unfinished?: readonly ("stdout" | "stderr")[] | undefined;
  /** Present if the program left background processes that hold its pipes; whoever gets it must stop it in the end. */
  readonly leftover?: Leftover | undefined;
}

/**
 * Pipes that background processes of an ended program still hold. They are read and their content is dropped, since
 * a closed pipe would end a server at its next line of log.
 */
export interface Leftover {
  /** Resolves when nobody holds the pipes any more, or after `stop`. */
  readonly closed: Promise<void>;
  /** Stops reading. The processes are left alone. */
  stop(): Promise<void>;
}

/** Why a program was ended by us. */
type Ending = { readonly reason: "timedOut" | "cancelled" } | {
  readonly reason: "failed";
  readonly error: unknown;
};

/**
 * Runs a program and resolves when it has ended and its output was taken.
 *
 * - At the time limit, on abort and when the consumer fails: TERM to the whole tree, KILL after `graceMs`, and then
 *   nothing is read any more, whoever still holds the pipes.
 * - A program that ends by itself has its remaining output delivered in full. Background processes that it left are
 *   left alone and not waited for.
 *
 * @throws {Error} As `Deno.Command` does if the program cannot be started; or the consumer's error.
 *
 * @example
 * ```ts
 * const { exitCode } = await spawnProcess({ argv: ["ls"], cwd: "/", env: { PATH: "/bin" } }, {
 *   onOutput: async (channel, bytes) => await sink(channel, bytes),
 * });
 * ```
 */
export async function spawnProcess(options: SpawnOptions, hooks: SpawnHooks): Promise<SpawnResult> {
  const { signal, timeoutMs } = options;
  if (signal?.aborted) {
    return { exitCode: null, signal: null, durationMs: 0, timedOut: false, cancelled: true };
  }
  const startedAt = performance.now();
  const child = startProcess({
    ...options,
    hasInput: options.stdin !== undefined,
    setsid: options.setsid,
  });
  hooks.onStart?.(child.pid);
  const status = child.status;
  let hasEnded = false;
  let ending: Ending | undefined;
  const stopped = Promise.withResolvers<void>();
  const end = (why: Ending) => {
    if (ending !== undefined) return;
    ending = why;
    // Nobody wants the output, so a program that is blocked on it can get on with ending.
    if (why.reason !== "timedOut") { for (const pump of pumps) pump.discard(); }
    if (!hasEnded) killOrGiveUp(child, options.graceMs?.()).then(stopped.resolve);
  };
  const onFailure = (error: unknown) => end({ reason: "failed", error });
  const onAbort = () => end({ reason: "cancelled" });
  const pumps = [
    new PipePump(child.stdout, (bytes) => hooks.onOutput("stdout", bytes), onFailure),
    new PipePump(child.stderr, (bytes) => hooks.onOutput("stderr", bytes), onFailure),
  ];
  const isOver = Promise.withResolvers<void>();
  const stdinClosed = options.stdin === undefined
    ? Promise.resolve()
    : feed(child, options.stdin, { isOver: isOver.promise, onFailure });
  signal?.addEventListener("abort", onAbort, { once: true });
  if (signal?.aborted) onAbort(); // While it was being started.
  const timer = timeoutMs === undefined ? undefined : after(timeoutMs, () => end({ reason: "timedOut" }));
  try {
    const ended = await Promise.race([status, stopped.promise.then(() => undefined)]);
    hasEnded = true;
    isOver.resolve();
    const durationMs = performance.now() - startedAt;
    timer?.[Symbol.dispose]();
    if (ending === undefined) {
      await Promise.all(pumps.map((pump) => pump.settle(options.settleMs)));
    } else {
      await stopped.promise;
      await settleWithin(pumps, options);
    }
    const why: Ending | undefined = currentEnding();
    if (why?.reason === "failed") throw why.error;
    const leftover = why === undefined ? leftoverOf(pumps, stdinClosed) : undefined;
    const unfinished = CHANNELS.filter((_, i) => pumps[i]?.isOpen || pumps[i]?.hasDropped);
    return {
      exitCode: ended === undefined || ended.signal !== null ? null : ended.code,
      signal: ended?.signal ?? null,
      durationMs: Math.round(durationMs),
      timedOut: why?.reason === "timedOut",
      cancelled: why?.reason === "cancelled",
      ...(unfinished.length === 0 ? {} : { unfinished }),
      ...(leftover === undefined ? {} : { leftover }),
    };
  } finally {
    isOver.resolve();
    timer?.[Symbol.dispose]();
    signal?.removeEventListener("abort", onAbort);
    // Whoever gave a stream may close what it reads from.
    if (typeof options.stdin === "object") await stdinClosed;
    if (currentEnding() !== undefined) await Promise.all(pumps.map((pump) => pump.stop()));
  }

  /** What `end` was told; a function, as the compiler does not see assignments made by callbacks. */
  function currentEnding(): Ending | undefined {
    return ending;
  }
}

/**
 * Writes the input and closes it. Never rejects. A stream is given up when the program is over, even if somebody it left still holds
 * the pipe and does not read.
 */
async function feed(
  child: Deno.ChildProcess,
  input: string | AsyncIterable<Bytes>,
  { isOver, onFailure }: { readonly isOver: Promise<void>; readonly onFailure: (error: unknown) => void },
): Promise<void> {
  const writer = child.stdin.getWriter();
  // The same failure is reported by the calls below.
  writer.closed.catch(() => {});
  if (typeof input === "string") {
    try {
      await writer.write(utf8(input));
      await writer.close();
    } catch {
      // A program need not read its input: it closed the pipe or ended.
    }
    return;
  }
  const chunks = input[Symbol.asyncIterator]();
  let isGivenUp = false;
  const ended = isOver.then(() => {
    isGivenUp = true;
    return false;
  });
  const write = (chunk: Bytes) => writer.write(chunk).then(() => true, () => false);
  try {
    for (;;) {
      const { value, done } = await chunks.next();
      if (done === true || isGivenUp) break;
      if (!await Promise.race([write(value), ended])) break;
    }
  } catch (error) {
    // Before the pipe is closed: a program that sees the end of its input takes it for the whole of it.
    if (!isGivenUp) onFailure(error);
    await ended;
  }
  await chunks.return?.().then(undefined, () => {}); // Of a stream that is not wanted any more.
  const closed = writer.close().catch(() => {}); // As above: nobody reads it.
  await Promise.race([closed, ended]);
}

/** Kills the tree; resolves when the program's end is about to be reported, or when nothing more can be done. */
async function killOrGiveUp(child: Deno.ChildProcess, graceMs: number | undefined): Promise<void> {
  try {
    await killTree(child.pid, { graceMs });
  } catch {
    // The processes cannot be listed here: at least the program itself goes.
    try {
      child.kill("SIGKILL");
    } catch {
      // It has ended already.
    }
  }
  // A program of another user (`sudo`) cannot be signalled, and one that hangs in the kernel does not end.
  const report = Promise.withResolvers<void>();
  using _timer = after(REPORT_MS, report.resolve);
  await Promise.race([child.status, report.promise]);
}

/** Lets the consumer take what a program wrote before its time was over, for as long as the program itself was given. */
async function settleWithin(pumps: readonly PipePump[], options: SpawnOptions): Promise<void> {
  const limit = Promise.withResolvers<void>();
  using _timer = after(options.graceMs?.() ?? KILL_GRACE_MS, limit.resolve);
  await Promise.race([Promise.all(pumps.map((pump) => pump.settle(options.settleMs))), limit.promise]);
}

function leftoverOf(pumps: readonly PipePump[], stdinClosed: Promise<void>): Leftover | undefined {
  const open = pumps.filter((pump) => pump.isOpen);
  if (open.length === 0) return undefined;
  return {
    closed: Promise.all([...open.map((pump) => pump.closed), stdinClosed]).then(() => {}),
    stop: async () => {
      await Promise.all(open.map((pump) => pump.stop()));
    },
  };
}
