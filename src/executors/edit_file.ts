/**
 * The executor of `edit_file`: replaces exact texts in a file and tells what changed.
 */
import { OperationError } from "../errors.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { ParamsOf } from "../protocol/operation.ts";
import { MAX_EDITED_BYTES } from "../protocol/operations/edit_file.ts";
import { showPath } from "../safety/show_path.ts";
import { applyEdits, EditError } from "./apply_edits.ts";
import type { Executor } from "./executor.ts";
import type { NewFile, ReplaceFile } from "./file_replacer.ts";
import type { OldFile } from "./old_file.ts";
import type { PathGuard } from "./path_guard.ts";
import { decodeText, encodeText, type TextEncoding } from "./text_codec.ts";
import { type UnifiedDiff, unifiedDiff } from "./unified_diff.ts";
import { newFileOf } from "./write_file.ts";

type Params = ParamsOf<"edit_file">;

/** What an edit leaves beside the file. */
interface Edited extends UnifiedDiff {
  readonly file: NewFile;
  readonly replacements: number[];
  readonly encoding: TextEncoding;
}

/** Makes the executor. */
export function createEditFile(
  { replaceFile, guard }: { readonly replaceFile: ReplaceFile; readonly guard: PathGuard },
): Executor<"edit_file"> {
  return async (params, context) => {
    const dryRun = params.dry_run ?? false;
    let edited: Edited | undefined;
    const replaced = await replaceFile(
      {
        path: params.path,
        operation: "edit_file",
        createParents: false,
        expectedSha256: params.expected_sha256,
        isDryRun: dryRun,
      },
      context,
      async (old, path) => {
        if (!guard.mayRead(path, context.permit.mode)) {
          throw new OperationError("refused", `Cannot edit ${showPath(path)}: it may not be read`, {
            rule: "denied-path",
          });
        }
        if (old === undefined) {
          throw new OperationError("cannot_run", `Cannot edit ${showPath(path)}: there is no such file`, {
            remedy: "Make it with write_file",
          });
        }
        edited = edit(await readEdited(old), { path, params });
        return edited.file;
      },
    );
    if (edited === undefined) throw new Error("Cannot tell what was edited");
    const { diff, diffNote, replacements, encoding } = edited;
    return { ...replaced, diff, diffNote, dryRun, replacements, encoding };
  };
}

/** Reads a whole file that is small enough to be compared and edited. */
async function readEdited(old: OldFile): Promise<Bytes> {
  if (old.size > MAX_EDITED_BYTES) {
    throw new OperationError(
      "too_large",
      `Cannot edit ${showPath(old.path)}: it has ${old.size} bytes, the limit is ${MAX_EDITED_BYTES}`,
      { remedy: "Use a command such as sed, after a copy" },
    );
  }
  const bytes = new Uint8Array(old.size);
  let at = 0;
  await old.read(old.size, (chunk) => {
    bytes.set(chunk, at);
    at += chunk.length;
  });
  return bytes.subarray(0, at);
}

function edit(bytes: Bytes, { path, params }: { readonly path: string; readonly params: Params }): Edited {
  try {
    const { text, encoding } = decodeText(bytes);
    const { text: after, replacements } = applyEdits(text, params.edits);
    const content = encodeText({ text: after, encoding });
    if (content.length > MAX_EDITED_BYTES) {
      throw new EditError(`it would have ${content.length} bytes, the limit is ${MAX_EDITED_BYTES}`);
    }
    const diff = unifiedDiff(text, after, { before: path, after: path });
    return { file: newFileOf(content), replacements: [...replacements], encoding, ...diff };
  } catch (error) {
    if (!(error instanceof EditError) && !(error instanceof TypeError)) throw error;
    const remedy = error instanceof EditError
      ? error.remedy
      : "Give the whole content to write_file as content_base64";
    throw new OperationError("cannot_run", `Cannot edit ${showPath(path)}: ${error.message}`, {
      cause: error,
      ...(remedy === undefined ? {} : { remedy }),
    });
  }
}
