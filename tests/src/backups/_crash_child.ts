/**
 * A process that writes, edits, removes and restores files without end, to be killed at any point by `crash_test.ts`. It writes a
 * byte to stdout before it begins and after each operation.
 *
 * Arguments: the folder for files, the state folder, and the names of the files.
 */
import { openBackups } from "../../../src/backups/store.ts";
import { OperationError } from "../../../src/errors.ts";
import { createBackupRestore } from "../../../src/executors/backup_restore.ts";
import { createEditFile } from "../../../src/executors/edit_file.ts";
import { createFileReplacer } from "../../../src/executors/file_replacer.ts";
import { createPathGuard } from "../../../src/executors/path_guard.ts";
import { createRemoveFile } from "../../../src/executors/remove_file.ts";
import { createWriteFile } from "../../../src/executors/write_file.ts";
import { callContext } from "../../helpers/call_context.ts";
import { CRASH_LIMITS, crashContent, VERSIONS } from "./_crash_contents.ts";

const [folder = "", stateFolder = "", ...names] = Deno.args;
const backups = openBackups(stateFolder, { limits: CRASH_LIMITS });
const guard = createPathGuard({
  rules: { allow: [], deny: [], own: [], ownSecrets: [] },
  system: { os: "linux", homes: [folder], isCaseInsensitive: false },
});
const replaceFile = createFileReplacer({ guard, backups });
const writeFile = createWriteFile(replaceFile);
const editFile = createEditFile({ replaceFile, guard });
const removeFile = createRemoveFile({ guard, backups });
const backupRestore = createBackupRestore({ replaceFile, guard, backups });
const context = callContext();
const below = (limit: number) => Math.floor(Math.random() * limit);

async function operate(): Promise<void> {
  const path = `${folder}/${names[below(names.length)]}`;
  const kind = below(4);
  if (kind === 0) {
    await writeFile({ path, content: crashContent("written", below(VERSIONS)) }, context);
  } else if (kind === 1) {
    await editFile(
      { path, edits: [{ old_text: "written", new_text: "edited", replace_all: true }] },
      context,
    );
  } else if (kind === 2) {
    await removeFile({ path }, context);
  } else {
    const versions = await backups.list({ path, limit: 5 });
    const version = versions[below(versions.length)];
    if (version !== undefined) await backupRestore({ id: version.id }, context);
  }
}

const progress = () => Deno.stdout.writeSync(Uint8Array.of(46));
progress();
for (;;) {
  try {
    await operate();
  } catch (error) {
    // Others use the same files: a text that is edited already, a version that has gone.
    if (!(error instanceof OperationError) || error.code === "internal") throw error;
  }
  progress();
}
