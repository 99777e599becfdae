/**
 * The one way to carry out an operation on this host, for local and for remote calls: parameters are checked, the policy is asked, a
 * place is waited for, the audit log is written, and the operation's executor runs. Used by the peer and the MCP server.
 */
import { OperationError } from "../errors.ts";
import { describeIssues } from "../protocol/describe_issues.ts";
import type { Mode } from "../protocol/mode.ts";
import {
  isByTicket,
  isOperationName,
  type OperationName,
  OPERATIONS,
  type ParamsOf,
} from "../protocol/operation.ts";
import { isAbove, lowerMode } from "../safety/mode_order.ts";
import { modeForPeer, type PeerRule } from "../safety/peer_rules.ts";
import { settingRemedy } from "../safety/owner_remedy.ts";
import { Admission, type AdmissionLimits, cancelled } from "./admission.ts";
import { type AuditPort, recorded } from "./recorded.ts";
import type { CallContext, Caller, Executor } from "./executor.ts";
import type { Permits } from "./permits.ts";
import type { ExecutorTable } from "./table.ts";

/** How long the end waits for what runs: TERM, two seconds, KILL, and what the system needs to report it. */
const END_MS = 3500;

/** Answered at once, past the queue: they tell about a host that is full, or free it, and cost next to nothing. */
const IMMEDIATE: ReadonlySet<OperationName> = new Set([
  "get_info",
  "set_mode",
  "job_get",
  "job_list",
  "job_cancel",
  // It has limits of its own.
  "part_read",
  "part_drop",
]);

/** Requests in the host at once, with those that are answered past the queue, as they may wait for news of a job. */
export const MAX_CALLS = 4_096;

/** What {@link createExecutors} needs. */
export interface ExecutorsOptions extends AdmissionLimits {
  /** The agent's own id: other processes of this machine and user count as itself. */
  readonly id: string;
  readonly table: ExecutorTable;
  readonly permits: Permits;
  /** The host's mode, asked for each request. */
  readonly mode: () => Mode;
  /** Who may command this host; empty for everyone in the room. */
  readonly peers: readonly PeerRule[];
  readonly audit: AuditPort;
  /** Told of what only a fault of ours explains. */
  readonly onFault?: ((error: OperationError) => void) | undefined;
}

/** What a call is told from outside. */
export type OutsideContext = Pick<CallContext, "signal" | "output" | "caller">;

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
  execute(operation: string, params: unknown, context: OutsideContext): Promise<unknown>;
}

/**
 * Makes the executors of a host.
 *
 * @example
 * ```ts
 * await using executors = createExecutors({ id, table, permits, mode: () => "edit", peers: [], audit });
 * await executors.execute("exec", { command: "uptime" }, { signal, caller });
 * ```
 */
export function createExecutors(options: ExecutorsOptions): Executors {
  const { table, permits, audit } = options;
  const admission = new Admission(options);
  const calls = new Map<AbortController, Promise<unknown>>();
  let hasEnded = false;

  /** The most that a caller may do here; undefined if it may not command the host. */
  const ceilingFor = (caller: Caller): Mode | undefined =>
    caller.isLocal || caller.id === options.id ? "bypass" : modeForPeer(options.peers, caller.id);
  const ceilingOf = (operation: string, caller: Caller): Mode => {
    const ceiling = ceilingFor(caller);
    if (ceiling !== undefined) return ceiling;
    // Whoever has the ticket may do what it opens, and nothing else.
    if (isByTicket(operation)) return "plan";
    throw new OperationError(
      "refused",
      "Cannot run anything for this agent: it is not among those that may command the host",
      {
        rule: "peer-not-allowed",
        remedy: settingRemedy("allow_peers"),
      },
    );
  };

  /** Asks the policy. */
  const permitFor = async (operation: OperationName, params: unknown, mode: Mode) =>
    // The schema of the same name has parsed them.
    await permits.permit(operation, params as ParamsOf<OperationName>, mode);

  const carryOut = async (name: string, params: unknown, context: OutsideContext): Promise<unknown> => {
    const { caller, signal } = context;
    // Who may not command the host at all is not to fill its log with what it sends.
    const shown = ceilingFor(caller) === undefined ? undefined : params;
    const request = { caller, operation: name, params: shown, mode: options.mode() };
    const decided = async () => {
      // Before anything is said about what it sent.
      ceilingOf(name, caller);
      if (!isOperationName(name)) throw unknownOperation(name);
      const checked = parseParams(name, params);
      if (signal.aborted) throw cancelled(signal);
      const ceiling = ceilingOf(name, caller);
      const first = await permitFor(name, checked, lowerMode(request.mode, ceiling));
      // The schema of that name has parsed them.
      if (name === "set_mode") refuseAboveCeiling(checked as ParamsOf<"set_mode">, ceiling);
      if (IMMEDIATE.has(name)) return { name, checked, permit: first, place: undefined };
      const place = await admission.acquire(signal);
      try {
        // The mode may have changed while a place was waited for.
        const mode = lowerMode(options.mode(), ceiling);
        const permit = mode === first.mode ? first : await permitFor(name, checked, mode);
        return { name, checked, permit, place };
      } catch (error) {
        place[Symbol.dispose]();
        throw error;
      }
    };
    return await recorded({ audit, request, decided }, async ({ name, checked, permit }) => {
      // A name that is only known at run time loses the link to its parameters.
      const executor = table[name] as Executor<OperationName>;
      return await executor(checked as ParamsOf<OperationName>, { ...context, permit });
    });
  };

  return {
    get running() {
      return admission.running;
    },
    get queued() {
      return admission.queued;
    },
    async execute(operation, params, context) {
      if (hasEnded) throw ending();
      if (calls.size >= MAX_CALLS) throw tooManyCalls();
      const controller = new AbortController();
      const onAbort = () => controller.abort(context.signal.reason);
      if (context.signal.aborted) onAbort();
      context.signal.addEventListener("abort", onAbort, { once: true });
      const call = carryOut(operation, params, { ...context, signal: controller.signal });
      calls.set(controller, call);
      try {
        return await call;
      } catch (thrown) {
        const error = OperationError.from(thrown);
        if (error.code === "internal") options.onFault?.(error);
        throw error;
      } finally {
        calls.delete(controller);
        context.signal.removeEventListener("abort", onAbort);
      }
    },
    async [Symbol.asyncDispose]() {
      hasEnded = true;
      for (const controller of calls.keys()) controller.abort(ending());
      await within(END_MS, Promise.allSettled(calls.values()));
    },
  };
}

function parseParams(operation: OperationName, params: unknown): unknown {
  const parsed = OPERATIONS[operation].params.safeParse(params ?? {});
  if (parsed.success) return parsed.data;
  const problems = describeIssues(parsed.error);
  throw new OperationError("bad_request", `Cannot read the parameters of "${operation}": ${problems}`, {
    cause: parsed.error,
  });
}

/**
 * The mode is the whole host's: who may do little here must not open it to others. Nor by setting it for a moment, after which
 * the host would fall back to more than was in force.
 */
function refuseAboveCeiling({ mode, for_minutes }: ParamsOf<"set_mode">, ceiling: Mode): void {
  const isShort = for_minutes !== undefined && ceiling !== "bypass";
  if (!isAbove(mode, ceiling) && !isShort) return;
  throw new OperationError(
    "refused",
    isShort
      ? `Cannot set the mode for a time: this agent may use the host up to "${ceiling}" only, so it may lower it to last`
      : `Cannot set the mode to "${mode}": this agent may use the host up to "${ceiling}" only`,
    { rule: "peer-ceiling", remedy: settingRemedy("allow_peers") },
  );
}

function unknownOperation(name: string): OperationError {
  return new OperationError("unknown_operation", `Cannot run "${name}": this host has no such operation`);
}

function tooManyCalls(): OperationError {
  return new OperationError(
    "busy",
    `Cannot take the request: ${MAX_CALLS} are in this host already, its limit`,
    { remedy: "Try again when some of them have ended" },
  );
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
