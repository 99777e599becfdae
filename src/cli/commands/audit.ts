/**
 * `remote-agent audit`: what was asked of this host and what came of it, and whether the log of it is intact.
 */
import { auditFolder } from "../../audit/files.ts";
import { escapeJson, formatRecord } from "../../audit/format.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { type AuditFilter, followLog, type LogLine, readHistory } from "../../audit/history.ts";
import { verifyAudit } from "../../audit/read.ts";
import type { ChainReport } from "../../audit/verify_chain.ts";
import { hostIdentity } from "../../crypto/identity.ts";
import { ConfigError } from "../../errors.ts";
import { loadHostSeed } from "../../host/host_key.ts";
import { hybridSuite } from "../../host/hybrid_suite.ts";
import type { CommandContext } from "../command.ts";
import { printError, printJson, printLine } from "../output.ts";

/** The argument and options of `audit`, as they were typed. */
export interface AuditCommandOptions {
  /** `verify`, or undefined to show records. */
  readonly action: string | undefined;
  readonly follow: boolean;
  readonly json: boolean;
  /** A time such as 2026-01-31T12:00:00Z, or how long ago, such as 90s, 30m, 2h or 7d. */
  readonly since: string | undefined;
  readonly operation: string | undefined;
  /** The caller's name, or the beginning of its id. */
  readonly agent: string | undefined;
  /** How many records at most. @default 100 */
  readonly limit: string | undefined;
}

const DEFAULT_LIMIT = 100;
const MAX_LIMIT = 1_000_000;
const UNIT_MS = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;

/** Shows records, or checks the chain. Exit code 1 if the log is not intact. */
export async function execute(
  context: Pick<CommandContext, "paths" | "signal">,
  options: AuditCommandOptions,
): Promise<number> {
  const { paths: { stateFolder }, signal } = context;
  if (options.action === "verify") return await verify(stateFolder, { json: options.json, signal });
  if (options.action !== undefined) {
    throw new ConfigError(
      `Cannot do "${options.action}" with the audit log: "verify" checks it, and without a word it is shown`,
    );
  }
  return await show(auditFolder(stateFolder), options, signal);
}

/**
 * Reads a time, or how long ago it was.
 *
 * @returns milliseconds since 1970
 * @throws {ConfigError} If it is neither.
 */
export function parseSince(text: string, nowMs: number): number {
  const [, count, unit] = /^(\d{1,9})([smhd])$/.exec(text) ?? [];
  // The expression allows no other units.
  if (count !== undefined) return nowMs - Number(count) * UNIT_MS[unit as keyof typeof UNIT_MS];
  const time = /^\d{4}-\d\d-\d\d/.test(text) ? Date.parse(text) : NaN;
  if (!Number.isNaN(time)) return time;
  throw new ConfigError(
    `Cannot read --since: "${text}" is neither a time such as 2026-01-31T12:00:00Z nor a duration such as 90s, 30m, 2h or 7d`,
  );
}

async function show(folder: string, options: AuditCommandOptions, signal: AbortSignal): Promise<number> {
  const filter: AuditFilter = {
    since: options.since === undefined ? undefined : parseSince(options.since, Date.now()),
    operation: options.operation,
    agent: options.agent,
  };
  const limit = parseLimit(options.limit);
  const print = (line: LogLine) => printLine(options.json ? jsonOf(line) : textOf(line));
  try {
    const { lines, hasMore, lastSeq } = await readHistory(folder, { limit, filter, signal });
    for (const line of lines) print(line);
    if (hasMore) printError(`These are the last ${limit} records that fit; --limit shows more`);
    if (!options.follow) {
      if (lines.length === 0 && !options.json) {
        printError(lastSeq === 0 ? "The audit log is empty" : "No record fits");
      }
      return 0;
    }
    for await (const line of followLog(folder, { afterSeq: lastSeq, filter, signal })) print(line);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
  return 0;
}

function parseLimit(text: string | undefined): number {
  if (text === undefined) return DEFAULT_LIMIT;
  const limit = /^\d{1,7}$/.test(text) ? Number(text) : 0;
  if (limit >= 1 && limit <= MAX_LIMIT) return limit;
  throw new ConfigError(`Cannot read --limit: "${text}" is not a number from 1 to ${MAX_LIMIT}`);
}

function textOf({ bytes, record }: LogLine): string {
  return record === undefined
    ? `${plainLine(new TextDecoder().decode(bytes.subarray(0, 200)))}  (not a record)`
    : formatRecord(record);
}

function jsonOf({ bytes, record }: LogLine): string {
  const text = new TextDecoder().decode(bytes);
  return escapeJson(record === undefined ? JSON.stringify({ unreadable: text.slice(0, 1000) }) : text);
}

async function verify(
  stateFolder: string,
  { json, signal }: { readonly json: boolean; readonly signal: AbortSignal },
): Promise<number> {
  const agentId = await readAgentId(stateFolder);
  const report = await verifyAudit(auditFolder(stateFolder), { agentId, signal });
  if (json) printJson({ isIntact: report.problemCount === 0, ...report });
  else printReport(report, agentId);
  return report.problemCount === 0 ? 0 : 1;
}

function printReport(
  { records, end, problems, problemCount, notes }: ChainReport,
  agentId: string | undefined,
): void {
  for (const { file, line, seq, kind, message } of problems) {
    const number = seq === undefined ? "" : ` record ${seq}`;
    printLine(plainLine(`${file}:${line}${number}: ${kind}: ${message}`));
  }
  if (problemCount > problems.length) printLine(`and ${problemCount - problems.length} more`);
  for (const note of notes) printLine(plainLine(`Note: ${note}`));
  if (agentId === undefined) printLine("Note: there is no host key here, so whose log it is was not checked");
  printLine(problemCount === 0 ? `${records} records, intact` : `${records} records, NOT intact`);
  if (end !== undefined) printLine(`Last record ${end.seq}, hash ${end.hash}`);
}

/** The id that the log must begin with; undefined if this machine has no key, and it is not made for that. */
async function readAgentId(stateFolder: string): Promise<string | undefined> {
  try {
    await Deno.stat(`${stateFolder}/host_key`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const seed = await loadHostSeed(stateFolder, () => hybridSuite.randomBytes(32));
  return (await hostIdentity(hybridSuite, seed)).agentId;
}
