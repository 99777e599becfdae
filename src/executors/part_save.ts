/**
 * The executor of `part_save`: makes a file of a part, in the same way in which files are written.
 */
import { createHash } from "node:crypto";
import { writeAll } from "../host/write_all.ts";
import { noSuchPart, type RunParts } from "../parts/run_parts.ts";
import type { Spool } from "../parts/spool.ts";
import type { PartName } from "../protocol/part.ts";
import type { Executor } from "./executor.ts";
import type { NewFile, ReplaceFile } from "./file_replacer.ts";
import { newFileOf } from "./write_file.ts";

/** What {@link createPartSave} needs. */
export interface PartSaveOptions {
  readonly spool: Spool;
  readonly replaceFile: ReplaceFile;
}

/** Makes the executor. */
export function createPartSave({ spool, replaceFile }: PartSaveOptions): Executor<"part_save"> {
  return async (params, context) => {
    const { part } = params;
    const request = {
      path: params.path,
      operation: "part_save",
      createParents: params.create_parents ?? false,
      expectedSha256: params.expected_sha256,
    } as const;
    if (part === undefined) {
      return await replaceFile({ ...request, isDryRun: true }, context, () => newFileOf(new Uint8Array(0)));
    }
    using use = spool.open(params, context.signal);
    const content = await contentOf(use.parts, part);
    return await replaceFile(request, { ...context, signal: use.signal }, () => content);
  };
}

/** Goes through the part once for its hash; it is read again when it is written. */
async function contentOf(parts: RunParts, name: PartName): Promise<NewFile> {
  const info = parts.info(name);
  if (info === undefined) throw noSuchPart(name);
  const hash = createHash("sha256");
  for await (const chunk of parts.read(name)) hash.update(chunk);
  return {
    sha256: hash.digest("hex"),
    size: info.bytes,
    async write(file) {
      for await (const chunk of parts.read(name)) await writeAll(file, chunk);
    },
  };
}
