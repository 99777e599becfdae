/**
 * The one way to carry out an operation on this host, for local and for remote calls: parameters are checked, the
 * mode is asked, a place is waited for, and then the operation's executor runs. Used by the peer and the MCP server.
 */
import { OperationError } from "../errors.ts";
import { describeIssues } from "../protocol/describe_issues.ts";
import type { Mode } from "../protocol/mode.ts";
import { isOperationName, type OperationName, OPERATIONS, type ParamsOf } from "../protocol/operation.ts";
import { findCatastrophe } from "../safety/catastrophe.ts";
import { decide } from "../safety/policy.ts";
import { Admission, type AdmissionLimits, cancelled } from "./admission.ts";
import { KILL_GRACE_MS } from "../host/process_tree.ts";
import { createExec, resolveFolder } from "./exec.ts";
import type { CallContext, Executor } from "./executor.ts";
import { createGetInfo, type HostDescription } from "./get_info.ts";

/** How long the end waits for what runs: TERM, two seconds, KILL, and what the system needs to report it. */
const END_MS = 3500;

/** Answered at once, past the queue: they tell about a host that is full, and cost next to nothing. */
const IMMEDIATE: ReadonlySet<OperationName> = new Set(["get_info"]);

/** What {@link createExecutors} needs to know about the host. */
export interface ExecutorsOptions extends AdmissionLimits {
  readonly host: HostDescription;
  readonly startedAt: Date;
  /** The mode in force, asked for each request. */
  readonly mode: () => Mode;
  /** Milliseconds that a command may take by default. @default {300_000} */
  readonly execTimeoutMs?: number | undefined;
  /** Milliseconds between TERM and KILL. @default {2000} */
  readonly graceMs?: number | undefined;
  /** The same while the node ends. @default {graceMs} */
  readonly endGraceMs?: number | undefined;
  /** The environment that commands start from. @default the agent's own */
  readonly environment?: () => Readonly<Record<string, string>>;
}

/** Carries out operations until it is disposed of. */
export interface Executors extends AsyncDisposable {
  /** Requests that run now. */
  readonly running: number;
  /** Requests that wait for a place. */
  readonly queued: number;
  /**
   * Carries out one operation.
   *
   * @param operation - its name, as it came from outside
   * @param params - what came with it, unchecked
   * @returns a result of the operation's shape
   * @throws {OperationError} If it is unknown, malformed, refused, not admitted, cancelled, or could not be carried
   * out. Nothing else is thrown: a fault of ours becomes the code `internal`.
   */
  execute(operation: string, params: unknown, context: CallContext): Promise<unknown>;
}

/**
 * Makes the executors of a host.
 *
 * @example
 * ```ts
 * await using executors = createExecutors({ host, startedAt: new Date(), mode: () => "edit" });
 * await executors.execute("exec", { command: "uptime" }, { signal });
 * ```
 */
export function createExecutors(options: ExecutorsOptions): Executors {
  const { host, mode } = options;
  const admission = new Admission(options);
  let hasEnded = false;
  const exec = createExec({
    shell: host.platform.shell,
    home: host.home,
    timeoutMs: options.execTimeoutMs,
    graceMs: () => (hasEnded ? options.endGraceMs : undefined) ?? options.graceMs ?? KILL_GRACE_MS,
    ...(options.environment === undefined ? {} : { environment: options.environment }),
  });
  const table = {
    exec: exec.execute,
    get_info: createGetInfo({
      host,
      startedAt: options.startedAt,
      now: () => ({ mode: mode(), running: admission.running, queued: admission.queued }),
    }),
  } satisfies { [K in OperationName]: Executor<K> };

  const calls = new Map<AbortController, Promise<unknown>>();

  const execute = async (operation: string, params: unknown, context: CallContext) => {
    if (hasEnded) throw ending();
    if (!isOperationName(operation)) {
      throw new OperationError(
        "unknown_operation",
        `Cannot run "${operation}": this host has no such operation`,
      );
    }
    const checked = parseParams(operation, params);
    refuseByMode(operation, mode());
    if (operation === "exec") refuseCatastrophe(checked as ParamsOf<"exec">, host); // As its schema parsed it.
    if (context.signal.aborted) throw cancelled(context.signal);
    const controller = new AbortController();
    const onAbort = () => controller.abort(context.signal.reason);
    context.signal.addEventListener("abort", onAbort, { once: true });
    const call = carryOut(operation, checked, { ...context, signal: controller.signal });
    calls.set(controller, call);
    try {
      return await call;
    } catch (error) {
      throw OperationError.from(error);
    } finally {
      calls.delete(controller);
      context.signal.removeEventListener("abort", onAbort);
    }
  };

  const carryOut = async (operation: OperationName, params: unknown, context: CallContext) => {
    // The table is checked by name above; a name that is only known at run time loses the link to its parameters,
    // which the schema of the same name has just parsed.
    const executor = table[operation] as Executor<OperationName>;
    const typed = params as ParamsOf<OperationName>;
    if (IMMEDIATE.has(operation)) return await executor(typed, context);
    using _place = await admission.acquire(context.signal);
    // The mode may have been lowered while the request waited.
    refuseByMode(operation, mode());
    return await executor(typed, context);
  };

  return {
    get running() {
      return admission.running;
    },
    get queued() {
      return admission.queued;
    },
    execute,
    async [Symbol.asyncDispose]() {
      hasEnded = true;
      for (const controller of calls.keys()) controller.abort(ending());
      await within(END_MS, Promise.allSettled(calls.values()));
      await exec[Symbol.asyncDispose]();
    },
  };
}

/** @throws {OperationError} `refused` if `mode` does not allow the operation. */
function refuseByMode(operation: OperationName, mode: Mode): void {
  const verdict = decide({ operation, access: OPERATIONS[operation].access, mode });
  if (verdict.decision === "refuse") {
    throw new OperationError("refused", verdict.reason, { remedy: verdict.remedy });
  }
}

/** @throws {OperationError} `refused` if the command is on the hard deny-list, which holds in every mode. */
function refuseCatastrophe(
  { command, argv, cwd }: ParamsOf<"exec">,
  { home, platform }: HostDescription,
): void {
  const input = command !== undefined ? { command } : { argv: argv ?? [] };
  const catastrophe = findCatastrophe(input, {
    os: platform.family === "macos" || platform.family === "windows" ? platform.family : "linux",
    homes: [home],
    cwd: resolveFolder(cwd, home),
    ownPids: [Deno.pid],
  });
  if (catastrophe === undefined) return;
  throw new OperationError("refused", `Cannot run the command in any mode: ${catastrophe.reason}`, {
    remedy: "No mode and no option allows it. Ask the user what is really to be done",
  });
}

function parseParams(operation: OperationName, params: unknown): unknown {
  const parsed = OPERATIONS[operation].params.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  const problems = describeIssues(parsed.error);
  throw new OperationError("bad_request", `Cannot read the parameters of "${operation}": ${problems}`, {
    cause: parsed.error,
  });
}

function ending(): OperationError {
  return new OperationError("cancelled", "Cannot complete the request: the agent on that host is ending");
}

/** Waits for `work`, but no longer than `ms`. */
async function within(ms: number, work: Promise<unknown>): Promise<void> {
  const limit = Promise.withResolvers<void>();
  const timer = setTimeout(limit.resolve, ms);
  try {
    await Promise.race([work, limit.promise]);
  } finally {
    clearTimeout(timer);
  }
}
