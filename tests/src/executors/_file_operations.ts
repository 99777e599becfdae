/**
 * The operations that write files, over a folder and a state folder of their own, for their tests.
 */
import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { type Backups, openBackups } from "../../../src/backups/store.ts";
import type { BackupLimits } from "../../../src/backups/rules.ts";
import { OperationError } from "../../../src/errors.ts";
import { createBackupList } from "../../../src/executors/backup_list.ts";
import { createBackupRestore } from "../../../src/executors/backup_restore.ts";
import { createEditFile } from "../../../src/executors/edit_file.ts";
import { createFileReplacer } from "../../../src/executors/file_replacer.ts";
import { createPathGuard, type PathGuard } from "../../../src/executors/path_guard.ts";
import { createRemoveFile } from "../../../src/executors/remove_file.ts";
import { createWriteFile } from "../../../src/executors/write_file.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

/** The operations and where they work. */
export interface FileOperations extends AsyncDisposable {
  /** Real path of the folder for files. */
  readonly folder: string;
  readonly stateFolder: string;
  readonly backups: Backups;
  readonly guard: PathGuard;
  readonly writeFile: ReturnType<typeof createWriteFile>;
  readonly editFile: ReturnType<typeof createEditFile>;
  readonly removeFile: ReturnType<typeof createRemoveFile>;
  readonly backupList: ReturnType<typeof createBackupList>;
  readonly backupRestore: ReturnType<typeof createBackupRestore>;
}

/** Sets the operations up; `change` may put another guard in the place of the real one. */
export async function fileOperations(
  { limits, deny = [], change = (guard) => guard }: {
    readonly limits?: BackupLimits;
    readonly deny?: readonly string[];
    readonly change?: (guard: PathGuard) => PathGuard;
  } = {},
): Promise<FileOperations> {
  const temporary = await temporaryFolder();
  const root = await Deno.realPath(temporary.folder);
  const [folder, stateFolder] = [`${root}/files`, `${root}/state`];
  await Promise.all([folder, stateFolder].map((path) => Deno.mkdir(path)));
  const backups = openBackups(stateFolder, { limits });
  const guard = change(createPathGuard({
    rules: { allow: [], deny: deny.map((glob) => `${folder}/${glob}`), own: [stateFolder], ownSecrets: [] },
    system: { os: "linux", homes: [folder], isCaseInsensitive: false },
  }));
  const replaceFile = createFileReplacer({ guard, backups });
  return {
    folder,
    stateFolder,
    backups,
    guard,
    writeFile: createWriteFile(replaceFile),
    editFile: createEditFile({ replaceFile, guard }),
    removeFile: createRemoveFile({ guard, backups }),
    backupList: createBackupList({ backups, guard }),
    backupRestore: createBackupRestore({ replaceFile, guard, backups }),
    [Symbol.asyncDispose]: async () => {
      backups[Symbol.dispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** The hash of a text or of bytes, as the tests know it. */
export function sha256(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Names in a folder, sorted. */
export function namesIn(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

/** Expects a failure with a code and a message, and returns it. */
export async function fails(
  work: Promise<unknown>,
  code: OperationError["code"],
  message: RegExp,
): Promise<OperationError> {
  const error = await work.then(() => undefined, (thrown: unknown) => thrown);
  assert.ok(error instanceof OperationError, `no OperationError but ${error}`);
  assert.match(error.message, message);
  assert.equal(error.code, code, error.message);
  return error;
}
