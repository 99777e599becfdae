/**
 * The executor of `exec`: runs a command, sends its output as it comes, and answers with its end, or, if that takes too
 * long, with a job that goes on by itself.
 */
import { isAbsolute, join } from "node:path";
import { OperationError } from "../errors.ts";
import { childEnvironment } from "../host/environment.ts";
import { shellArgv } from "../host/shell.ts";
import { findProgram, findSetsid } from "../host/start_process.ts";
import type { LiveJob } from "../jobs/live_job.ts";
import { showCommand } from "../jobs/rules.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { Isolation } from "../protocol/job.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";
import { plainLine } from "../protocol/plain_line.ts";
import { showPath } from "../safety/show_path.ts";
import { EXEC_WAIT_MS } from "../protocol/operations/exec.ts";
import { cancelled } from "./admission.ts";
import { carryVariables } from "./caller_environment.ts";
import type { Argv, Executor, Permit } from "./executor.ts";

/** Milliseconds that a command may take unless its caller says otherwise. */
export const EXEC_TIMEOUT_MS = 300_000;

/** What {@link createExec} needs. */
export interface ExecOptions {
  /** Where commands run; its end ends them. */
  readonly jobs: Jobs;
  /** Absolute path of the shell for command lines. */
  readonly shell: string;
  /** Absolute path of the folder that commands run in by default, and that `~` stands for. */
  readonly home: string;
  /** @default {EXEC_TIMEOUT_MS} */
  readonly timeoutMs?: number | undefined;
}

/** Makes the executor. */
export function createExec(options: ExecOptions): Executor<"exec"> {
  const setsid = findSetsid();
  return async (params, context) => {
    const { signal, permit } = context;
    const cwd = resolveFolder(params.cwd, options.home);
    const argv = argvOf(params, options.shell);
    const variables = params.env ?? {};
    refuseVariables(variables, permit);
    const confined = confine(argv, variables, permit);
    if (signal.aborted) throw cancelled(signal);
    const what = { program: argv[0], cwd };
    // A sandbox that does not find the program would end with an exit code of its own.
    if (confined.isolation !== "none") {
      await explained(what, Promise.try(findProgram, argv[0], { cwd, env: permit.environment }));
    }
    const job = await start(options.jobs, {
      command: {
        argv: confined.argv,
        cwd,
        env: childEnvironment(permit.environment, confined.additions, cwd),
        stdin: params.stdin,
        timeoutMs: params.timeout_ms ?? options.timeoutMs ?? EXEC_TIMEOUT_MS,
        setsid,
      },
      shown: showCommand(params.command ?? argv),
      caller: { id: context.caller.id, name: context.caller.name },
      mode: permit.mode,
      isolation: confined.isolation,
      live: context.output,
      maxAnsweredBytes: params.max_output_bytes,
    }, what);
    await waitForEnd(job, params.wait_ms ?? EXEC_WAIT_MS, signal);
    return resultOf(job, { signal, permit });
  };
}

/** Starts a job. */
async function start(
  jobs: Jobs,
  job: Parameters<Jobs["start"]>[0],
  what: { readonly program: string; readonly cwd: string },
): Promise<LiveJob> {
  return await explained(what, jobs.start(job));
}

/** Waits for what may fail as the start of a program does, and finds out what was missing. */
export async function explained<T>(
  what: { readonly program: string; readonly cwd: string },
  starting: Promise<T>,
): Promise<T> {
  try {
    return await starting;
  } catch (error) {
    if (error instanceof OperationError) throw error;
    throw await explainStart(error, what);
  }
}

/** Resolves when the command has ended, or was made a job of its own after `waitMs`. It is ended if `signal` aborts before. */
async function waitForEnd(job: LiveJob, waitMs: number, signal: AbortSignal): Promise<void> {
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, waitMs);
  const onAbort = () => {
    job.cancel(reasonOf(signal));
    clearTimeout(timer);
  };
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort(); // While it was being started.
  try {
    await Promise.race([job.ended, over.promise]);
    if (job.record.status === "running" && !signal.aborted) await job.detach();
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", onAbort);
  }
  // The abort may have come first while the timer's turn was running.
  if (signal.aborted && !job.isDetached) await job.ended;
}

function resultOf(
  job: LiveJob,
  { signal, permit }: { readonly signal: AbortSignal; readonly permit: Permit },
): ResultOf<"exec"> {
  const { record } = job;
  if (record.status === "cancelled") {
    if (job.isReceiverGone) {
      throw new OperationError("cancelled", "Cannot complete the command: nobody takes its output any more", {
        cause: job.failure,
      });
    }
    if (job.failure !== undefined) throw OperationError.from(job.failure);
    if (signal.aborted) throw cancelled(signal);
    throw new OperationError(
      "cancelled",
      `Cannot complete the command: ${record.reason ?? "it was cancelled"}`,
    );
  }
  const notes = [
    ...(record.isolation === "isolated" ? [permit.reason] : []),
    ...(job.unrecorded === undefined ? [] : [
      `The job could not be written down, so it is known only while it runs and its output is kept only as far as it is ` +
      `shown here: ${job.unrecorded}`,
    ]),
  ];
  return {
    job: record.id,
    status: record.status === "running" ? "running" : "ended",
    exitCode: record.exitCode,
    signal: record.signal,
    timedOut: record.timedOut,
    durationMs: record.durationMs ?? 0,
    ...job.answer(),
    isolation: record.isolation,
    outputKept: record.status === "running" || record.hasFiles,
    droppedBytes: job.droppedBytes,
    ...(notes.length === 0 ? {} : { note: notes.join("\n") }),
  };
}

/** A caller's variables are its own words, which no decision about the command has seen. */
function refuseVariables(variables: Readonly<Record<string, string>>, { mode, decision }: Permit): void {
  if (mode !== "plan" || decision === "isolate" || Object.keys(variables).length === 0) return;
  throw new OperationError(
    "refused",
    'Cannot run with "env" in plan mode: variables can make a command do something else',
    { rule: "plan-environment", remedy: 'Leave "env" out' },
  );
}

/**
 * Returns what to start so that the permit holds, and what of it the system enforces.
 *
 * @param variables - what the command gets beside the host's; whether it may have them is decided before
 */
export function confine(
  argv: Argv,
  variables: Readonly<Record<string, string>>,
  permit: Permit,
): {
  readonly argv: Argv;
  readonly additions: Readonly<Record<string, string>>;
  readonly isolation: Isolation;
} {
  const { mode, decision } = permit;
  const confined = permit.confine(argv);
  const isConfined = confined.length !== argv.length || confined.some((word, index) => word !== argv[index]);
  if (!isConfined) {
    if (decision === "isolate") {
      throw new OperationError(
        "refused",
        "Cannot run the command: it must run isolated, and nothing here isolates it",
        { rule: "no-sandbox" },
      );
    }
    return { argv, additions: variables, isolation: "none" };
  }
  const isolation = decision === "isolate" ? "isolated" : mode === "plan" ? "read-only" : "guarded";
  const carried = carryVariables(argv, variables);
  return {
    argv: carried.argv === argv ? confined : permit.confine(carried.argv),
    additions: carried.additions,
    isolation,
  };
}

function reasonOf({ reason }: AbortSignal): string {
  return reason instanceof OperationError ? reason.message : "its caller cancelled it or was gone";
}

/** Returns what to start: exactly one of `command` and `argv` must be given. */
function argvOf({ command, argv }: ParamsOf<"exec">, shell: string): Argv {
  if (command !== undefined && argv !== undefined) {
    throw new OperationError(
      "bad_request",
      'Cannot run: both "command" and "argv" are given, only one may be',
    );
  }
  if (command !== undefined) return shellArgv(shell, command);
  const [program, ...args] = argv ?? [];
  if (program === undefined) {
    throw new OperationError("bad_request", 'Cannot run: neither "command" nor "argv" is given');
  }
  if (program === "") throw new OperationError("bad_request", 'Cannot run: the program in "argv" is empty');
  return [program, ...args];
}

/**
 * Returns the folder to run in as an absolute path: `~` is the home folder, and a relative path starts there, as it
 * would in a new shell of that user. The folders of other users (`~name`) are not looked up.
 */
export function resolveFolder(cwd: string | undefined, home: string): string {
  if (cwd === undefined || cwd === "~") return home;
  if (/^~[\\/]/.test(cwd)) return join(home, cwd.slice(2));
  if (cwd.startsWith("~")) {
    throw new OperationError(
      "bad_request",
      `Cannot run in "${cwd}": only ~ and paths below it stand for a home`,
      {
        remedy: "Give the folder's absolute path",
      },
    );
  }
  return isAbsolute(cwd) ? cwd : join(home, cwd);
}

/** Finds out what was missing, as the system reports a missing folder and a missing program alike. */
async function explainStart(
  error: unknown,
  what: { readonly program: string; readonly cwd: string },
): Promise<OperationError> {
  const [program, cwd] = [showPath(what.program), showPath(what.cwd)];
  const cannotRun = (message: string) => new OperationError("cannot_run", message, { cause: error });
  try {
    const folder = await Deno.stat(what.cwd);
    if (!folder.isDirectory) return cannotRun(`Cannot run in ${cwd}: it is not a folder`);
  } catch (statError) {
    if (statError instanceof Deno.errors.NotFound) {
      return cannotRun(`Cannot run in ${cwd}: there is no such folder`);
    }
    return cannotRun(`Cannot run in ${cwd}: the folder cannot be read`);
  }
  if (error instanceof Deno.errors.NotFound) {
    return cannotRun(`Cannot run ${program}: no such program was found`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return cannotRun(`Cannot run ${program}: it is not executable, or ${cwd} may not be entered`);
  }
  const message = error instanceof Error ? error.message : String(error);
  // The runtime's text begins with the program, which is named already.
  return cannotRun(`Cannot run ${program}: ${plainLine(message.replace(/^Failed to spawn '.*?': /s, ""))}`);
}
