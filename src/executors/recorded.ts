/**
 * Carries a request out and records it in the audit log: what was decided, and what came of it. What may change something is recorded
 * before it begins as well, and does not begin if that fails.
 */
import { OperationError } from "../errors.ts";
import type { AuditOutcome, AuditRequest } from "../audit/record.ts";
import { type OperationName, OPERATIONS, type ParamsOf } from "../protocol/operation.ts";
import { isAbove } from "../safety/mode_order.ts";
import type { Permit } from "./executor.ts";

/** What the audit log offers here. */
export interface AuditPort {
  /** Records what is about to begin. @throws {OperationError} If it cannot be recorded. */
  begin(request: AuditRequest): Promise<AuditEnd>;
  /** Records what was carried out or refused. Never fails: a log that cannot be written is counted there. */
  call(request: AuditRequest, outcome: AuditOutcome): void;
}

/** Records the end of what was recorded at its beginning. Never fails. */
export type AuditEnd = (outcome: AuditOutcome) => void;

/** A request that may be carried out. */
export interface Allowed {
  readonly name: OperationName;
  readonly checked: unknown;
  readonly permit: Permit;
  /** Given back when the request has ended. */
  readonly place: Disposable | undefined;
}

/** What is recorded. */
export interface RecordedOptions<T extends Allowed> {
  readonly audit: AuditPort;
  readonly request: Omit<AuditRequest, "decision" | "rule">;
  /** Checks the request and asks the policy; throws if it is not to be carried out. */
  readonly decided: () => Promise<T>;
}

/** Decides, records and runs. */
export async function recorded<T extends Allowed>(
  { audit, request, decided }: RecordedOptions<T>,
  run: (allowed: T) => Promise<unknown>,
): Promise<unknown> {
  const startedAt = performance.now();
  const outcomeOf = (outcome: Pick<AuditOutcome, "outcome">, result?: unknown): AuditOutcome => ({
    ...outcome,
    ...factsOf(result),
    durationMs: performance.now() - startedAt,
  });
  let allowed: T;
  try {
    allowed = await decided();
  } catch (thrown) {
    const error = OperationError.from(thrown);
    const rule = error.rule ?? error.code;
    // Who may not command the host at all is not to fill its log with what it sends.
    const params = rule === "peer-not-allowed" ? undefined : request.params;
    audit.call({ ...request, params, decision: "refuse", rule }, outcomeOf({ outcome: error.code }));
    throw error;
  }
  using _place = allowed.place;
  const { mode, decision, rule } = allowed.permit;
  const entry: AuditRequest = { ...request, mode, decision, rule };
  const end: AuditEnd = mustBeRecorded(allowed)
    ? await audit.begin(entry)
    : (outcome) => audit.call(entry, outcome);
  try {
    const result = await run(allowed);
    end(outcomeOf({ outcome: "ok" }, result));
    return result;
  } catch (thrown) {
    const error = OperationError.from(thrown);
    end(outcomeOf({ outcome: error.code }));
    throw error;
  }
}

/**
 * Whether a request is not carried out unless it is recorded: what changes something, and what raises the mode. Lowering it, and
 * ending a job, which may be what fills the disk, are always possible.
 */
function mustBeRecorded({ name, checked, permit }: Allowed): boolean {
  if (name === "set_mode") return isAbove((checked as ParamsOf<"set_mode">).mode, permit.mode); // As its schema parsed it.
  return !["read", "manage"].includes(OPERATIONS[name].access);
}

/** What a record says of a result: never what is in it. */
function factsOf(result: unknown): Pick<AuditOutcome, "exitCode" | "bytesOut" | "jobId"> {
  if (typeof result !== "object" || result === null) return {};
  const { status, exitCode, job, stdout, stderr } = result as Record<string, unknown>; // An object, whose fields are looked at one by one.
  const sizes = [stdout, stderr].map((output) =>
    typeof output === "object" && output !== null && "bytes" in output ? Number(output.bytes) : undefined
  );
  const [out, err] = sizes;
  return {
    ...(status !== "running" && (typeof exitCode === "number" || exitCode === null) ? { exitCode } : {}),
    ...(typeof job === "string" ? { jobId: job } : {}),
    bytesOut: out === undefined || err === undefined ? JSON.stringify(result).length : out + err,
  };
}
