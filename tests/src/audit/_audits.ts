/**
 * Logs to test with: requests, a log in a folder that is gone afterwards, and its lines as somebody reads them who knows no code of it.
 */
import { join } from "node:path";
import { type Audit, type AuditOptions, openAudit } from "../../../src/audit/log.ts";
import { verifyAudit } from "../../../src/audit/read.ts";
import type { AuditOutcome, AuditRequest } from "../../../src/audit/record.ts";
import type { ChainReport } from "../../../src/audit/verify_chain.ts";

export const AGENT_ID = "abcdefghijklmnopqrst";
export const OK: AuditOutcome = { outcome: "ok", exitCode: 0, durationMs: 1.25, bytesOut: 3 };

/** A request that runs a command. */
export function request(command = "git status", more: Partial<AuditRequest> = {}): AuditRequest {
  return {
    caller: { id: "qrstuvwxyzabcdefghij", name: "laptop", address: "0f".repeat(16), isLocal: false },
    operation: "exec",
    params: { command },
    mode: "edit",
    decision: "allow",
    rule: "mode-edit",
    bytesIn: 42,
    ...more,
  };
}

/** Opens the log in a folder. */
export function open(folder: string, options: Partial<AuditOptions> = {}): Audit {
  return openAudit({ folder: join(folder, "audit"), agentId: AGENT_ID, redact: (text) => text, ...options });
}

/** Checks the log in a folder. */
export function verify(folder: string): Promise<ChainReport> {
  return verifyAudit(join(folder, "audit"), { agentId: AGENT_ID });
}

/** Writes a log of so many records. */
export async function writeLog(
  folder: string,
  count: number,
  options: Partial<AuditOptions> = {},
): Promise<void> {
  await using audit = open(folder, options);
  for (let i = 0; i < count; i++) await audit.call(request(`command ${i}`), OK);
}

/** The path of a file of the log. */
export function pathOf(folder: string, name = "audit.jsonl"): string {
  return join(folder, "audit", name);
}

/** What any reader of the file sees. */
export type Line = Readonly<Record<string, unknown>>;

/** The lines of a file, parsed. */
export async function readLines(folder: string, name = "audit.jsonl"): Promise<Line[]> {
  const text = await Deno.readTextFile(pathOf(folder, name));
  return text.split("\n").slice(0, -1).map((line) => JSON.parse(line));
}
