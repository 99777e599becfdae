/**
 * The table of operations: everything that one host can do for another, by name.
 * Executors, MCP tools and the documentation are derived from it.
 */
import type * as z from "zod";
import type { Operation } from "./define_operation.ts";
import { backupList } from "./operations/backup_list.ts";
import { backupRestore } from "./operations/backup_restore.ts";
import { editFile } from "./operations/edit_file.ts";
import { exec } from "./operations/exec.ts";
import { fileSearch } from "./operations/file_search.ts";
import { fileStat } from "./operations/file_stat.ts";
import { getInfo } from "./operations/get_info.ts";
import { gitCommit } from "./operations/git_commit.ts";
import { gitDiff } from "./operations/git_diff.ts";
import { gitLog } from "./operations/git_log.ts";
import { gitPull } from "./operations/git_pull.ts";
import { gitPush } from "./operations/git_push.ts";
import { gitStatus } from "./operations/git_status.ts";
import { jobCancel } from "./operations/job_cancel.ts";
import { jobGet } from "./operations/job_get.ts";
import { jobList } from "./operations/job_list.ts";
import { listDir } from "./operations/list_dir.ts";
import { partDrop } from "./operations/part_drop.ts";
import { partFetch } from "./operations/part_fetch.ts";
import { partRead } from "./operations/part_read.ts";
import { partRun } from "./operations/part_run.ts";
import { partSave } from "./operations/part_save.ts";
import { readFile } from "./operations/read_file.ts";
import { removeFile } from "./operations/remove_file.ts";
import { setMode } from "./operations/set_mode.ts";
import { writeFile } from "./operations/write_file.ts";

/** Those that are tools of an assistant, in the order in which they are listed. */
export const TOOL_OPERATIONS = {
  exec,
  job_get: jobGet,
  job_list: jobList,
  job_cancel: jobCancel,
  read_file: readFile,
  write_file: writeFile,
  edit_file: editFile,
  remove_file: removeFile,
  list_dir: listDir,
  file_stat: fileStat,
  file_search: fileSearch,
  backup_list: backupList,
  backup_restore: backupRestore,
  git_status: gitStatus,
  git_diff: gitDiff,
  git_log: gitLog,
  git_pull: gitPull,
  git_commit: gitCommit,
  git_push: gitPush,
  get_info: getInfo,
  set_mode: setMode,
} as const satisfies Record<string, Operation>;

/** All: also those that only the fleet's own machinery asks for. */
export const OPERATIONS = {
  ...TOOL_OPERATIONS,
  part_run: partRun,
  part_fetch: partFetch,
  part_read: partRead,
  part_drop: partDrop,
  part_save: partSave,
} as const satisfies Record<string, Operation>;

export type OperationName = keyof typeof OPERATIONS;
export type ToolOperationName = keyof typeof TOOL_OPERATIONS;
export type ParamsOf<K extends OperationName> = z.infer<(typeof OPERATIONS)[K]["params"]>;
export type ResultOf<K extends OperationName> = z.infer<(typeof OPERATIONS)[K]["result"]>;

/** Tells whether `name` is an operation. */
export function isOperationName(name: string): name is OperationName {
  return Object.hasOwn(OPERATIONS, name);
}

/** Tells whether an operation asks for a ticket, and not for the right to command the host. */
export function isByTicket(name: string): boolean {
  if (!isOperationName(name)) return false;
  const { authority }: Operation = OPERATIONS[name];
  return authority === "ticket";
}
