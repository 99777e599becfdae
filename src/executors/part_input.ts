/**
 * What a command of a distributed run reads: parts or files of the host, as a stream in the form that the run asks for. Used by
 * `part_run`.
 */
import { OperationError } from "../errors.ts";
import { arrayOfLines, arrayOfWholes, groupsOfLines, type Source } from "../parts/json_input.ts";
import { mergeParts } from "../parts/merge_parts.ts";
import { readRange } from "../parts/part_content.ts";
import { noSuchPart, type RunParts } from "../parts/run_parts.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { Mode } from "../protocol/mode.ts";
import type { PartInput } from "../protocol/operations/part_run.ts";
import { showPath } from "../safety/show_path.ts";
import type { PathGuard } from "./path_guard.ts";
import { explain } from "./real_path.ts";

/** What is read from. */
export interface PartInputOptions {
  readonly parts: RunParts;
  readonly guard: PathGuard;
  readonly mode: Mode;
}

/**
 * Opens the input. Parts must be there now; files are opened through the guard when their turn comes, and each is read to the size
 * that it has then.
 *
 * @throws {OperationError} `bad_request` if the forms do not fit together, `cannot_run` if a part is missing.
 */
export function openPartInput(input: PartInput, options: PartInputOptions): AsyncIterable<Bytes> {
  if (input.parts !== undefined && input.files !== undefined) {
    throw new OperationError(
      "bad_request",
      'Cannot run: both "parts" and "files" are given as input, only one may be',
    );
  }
  if (input.as === "groups" && input.merge !== "key") {
    throw new OperationError("bad_request", "Cannot run: groups are made of lines that are merged by key");
  }
  const sources = input.files !== undefined
    ? input.files.map((path) => fileSource(path, options))
    : (input.parts ?? []).map((name) => partSource(name, options));
  return streamOf(sources, input, options.parts);
}

function streamOf(sources: readonly Source[], input: PartInput, parts: RunParts): AsyncIterable<Bytes> {
  const merged = () => mergeParts(sources.map(({ open }) => open), { scratch: () => parts.scratch() });
  switch (input.as) {
    case "lines":
      return input.merge === "key" ? merged() : concatLines(sources);
    case "bytes":
      return concat(sources);
    case "array":
      return arrayOfLines(
        input.merge === "key" ? [{ name: "the merged input", open: merged }] : sources,
        input.items,
      );
    case "values":
      return arrayOfWholes(sources, input.items);
    case "groups":
      return groupsOfLines(merged(), input.items);
  }
}

const NEWLINE = 10;

/** One after the other; the last line of one and the first of the next stay two. */
async function* concatLines(sources: readonly Source[]): AsyncGenerator<Bytes> {
  let last = NEWLINE;
  for (const { open } of sources) {
    let isFirst = true;
    for await (const chunk of open()) {
      const end = chunk.at(-1);
      if (end === undefined) continue;
      if (isFirst && last !== NEWLINE) yield Uint8Array.of(NEWLINE);
      isFirst = false;
      last = end;
      yield chunk;
    }
  }
}

async function* concat(sources: readonly Source[]): AsyncGenerator<Bytes> {
  for (const { open } of sources) yield* open();
}

function partSource(name: string, { parts }: PartInputOptions): Source {
  if (parts.info(name) === undefined) throw noSuchPart(name);
  return { name: `the part "${name}"`, open: () => parts.read(name) };
}

function fileSource(path: string, { guard, mode }: PartInputOptions): Source {
  const shown = showPath(path);
  return {
    name: shown,
    async *open() {
      using opened = await guard.openFile(path, mode);
      try {
        yield* readRange(opened.file, { start: 0, end: opened.info.size });
      } catch (error) {
        throw explain(error, `Cannot read ${shown}`);
      }
    },
  };
}
