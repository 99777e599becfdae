/**
 * Starts git for one call: within the call's limits of time, output and mode, and ended with its whole tree by the call's signal.
 */
import { OperationError } from "../../errors.ts";
import { OutputEnds } from "../../host/output_ends.ts";
import { spawnProcess } from "../../host/spawn.ts";
import type { Bytes } from "../../protocol/bytes.ts";
import type { Output } from "../../protocol/operations/exec.ts";
import { cancelled } from "../admission.ts";
import type { Permit } from "../executor.ts";
import { RecordSplitter } from "./records.ts";

/** Bytes of each end of git's outputs that are kept, unless a call says otherwise. */
const KEPT_BYTES = 64 * 1024;

/** What all calls of git of one operation have in common. */
export interface GitCall {
  /** What the operation does, for messages, such as `commit`. */
  readonly what: string;
  readonly permit: Pick<Permit, "confine">;
  readonly signal: AbortSignal;
  /** When the operation's time is over, by `performance.now()`, and how much it was in all. */
  readonly deadline: number;
  readonly timeoutMs: number;
  readonly graceMs?: (() => number) | undefined;
  readonly setsid?: string | undefined;
}

/** One call of git. */
export interface GitCommand {
  /** Subcommand, options and operands. */
  readonly args: readonly string[];
  /** Absolute path of an existing folder. */
  readonly folder: string;
  /** The whole environment, as `gitEnvironment` makes it. */
  readonly environment: Readonly<Record<string, string>>;
  readonly stdin?: string | undefined;
  /** Takes stdout record by record (`-z`); it is not kept then. */
  readonly onRecord?: (record: string) => void;
  /** Ends git once it has written more than this to stdout: what comes after it is not wanted. */
  readonly stopAfterBytes?: number | undefined;
}

/** What git answered. */
export interface GitOutcome {
  readonly exitCode: number;
  readonly stdout: Output;
  readonly stderr: Output;
  /** Whether records held bytes that are not UTF-8. */
  readonly invalidUtf8: boolean;
  /** Whether it was ended because of `stopAfterBytes`. */
  readonly wasStopped: boolean;
}

/** Thrown into the reading of git's output to end it. */
class Enough extends Error {}

/**
 * Runs git to its end.
 *
 * @throws {OperationError} `cannot_run` if there is no git, `timed_out`, or `cancelled`. An exit code is no error.
 */
export async function runGit(call: GitCall, command: GitCommand): Promise<GitOutcome> {
  const { args, folder, environment, stopAfterBytes = Infinity } = command;
  const stdout = new OutputEnds(Number.isFinite(stopAfterBytes) ? stopAfterBytes : KEPT_BYTES);
  const stderr = new OutputEnds(KEPT_BYTES);
  const splitter = command.onRecord === undefined ? undefined : new RecordSplitter(command.onRecord);
  const take = (bytes: Bytes) => {
    if (splitter === undefined) stdout.push(bytes);
    else splitter.push(bytes);
    if (stdout.bytes > stopAfterBytes) throw new Enough();
  };
  const outcome = (exitCode: number, wasStopped: boolean): GitOutcome => ({
    exitCode,
    stdout: stdout.render(),
    stderr: stderr.render(),
    invalidUtf8: splitter?.invalidUtf8 ?? false,
    wasStopped,
  });
  const leftMs = call.deadline - performance.now();
  if (leftMs <= 0) throw timedOut(call);
  try {
    const { leftover, ...result } = await spawnProcess({
      // -C again, as within a sandbox the folder to start in may be another.
      argv: call.permit.confine(["git", "--no-pager", "--literal-pathspecs", "-C", folder, ...args]),
      cwd: folder,
      env: { ...environment, PWD: folder },
      stdin: command.stdin,
      timeoutMs: Math.ceil(leftMs),
      graceMs: call.graceMs,
      setsid: call.setsid,
      signal: call.signal,
    }, {
      onOutput: (channel, bytes) => {
        if (channel === "stderr") stderr.push(bytes);
        else take(bytes);
        return Promise.resolve();
      },
    });
    // A background process of a hook; nobody will read what it says.
    await leftover?.stop();
    if (result.cancelled) throw cancelled(call.signal);
    if (result.timedOut) throw timedOut(call);
    if (result.exitCode === null) {
      throw new OperationError("cannot_run", `Cannot ${call.what}: git was ended by ${result.signal}`);
    }
    splitter?.end();
    return outcome(result.exitCode, false);
  } catch (error) {
    if (error instanceof Enough) return outcome(0, true);
    if (error instanceof Deno.errors.NotFound) throw noGit(call, error);
    throw error;
  }
}

/** Says that there is no git. */
export function noGit({ what }: Pick<GitCall, "what">, cause?: unknown): OperationError {
  return new OperationError("cannot_run", `Cannot ${what}: git is not installed on this host`, {
    remedy: "Install git there, or put its folder into the PATH that the agent starts with",
    cause,
  });
}

function timedOut({ what, timeoutMs }: GitCall): OperationError {
  return new OperationError(
    "timed_out",
    `Cannot ${what}: it took longer than ${timeoutMs} ms and was ended`,
    {
      remedy: "Give a longer timeout_ms, or narrow it down",
    },
  );
}
