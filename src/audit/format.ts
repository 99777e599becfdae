/**
 * Records of the audit log as lines for people. Whatever a caller put into a request cannot steer the terminal. Pure.
 */
import { plainLine } from "../protocol/plain_line.ts";
import type { AuditRecord } from "./record.ts";

const MAX_ARGUMENTS_CHARACTERS = 100;

/**
 * A record on one line: time, who, what, what was decided and what came of it.
 *
 * @example
 * ```ts
 * formatRecord(record); // "2026-01-31T12:00:00.000Z  laptop  exec  git status  plan allow (known)  ok, exit 0, 12 ms"
 * ```
 */
export function formatRecord(record: AuditRecord): string {
  const { time, caller, operation = "", args, mode, decision, rule } = record;
  const parts = [
    time,
    caller === undefined
      ? "-"
      : caller.isLocal
      ? `${caller.name} (local)`
      : `${caller.name} (${caller.id.slice(0, 8)})`,
    operation === "" ? record.event : operation,
    shortArguments(args),
    decision === undefined ? "" : `${mode ?? "?"} ${decision} (${rule ?? "?"})`,
    outcomeOf(record),
  ];
  return plainLine(parts.filter((part) => part !== "").join("  "));
}

/**
 * Escapes in JSON what `plainLine()` escapes in texts. A character outside of 16 bits is two escapes there, so that it stays the
 * same JSON.
 */
export function escapeJson(json: string): string {
  return json.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, (characters) => {
    const units = Array.from({ length: characters.length }, (_, i) => characters.charCodeAt(i));
    return units.map((unit) => `\\u${unit.toString(16).padStart(4, "0")}`).join("");
  });
}

/** What says most of the arguments, shortened. */
function shortArguments(args: unknown): string {
  if (args === undefined || args === null) return "";
  const text = textOf(args);
  return text.length > MAX_ARGUMENTS_CHARACTERS ? `${text.slice(0, MAX_ARGUMENTS_CHARACTERS)}…` : text;
}

function textOf(args: unknown): string {
  if (typeof args !== "object" || args === null) return String(args);
  const fields: Readonly<Record<string, unknown>> = { ...args };
  const { command, argv, path } = fields;
  if (typeof command === "string") return command;
  if (Array.isArray(argv)) return argv.map(String).join(" ");
  if (typeof path === "string") return path;
  const names = Object.keys(fields);
  return names.length === 0 ? "" : JSON.stringify(args);
}

function outcomeOf(record: AuditRecord): string {
  const { event, begin, outcome, exitCode, durationMs, jobId, repair, gap } = record;
  if (event === "begin") return `starts (record ${record.seq})`;
  if (repair !== undefined) {
    return `put right: ${repair.found.join(", ")}${
      repair.lost === undefined ? "" : `, ${repair.lost} records lost`
    }`;
  }
  if (gap !== undefined) return `${gap.lost} records could not be written: ${gap.reason}`;
  const parts = [
    outcome === "ok" || outcome === undefined ? outcome : `failed: ${outcome}`,
    exitCode === undefined ? undefined : exitCode === null ? "ended by a signal" : `exit ${exitCode}`,
    jobId === undefined ? undefined : `job ${jobId}`,
    durationMs === undefined ? undefined : `${durationMs} ms`,
    begin === undefined ? undefined : `started in record ${begin}`,
  ];
  return parts.filter((part) => part !== undefined).join(", ");
}
