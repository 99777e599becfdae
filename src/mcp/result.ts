/**
 * Results as short texts, for models and people whose client shows no structured content.
 */
import type { AgentRef } from "../fleet/fleet.ts";
import type { OperationError } from "../errors.ts";
import type { ResultOf, ToolOperationName } from "../protocol/operation.ts";
import { plainLine } from "../protocol/plain_line.ts";
import {
  describeGitCommit,
  describeGitDiff,
  describeGitLog,
  describeGitPull,
  describeGitPush,
  describeGitStatus,
} from "./texts/git.ts";
import { describeInfo, describeMode } from "./texts/host.ts";
import { describeExec, describeJobCancel, describeJobGet, describeJobList } from "./texts/jobs.ts";
import { describeFileStat, describeReadFile } from "./texts/read.ts";
import { describeFileSearch, describeListDir } from "./texts/walk.ts";
import {
  describeBackupList,
  describeBackupRestore,
  describeEditFile,
  describeRemoveFile,
  describeWriteFile,
} from "./texts/write.ts";

/** Renders the result of each operation. */
export const RESULT_TEXTS: {
  readonly [K in ToolOperationName]: (result: ResultOf<K>, agent: AgentRef) => string;
} = {
  exec: describeExec,
  job_get: describeJobGet,
  job_list: describeJobList,
  job_cancel: describeJobCancel,
  read_file: describeReadFile,
  write_file: describeWriteFile,
  edit_file: describeEditFile,
  remove_file: describeRemoveFile,
  list_dir: describeListDir,
  file_stat: describeFileStat,
  file_search: describeFileSearch,
  backup_list: describeBackupList,
  backup_restore: describeBackupRestore,
  git_status: describeGitStatus,
  git_diff: describeGitDiff,
  git_log: describeGitLog,
  git_pull: describeGitPull,
  git_commit: describeGitCommit,
  git_push: describeGitPush,
  get_info: describeInfo,
  set_mode: describeMode,
};

/**
 * Renders an error with its remedy, and the rule that refused, on one line: names in it are anybody's, and another host wrote it
 * perhaps.
 */
export function describeError({ code, message, remedy, rule }: OperationError): string {
  const kind = rule === undefined ? code : `${code}: ${plainLine(rule)}`;
  const text = remedy === undefined ? plainLine(message) : `${plainLine(message)}. ${plainLine(remedy)}`;
  return `${text} [${kind}]`;
}
