/**
 * The executor of `part_run`: runs a command of a distributed run, with parts or files of this host as its input, and makes parts of
 * what it writes.
 */
import { OperationError } from "../errors.ts";
import { childEnvironment } from "../host/environment.ts";
import { OutputEnds } from "../host/output_ends.ts";
import { shellArgv } from "../host/shell.ts";
import { spawnProcess, type SpawnResult } from "../host/spawn.ts";
import { findSetsid } from "../host/start_process.ts";
import { createPartOutput } from "../parts/part_output.ts";
import type { Spool } from "../parts/spool.ts";
import type { ParamsOf } from "../protocol/operation.ts";
import { PartName } from "../protocol/part.ts";
import { cancelled } from "./admission.ts";
import { confine, explained, resolveFolder } from "./exec.ts";
import type { Executor } from "./executor.ts";
import { openPartInput } from "./part_input.ts";
import type { PathGuard } from "./path_guard.ts";

/** What {@link createPartRun} needs. */
export interface PartRunOptions {
  readonly spool: Spool;
  readonly guard: PathGuard;
  /** Absolute path of the shell. */
  readonly shell: string;
  /** Absolute path of the folder that commands run in by default. */
  readonly home: string;
  /** What commands are told that the host is called. */
  readonly hostName: string;
  /** Milliseconds between TERM and KILL. */
  readonly graceMs?: (() => number) | undefined;
}

/** Makes the executor. */
export function createPartRun(options: PartRunOptions): Executor<"part_run"> {
  const setsid = findSetsid();
  return async (params, { signal: callerSignal, permit }) => {
    checkOutput(params.output);
    const cwd = resolveFolder(params.cwd, options.home);
    const argv = shellArgv(options.shell, params.command);
    const confined = confine(argv, variablesOf(params, options.hostName), permit);
    using use = options.spool.join(params, callerSignal);
    const { parts, signal } = use;
    const stdin = openPartInput(params.input, { parts, guard: options.guard, mode: permit.mode });
    await using output = await createPartOutput(parts, params.output);
    const stderr = new OutputEnds();
    if (signal.aborted) throw cancelled(signal);
    const result = await explained(
      { program: argv[0], cwd },
      spawnProcess({
        argv: confined.argv,
        cwd,
        env: childEnvironment(permit.environment, confined.additions, cwd),
        stdin,
        timeoutMs: params.timeout_ms,
        signal,
        graceMs: options.graceMs,
        setsid,
      }, {
        onOutput: async (channel, bytes) => {
          if (channel === "stderr") stderr.push(bytes);
          else await output.write(bytes);
        },
      }),
    );
    // Nothing reads on: what goes on behind a step of a run is not the run's.
    await result.leftover?.stop();
    if (result.cancelled) throw cancelled(signal);
    const { exitCode, timedOut, durationMs } = result;
    const hasSucceeded = exitCode === 0 && !timedOut;
    if (hasSucceeded) refuseUnfinished(result);
    const made = hasSucceeded ? await output.finish() : [];
    if (signal.aborted) {
      for (const { name } of made) await parts.remove(name);
      throw cancelled(signal);
    }
    return {
      exitCode,
      signal: result.signal,
      timedOut,
      durationMs,
      parts: made,
      stderr: stderr.render(),
      isolation: confined.isolation,
    };
  };
}

/** What every command of a run is told, in every mode. */
function variablesOf(
  { run, stage, partition, partitions, attempt }: ParamsOf<"part_run">,
  hostName: string,
): Record<string, string> {
  return {
    REMOTE_AGENTS_RUN: run,
    REMOTE_AGENTS_STAGE: stage,
    REMOTE_AGENTS_PARTITION: String(partition),
    REMOTE_AGENTS_PARTITIONS: String(partitions),
    REMOTE_AGENTS_ATTEMPT: String(attempt),
    REMOTE_AGENTS_HOST: hostName,
    ...(stage === "reduce" ? { REMOTE_AGENTS_REDUCER: String(partition) } : {}),
  };
}

function checkOutput({ name, as, reducers }: ParamsOf<"part_run">["output"]): void {
  if (as !== "keyed" && reducers !== 1) {
    throw new OperationError("bad_request", "Cannot run: only output by key is divided among reducers");
  }
  if (PartName.safeParse(`${name}.${reducers - 1}`).success) return;
  throw new OperationError(
    "bad_request",
    `Cannot run: "${name}" leaves no room for the numbers of its parts`,
  );
}

/** A part that lacks its end would be a wrong result that nobody sees. */
function refuseUnfinished({ unfinished }: SpawnResult): void {
  if (unfinished?.includes("stdout") !== true) return;
  throw new OperationError(
    "cannot_run",
    "Cannot keep the output: the command has ended, and a background process of it may still write to it",
    { remedy: 'Let the command wait for its background processes ("wait"), or redirect what they write' },
  );
}
