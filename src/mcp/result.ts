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

/** Renders an error with its remedy, on one line: names in it are anybody's, and another host wrote it perhaps. */
export function describeError(error: OperationError): string {
  const { code } = error;
  const message = plainLine(error.message);
  const remedy = error.remedy === undefined ? undefined : plainLine(error.remedy);
  return remedy === undefined ? `${message} [${code}]` : `${message}. ${remedy} [${code}]`;
}
