/**
 * Merges any number of sorted parts with a bounded number of them open: many are first merged in groups into files.
 */
import type { Bytes } from "../protocol/bytes.ts";
import { mergeSortedLines } from "./merge_lines.ts";
import { MAX_OPEN_FILES } from "./rules.ts";
import type { SpoolFile } from "./spool_file.ts";

/** What merging needs. */
export interface MergePartsOptions {
  readonly scratch: () => Promise<SpoolFile>;
  /** @default {MAX_OPEN_FILES} */
  readonly maxOpen?: number | undefined;
}

/**
 * Merges sorted lines as `mergeSortedLines()` does; ending the iteration removes the files it made.
 *
 * @param parts - each opens one source
 */
export async function* mergeParts(
  parts: readonly (() => AsyncIterable<Bytes>)[],
  { scratch, maxOpen = MAX_OPEN_FILES }: MergePartsOptions,
): AsyncGenerator<Bytes, void, void> {
  let level: readonly (() => AsyncIterable<Bytes>)[] = parts;
  let files: SpoolFile[] = [];
  try {
    while (level.length > maxOpen) {
      const before = files;
      files = [];
      try {
        for (let at = 0; at < level.length; at += maxOpen) {
          const file = await scratch();
          files.push(file);
          const group = level.slice(at, at + maxOpen);
          for await (const chunk of mergeSortedLines(group.map((open) => open()))) await file.write(chunk);
        }
      } finally {
        for (const file of before) await file[Symbol.asyncDispose]();
      }
      level = files.map((file) => () => file.read());
    }
    yield* mergeSortedLines(level.map((open) => open()));
  } finally {
    for (const file of files) await file[Symbol.asyncDispose]();
  }
}
