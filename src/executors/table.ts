/**
 * The table of executors: who carries out which operation. A missing one is a type error.
 */
import type { Backups } from "../backups/store.ts";
import type { Jobs } from "../jobs/runner.ts";
import type { Spool } from "../parts/spool.ts";
import type { OperationName } from "../protocol/operation.ts";
import { createBackupList } from "./backup_list.ts";
import { createBackupRestore } from "./backup_restore.ts";
import { createEditFile } from "./edit_file.ts";
import { createExec } from "./exec.ts";
import type { Executor } from "./executor.ts";
import { createFileReplacer } from "./file_replacer.ts";
import { createFileSearch } from "./file_search.ts";
import { createFileStat } from "./file_stat.ts";
import { createGetInfo, type GetInfoOptions } from "./get_info.ts";
import { createGitCommit } from "./git_commit.ts";
import { createGitDiff } from "./git_diff.ts";
import { createGitLog } from "./git_log.ts";
import { createGitPull } from "./git_pull.ts";
import { createGitPush } from "./git_push.ts";
import { createGitStatus } from "./git_status.ts";
import { createJobCancel } from "./job_cancel.ts";
import { createJobGet } from "./job_get.ts";
import { createJobList } from "./job_list.ts";
import { createListDir } from "./list_dir.ts";
import type { Modes } from "./modes.ts";
import { createPartDrop } from "./part_drop.ts";
import { createPartFetch, type PeerPort } from "./part_fetch.ts";
import { createPartRead } from "./part_read.ts";
import { createPartSave } from "./part_save.ts";
import { createPartRun } from "./part_run.ts";
import type { HostPathGuard } from "./path_guard.ts";
import { createReadFile } from "./read_file.ts";
import { createRemoveFile } from "./remove_file.ts";
import { createSetMode } from "./set_mode.ts";
import { createWriteFile } from "./write_file.ts";

/** The executor of every operation. */
export type ExecutorTable = { readonly [K in OperationName]: Executor<K> };

/** What executors stand on. */
export interface TableOptions extends GetInfoOptions {
  readonly jobs: Jobs;
  readonly backups: Backups;
  readonly guard: HostPathGuard;
  readonly modes: Modes;
  /** Where parts of distributed runs are kept. */
  readonly spool: Spool;
  /** The way to the hosts that parts are taken from. */
  readonly peers: PeerPort;
  /** Milliseconds that a command may take by default. @default {300_000} */
  readonly execTimeoutMs?: number | undefined;
  /** Milliseconds between TERM and KILL; asked when something is to be ended. @default {2000} */
  readonly graceMs?: (() => number) | undefined;
}

/** Makes the executors. */
export function createTable(options: TableOptions): ExecutorTable {
  const { host, jobs, backups, guard, modes, spool } = options;
  const replaceFile = createFileReplacer({ guard, backups });
  const git = { home: host.home, graceMs: options.graceMs, guard };
  return {
    exec: createExec({
      jobs,
      shell: host.platform.shell,
      home: host.home,
      timeoutMs: options.execTimeoutMs,
    }),
    job_get: createJobGet({ jobs }),
    job_list: createJobList({ jobs }),
    job_cancel: createJobCancel({ jobs }),
    read_file: createReadFile({ guard }),
    write_file: createWriteFile(replaceFile),
    edit_file: createEditFile({ replaceFile, guard }),
    remove_file: createRemoveFile({ guard, backups }),
    list_dir: createListDir({ guard }),
    file_stat: createFileStat({ guard }),
    file_search: createFileSearch({ guard }),
    backup_list: createBackupList({ backups, guard }),
    backup_restore: createBackupRestore({ replaceFile, guard, backups }),
    git_status: createGitStatus(git),
    git_diff: createGitDiff(git),
    git_log: createGitLog(git),
    git_pull: createGitPull(git),
    git_commit: createGitCommit(git),
    git_push: createGitPush(git),
    part_run: createPartRun({
      spool,
      guard,
      shell: host.platform.shell,
      home: host.home,
      hostName: host.name,
      graceMs: options.graceMs,
    }),
    part_fetch: createPartFetch({ spool, ...options.peers }),
    part_read: createPartRead({ spool }),
    part_drop: createPartDrop({ spool }),
    part_save: createPartSave({ spool, replaceFile }),
    get_info: createGetInfo(options),
    set_mode: createSetMode(modes),
  };
}
