/**
 * The shape of the audit log's records: what is known of a request, and how it becomes the fields of a line. Pure.
 */
import * as z from "zod";
import type { ErrorCode } from "../protocol/error_code.ts";
import type { Mode } from "../protocol/mode.ts";
import { describeArguments, type Json, type Redact, shortText } from "./arguments.ts";

/** Who asked. */
export interface AuditCaller {
  readonly id: string;
  readonly name: string;
  /** Where on the relay the caller's process is; absent for a local one. */
  readonly address?: string | undefined;
  readonly isLocal: boolean;
}

/** What was asked, and what was decided. */
export interface AuditRequest {
  readonly caller: AuditCaller;
  /** As it came: it may be the name of no operation. */
  readonly operation: string;
  /** As they came; contents and secrets in them are not kept. */
  readonly params: unknown;
  /** The mode that held. */
  readonly mode: Mode;
  readonly decision: "allow" | "isolate" | "refuse";
  /** Short and stable name of the rule that decided. */
  readonly rule: string;
  /** Size of the request. */
  readonly bytesIn?: number | undefined;
}

/** What came of it. */
export interface AuditOutcome {
  readonly outcome: "ok" | ErrorCode;
  /** How a command ended; null if a signal ended it. */
  readonly exitCode?: number | null | undefined;
  /** Size of the answer, with what was sent before it. */
  readonly bytesOut?: number | undefined;
  readonly durationMs: number;
  readonly jobId?: string | undefined;
}

/** Why the log was put right when it was opened. */
export type RepairReason =
  /** A line was written in part: a process or the machine ended meanwhile. */
  | "torn"
  /** Records at the end are missing. */
  | "cut"
  /** The last record is another than the one that was written. */
  | "replaced"
  /** `head.json` was missing, unreadable, or not what was written. */
  | "head";

/** What was found and put right. */
export interface Repair {
  readonly found: readonly RepairReason[];
  /** How many records are missing. */
  readonly lost?: number;
  /** What was moved aside, and to which file. */
  readonly torn?: { readonly bytes: number; readonly sha256: string; readonly file: string };
}

/** Records that could not be written, said when writing works again. */
export interface Gap {
  readonly lost: number;
  readonly since: string;
  readonly reason: string;
}

const MAX_WORD_CHARACTERS = 128;
/** Past it the arguments are left out as a whole; their texts are bounded, but escapes make them longer. */
const MAX_ARGUMENTS_CHARACTERS = 32_768;

/** What makes a record. */
export interface RecordContext {
  readonly time: Date;
  readonly pid: number;
  readonly redact: Redact;
}

/** The fields of a request's only record, as JSON. */
export function callFields(request: AuditRequest, outcome: AuditOutcome, context: RecordContext): string {
  return toJson(context, "call", {
    ...describeRequest(request, context.redact),
    ...describeOutcome(outcome),
  });
}

/** The fields of the record before an operation that changes something, as JSON. */
export function beginFields(request: AuditRequest, context: RecordContext): string {
  return toJson(context, "begin", describeRequest(request, context.redact));
}

/**
 * The fields of the record after it, as JSON.
 *
 * @param begin - number of the record before
 */
export function endFields(
  begin: number,
  request: AuditRequest,
  outcome: AuditOutcome,
  context: RecordContext,
): string {
  const { caller, operation } = request;
  return toJson(context, "end", {
    begin,
    caller: describeCaller(caller, context.redact),
    operation: word(operation, context.redact),
    ...describeOutcome(outcome),
  });
}

/** The fields of the record of a repair, as JSON. */
export function repairFields(repair: Repair, context: Omit<RecordContext, "redact">): string {
  return toJson(context, "repair", { repair });
}

/** The fields of the record of records that are missing, as JSON. */
export function gapFields(gap: Gap, context: RecordContext): string {
  return toJson(context, "gap", { gap: { ...gap, reason: word(gap.reason, context.redact) } });
}

/** A record as it is read back. Fields of a newer program are kept. */
export const AuditRecord = z.looseObject({
  seq: z.number().int(),
  time: z.string(),
  event: z.string(),
  pid: z.number().int().optional(),
  begin: z.number().int().optional(),
  caller: z.looseObject({ id: z.string(), name: z.string(), isLocal: z.boolean() }).optional(),
  operation: z.string().optional(),
  args: z.unknown().optional(),
  mode: z.string().optional(),
  decision: z.string().optional(),
  rule: z.string().optional(),
  bytesIn: z.number().optional(),
  outcome: z.string().optional(),
  exitCode: z.number().int().nullable().optional(),
  bytesOut: z.number().optional(),
  durationMs: z.number().optional(),
  jobId: z.string().optional(),
  repair: z.looseObject({ found: z.array(z.string()), lost: z.number().optional() }).optional(),
  gap: z.looseObject({ lost: z.number(), reason: z.string() }).optional(),
});
export type AuditRecord = z.infer<typeof AuditRecord>;

/**
 * Reads a record back.
 *
 * @param line - the bytes of its line
 * @returns undefined if it is none
 */
export function parseRecord(line: Uint8Array): AuditRecord | undefined {
  try {
    return AuditRecord.safeParse(JSON.parse(new TextDecoder().decode(line))).data;
  } catch {
    // Not JSON: somebody wrote to the file.
    return undefined;
  }
}

function toJson({ time, pid }: Omit<RecordContext, "redact">, event: string, fields: object): string {
  return JSON.stringify({ time: time.toISOString(), event, pid, ...fields });
}

function describeRequest(request: AuditRequest, redact: Redact): object {
  const { caller, operation, params, mode, decision, rule, bytesIn } = request;
  return {
    caller: describeCaller(caller, redact),
    operation: word(operation, redact),
    args: boundedArguments(params, redact),
    mode,
    decision,
    rule: word(rule, redact),
    bytesIn,
  };
}

function boundedArguments(params: unknown, redact: Redact): Json {
  const args = describeArguments(params, redact);
  const { length } = JSON.stringify(args);
  return length <= MAX_ARGUMENTS_CHARACTERS ? args : `[left out: ${length} characters]`;
}

function describeCaller({ id, name, address, isLocal }: AuditCaller, redact: Redact): object {
  return {
    id: word(id, redact),
    name: word(name, redact),
    address: address === undefined ? undefined : word(address, redact),
    isLocal,
  };
}

function describeOutcome({ outcome, exitCode, bytesOut, durationMs, jobId }: AuditOutcome): object {
  return { outcome, exitCode, bytesOut, durationMs: Math.round(durationMs * 10) / 10, jobId };
}

function word(text: string, redact: Redact): string {
  return shortText(text, MAX_WORD_CHARACTERS, redact);
}
