/**
 * Results of the operations that write files, and of the backups, as short texts. Names of files and lines of diffs come
 * from anywhere, so what steers or fakes lines is taken out.
 */
import type { AgentRef } from "../../fleet/fleet.ts";
import type { BackupEntry } from "../../protocol/operations/backup_list.ts";
import { plainLine, plainLines } from "../../protocol/plain_line.ts";
import type { ResultOf } from "../../protocol/operation.ts";

/** Characters of a diff that a text shows; the structured content has more. */
const SHOWN_DIFF_CHARACTERS = 20_000;
/** Characters of one name. */
const SHOWN_NAME_CHARACTERS = 400;

type Written = ResultOf<"write_file">;
type Edited = ResultOf<"edit_file">;
type Removed = ResultOf<"remove_file">;
type Listed = ResultOf<"backup_list">;
type Restored = ResultOf<"backup_restore">;

/** Renders the result of `write_file`. */
export function describeWriteFile(result: Written, agent: AgentRef): string {
  return describeWritten(result, agent).join("\n");
}

/** Renders the result of `edit_file`. */
export function describeEditFile(result: Edited, agent: AgentRef): string {
  const places = result.replacements.reduce((sum, count) => sum + count, 0);
  return [
    ...describeWritten(result, agent),
    `${places} ${places === 1 ? "place" : "places"} in ${result.encoding} text`,
    ...describeDiff(result),
  ].join("\n");
}

/** Renders the result of `remove_file`. */
export function describeRemoveFile(result: Removed, agent: AgentRef): string {
  const { backupId, linkTarget } = result;
  const where = `${name(result.path)} on ${name(agent.name)}`;
  if (!result.removed) return `Nothing to remove: there is no ${where}`;
  if (linkTarget !== null) return `Removed the symbolic link ${where}, which said "${name(linkTarget)}"`;
  return [
    `Removed ${where}: ${result.bytes} bytes, sha256 ${result.previousSha256}`,
    `It is kept as backup ${backupId}: backup_restore brings it back`,
  ].join("\n");
}

/** Renders the result of `backup_restore`. */
export function describeBackupRestore(result: Restored, agent: AgentRef): string {
  return [
    `Backup ${result.restoredId}${result.dryRun ? " (dry run)" : ""}`,
    ...describeWritten(result, agent),
    ...describeDiff(result),
  ].join("\n");
}

/** Renders the result of `backup_list`. */
export function describeBackupList({ backups, nextCursor, hidden }: Listed, agent: AgentRef): string {
  return [
    backups.length === 0
      ? `No backups on ${name(agent.name)}`
      : `${backups.length} backups on ${name(agent.name)}, newest first`,
    ...backups.map(describeBackup),
    ...(hidden === 0 ? [] : [`${hidden} more are not shown, as their files may not be read`]),
    ...(nextCursor === null ? [] : [`There are more: call again with cursor "${nextCursor}"`]),
  ].join("\n");
}

function describeBackup({ id, path, time, operation, caller, size, content }: BackupEntry): string {
  const state = content === "intact" ? "" : `, content ${content}`;
  return `${id}: ${name(path)}, ${size} bytes, before ${operation} by ${
    name(caller.name)
  } at ${time}${state}`;
}

function describeWritten(result: Written & { readonly dryRun?: boolean }, agent: AgentRef): string[] {
  const where = `${name(result.path)} on ${name(agent.name)}`;
  if (!result.changed) return [`Nothing to change: ${where} is like this already (${result.bytes} bytes)`];
  const isDryRun = result.dryRun === true;
  const verb = `${isDryRun ? "Would have " : ""}${result.created ? "made" : "replaced"}`;
  return [
    `${capital(verb)} ${where}: ${result.bytes} bytes, sha256 ${result.sha256}`,
    ...(result.backupId === null ? [] : [`The file before is backup ${result.backupId}`]),
  ];
}

function describeDiff({ diff, diffNote }: Pick<Edited, "diff" | "diffNote">): string[] {
  const isCut = diff.length > SHOWN_DIFF_CHARACTERS;
  const shown = isCut ? diff.slice(0, SHOWN_DIFF_CHARACTERS) : diff;
  return [
    ...(shown === "" ? [] : [plainLines(shown.replace(/\n$/, ""))]),
    ...(isCut ? [`[of ${diff.length} characters of the diff, ${shown.length} are shown here]`] : []),
    ...(diffNote === null ? [] : [diffNote]),
  ];
}

function capital(text: string): string {
  return text.slice(0, 1).toUpperCase() + text.slice(1);
}

function name(text: string): string {
  const plain = plainLine(text);
  const left = plain.length - SHOWN_NAME_CHARACTERS;
  if (left <= 0) return plain;
  const half = SHOWN_NAME_CHARACTERS / 2;
  return `${plain.slice(0, half)}[${left} characters left out]${plain.slice(-half)}`.toWellFormed();
}
