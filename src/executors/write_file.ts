/**
 * The executor of `write_file`: makes or replaces a whole file.
 */
import { createHash } from "node:crypto";
import { writeAll } from "../host/write_all.ts";
import { OperationError } from "../errors.ts";
import { type Bytes, utf8 } from "../protocol/bytes.ts";
import type { ParamsOf } from "../protocol/operation.ts";
import type { Executor } from "./executor.ts";
import type { NewFile, ReplaceFile } from "./file_replacer.ts";

type Params = ParamsOf<"write_file">;

/** Makes the executor. */
export function createWriteFile(
  replaceFile: ReplaceFile,
): Executor<"write_file"> {
  return async (params, context) => {
    const content = newFileOf(contentOf(params));
    const mode = params.mode === undefined ? undefined : Number.parseInt(params.mode, 8);
    return await replaceFile(
      {
        path: params.path,
        operation: "write_file",
        createParents: params.create_parents ?? false,
        expectedSha256: params.expected_sha256,
      },
      context,
      (old) => old === undefined ? { ...content, mode } : content,
    );
  };
}

/** A new file that is in memory already. */
export function newFileOf(content: Bytes): NewFile {
  return {
    sha256: createHash("sha256").update(content).digest("hex"),
    size: content.length,
    write: (file) => writeAll(file, content),
  };
}

function contentOf({ content, content_base64: base64 }: Params): Bytes {
  const wrong = (reason: string) => new OperationError("bad_request", `Cannot write: ${reason}`);
  if (content !== undefined && base64 !== undefined) {
    throw wrong('both "content" and "content_base64" are given, only one may be');
  }
  if (base64 !== undefined) return Uint8Array.fromBase64(base64);
  if (content === undefined) throw wrong('neither "content" nor "content_base64" is given');
  if (!content.isWellFormed()) {
    throw wrong('"content" has half a surrogate pair, which no file can hold; give it as "content_base64"');
  }
  return utf8(content);
}
