/**
 * The executor of `exec`: runs a command, sends its output as it comes, and keeps the ends of it for the result.
 */
import { isAbsolute, join } from "node:path";
import { OperationError } from "../errors.ts";
import { childEnvironment } from "../host/environment.ts";
import { OutputEnds } from "../host/output_ends.ts";
import { shellArgv } from "../host/shell.ts";
import { type Leftover, spawnProcess } from "../host/spawn.ts";
import { findSetsid } from "../host/start_process.ts";
import type { ParamsOf, ResultOf } from "../protocol/operation.ts";
import { cancelled } from "./admission.ts";
import type { CallContext, Executor } from "./executor.ts";

/** Milliseconds that a command may take unless its caller says otherwise. */
export const EXEC_TIMEOUT_MS = 300_000;
/** Ended commands whose background processes' pipes are still read; past it the oldest is let go. */
const MAX_LEFTOVERS = 64;

/** What {@link createExec} needs. */
export interface ExecOptions {
  /** Absolute path of the shell for command lines. */
  readonly shell: string;
  /** Absolute path of the folder that commands run in by default, and that `~` stands for. */
  readonly home: string;
  /** The agent's environment. @default read at each call */
  readonly environment?: () => Readonly<Record<string, string>>;
  /** @default {EXEC_TIMEOUT_MS} */
  readonly timeoutMs?: number | undefined;
  /** Milliseconds between TERM and KILL; asked when a command is to be ended. @default {2000} */
  readonly graceMs?: (() => number) | undefined;
}

/** The executor, and the end of what it keeps. Commands that run are ended by their own signals. */
export interface Exec extends AsyncDisposable {
  readonly execute: Executor<"exec">;
}

/** Makes the executor. */
export function createExec(options: ExecOptions): Exec {
  const leftovers = new Set<Leftover>();
  const setsid = findSetsid();
  const keep = (leftover: Leftover) => {
    const [oldest] = leftovers;
    if (leftovers.size >= MAX_LEFTOVERS && oldest !== undefined) {
      leftovers.delete(oldest);
      void oldest.stop();
    }
    leftovers.add(leftover);
    void leftover.closed.then(() => leftovers.delete(leftover));
  };
  return {
    execute: async (params, context) => {
      const { leftover, ...result } = await run(params, context, { ...options, setsid });
      if (leftover !== undefined) keep(leftover);
      return result;
    },
    [Symbol.asyncDispose]: async () => {
      await Promise.all([...leftovers].map((leftover) => leftover.stop()));
      leftovers.clear();
    },
  };
}

async function run(
  params: ParamsOf<"exec">,
  { signal, output }: CallContext,
  options: ExecOptions & { readonly setsid: string | undefined },
): Promise<ResultOf<"exec"> & { leftover?: Leftover | undefined }> {
  const argv = argvOf(params, options.shell);
  const cwd = resolveFolder(params.cwd, options.home);
  const environment = options.environment?.() ?? Deno.env.toObject();
  const ends = { stdout: new OutputEnds(), stderr: new OutputEnds() };
  let isReceiverGone = false;
  const spawning = spawnProcess({
    argv,
    cwd,
    env: childEnvironment(environment, params.env, cwd),
    stdin: params.stdin,
    timeoutMs: params.timeout_ms ?? options.timeoutMs ?? EXEC_TIMEOUT_MS,
    graceMs: options.graceMs,
    setsid: options.setsid,
    signal,
  }, {
    onOutput: async (channel, bytes) => {
      ends[channel].push(bytes);
      try {
        await output?.(channel, bytes);
      } catch (error) {
        isReceiverGone = true;
        throw error;
      }
    },
  });
  try {
    const { cancelled: wasCancelled, ...result } = await spawning;
    if (wasCancelled) {
      await result.leftover?.stop();
      throw cancelled(signal);
    }
    return { ...result, stdout: ends.stdout.render(), stderr: ends.stderr.render() };
  } catch (error) {
    if (error instanceof OperationError) throw error;
    if (!isReceiverGone) throw await explainStart(error, { program: argv[0], cwd });
    throw new OperationError("cancelled", "Cannot complete the command: nobody takes its output any more", {
      cause: error,
    });
  }
}

/** Returns what to start: exactly one of `command` and `argv` must be given. */
function argvOf({ command, argv }: ParamsOf<"exec">, shell: string): [string, ...string[]] {
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
  { program, cwd }: { readonly program: string; readonly cwd: string },
): Promise<OperationError> {
  const cannotRun = (message: string) => new OperationError("cannot_run", message, { cause: error });
  try {
    const folder = await Deno.stat(cwd);
    if (!folder.isDirectory) return cannotRun(`Cannot run in "${cwd}": it is not a folder`);
  } catch (statError) {
    if (statError instanceof Deno.errors.NotFound) {
      return cannotRun(`Cannot run in "${cwd}": there is no such folder`);
    }
    return cannotRun(`Cannot run in "${cwd}": the folder cannot be read`);
  }
  if (error instanceof Deno.errors.NotFound) {
    return cannotRun(`Cannot run "${program}": no such program was found`);
  }
  if (error instanceof Deno.errors.PermissionDenied) {
    return cannotRun(`Cannot run "${program}": it is not executable, or "${cwd}" may not be entered`);
  }
  const message = error instanceof Error ? error.message : String(error);
  // The runtime's text begins with the program, which is named already.
  return cannotRun(`Cannot run "${program}": ${message.replace(/^Failed to spawn '.*?': /s, "")}`);
}
