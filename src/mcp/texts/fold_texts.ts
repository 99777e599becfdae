/**
 * What a host said, by operation, in words that are the same for hosts that did the same: no name of the host, no duration, no
 * number of a backup or job. Runs are folded by them.
 */
import * as z from "zod";
import type { HostOutcome } from "../../fleet/run.ts";
import type { Output } from "../../protocol/operations/exec.ts";
import { type OperationName, OPERATIONS, type ResultOf } from "../../protocol/operation.ts";
import { plainLine } from "../../protocol/plain_line.ts";
import { asAsked } from "./asked_path.ts";
import {
  describeGitCommit,
  describeGitDiff,
  describeGitLog,
  describeGitPull,
  describeGitPush,
  describeGitStatus,
} from "./git.ts";
import { describeFileStat, describeReadFile } from "./read.ts";
import { describeFileSearch, describeListDir } from "./walk.ts";

/** Stands for the host in texts that name one. */
const HERE = { id: "this host", name: "this host" };

/** Renders a result for comparing it with those of other hosts. An operation that is not here is shown as JSON. */
export const FOLD_TEXTS: { readonly [K in OperationName]?: (result: ResultOf<K>) => string } = {
  exec: execText,
  read_file: (result) => describeReadFile(result, HERE),
  write_file: writtenText,
  edit_file: writtenText,
  backup_restore: writtenText,
  remove_file: removedText,
  list_dir: (result) => describeListDir(result, HERE),
  file_stat: (result) => describeFileStat(result, HERE),
  file_search: searchText,
  git_status: (result) => describeGitStatus(result, HERE),
  git_diff: (result) => describeGitDiff(result, HERE),
  git_log: (result) => describeGitLog(result, HERE),
  git_pull: (result) => describeGitPull(result, HERE),
  git_commit: (result) => describeGitCommit(result, HERE),
  git_push: (result) => describeGitPush(result, HERE),
  get_info: infoText,
};

/** Undoing a run restores some files and removes those that it made. */
const Removed = OPERATIONS.remove_file.result;

/**
 * Makes what tells the text of each host of a run.
 *
 * @param params - what the hosts were asked: paths below their home folders are then shown as they were given
 * @returns a function whose texts are empty for hosts without a result
 */
export function textOfHost<K extends OperationName>(op: K, params?: unknown): (host: HostOutcome) => string {
  // The table has for each operation the text of its own results; only TypeScript sees the union of all.
  const describe = FOLD_TEXTS[op] as ((result: ResultOf<K>) => string) | undefined;
  return ({ result: answer }) => {
    if (answer === undefined) return "";
    const result = asAsked(answer, params);
    if (op === "backup_restore" && Removed.safeParse(result).success) {
      return removedText(Removed.parse(result));
    }
    const parsed = OPERATIONS[op].result.safeParse(result);
    if (!parsed.success || describe === undefined) return JSON.stringify(result);
    // The schema of `op` has just produced it.
    return describe(parsed.data as ResultOf<K>);
  };
}

function removedText({ path, removed, bytes, previousSha256, linkTarget }: ResultOf<"remove_file">): string {
  if (!removed) return `nothing to remove at ${plainLine(path)}`;
  const what = linkTarget === null
    ? `${bytes} bytes, sha256 ${previousSha256}`
    : `a link to ${plainLine(linkTarget)}`;
  return `removed ${plainLine(path)}: ${what}`;
}

/** Tells whether a host has more of a command's output than it sent. */
export function isCutHost({ result }: HostOutcome): boolean {
  const parsed = CutResult.safeParse(result);
  return parsed.success && (parsed.data.stdout.truncated || parsed.data.stderr.truncated);
}

const CutOutput = z.object({ truncated: z.boolean() });
const CutResult = z.object({ stdout: CutOutput, stderr: CutOutput });

function execText({ stdout, stderr, isolation }: ResultOf<"exec">): string {
  return [
    ...(isolation === "isolated" ? ["[isolated: without network, and nothing that it changed remains]"] : []),
    ...outputText(stdout),
    ...(stderr.bytes === 0 ? [] : ["[stderr]", ...outputText(stderr)]),
  ].join("\n");
}

/** An output without what differs by platform alone: carriage returns at ends of lines, and the last line feed. */
function outputText({ head, tail, bytes, truncated }: Output): string[] {
  if (bytes === 0) return [];
  const shown = (text: string) => text.replaceAll("\r\n", "\n").replace(/\n$/, "");
  if (!truncated) return [shown(head + tail)];
  // Above the text: whoever has room for less leaves out its middle.
  return [
    `[${bytes} bytes in all, of which the beginning and the end are here]`,
    shown(`${head}\n[the middle was not sent]\n${tail}`),
  ];
}

function writtenText(
  result: ResultOf<"write_file"> & { readonly dryRun?: boolean; readonly replacements?: readonly number[] },
): string {
  const { path, created, changed, bytes, sha256, dryRun } = result;
  const what = !changed ? "unchanged" : created ? "created" : "changed";
  return `${dryRun === true ? "would be " : ""}${what}: ${plainLine(path)}, ${bytes} bytes, sha256 ${sha256}`;
}

/** What was found, and what keeps that from being all; not how much was looked through. */
function searchText(result: ResultOf<"file_search">): string {
  const { files, totals, leftOut } = result;
  const [, ...lines] = describeFileSearch({
    ...result,
    leftOut: { ...leftOut, hidden: 0, ignored: 0, symlinks: 0, special: 0 },
  }, HERE).split("\n");
  const found = files.length === 0
    ? "nothing found"
    : `found: ${totals.found}, matching lines: ${totals.lines}`;
  return [found, ...lines].join("\n");
}

/** A fact on each line, so that a difference is one line. */
function infoText({ platform, mode, maxMode, version, sandbox, user, processors, accepts, audit }: ResultOf<
  "get_info"
>): string {
  return [
    `system: ${plainLine(platform.distro ?? platform.os)}, ${plainLine(platform.arch)}`,
    `kernel: ${plainLine(platform.os)} ${plainLine(platform.kernel)}`,
    `shell: ${plainLine(platform.shell)}, user ${plainLine(user)}`,
    `processors: ${processors}`,
    `mode: ${mode}, at most ${maxMode} by request${accepts ? "" : ", runs nothing for others"}`,
    `sandbox: ${sandbox.name ?? "none"}`,
    `remote-agent: ${plainLine(version)}`,
    ...(audit === "ok" ? [] : [`audit log: ${plainLine(audit)}`]),
  ].join("\n");
}
