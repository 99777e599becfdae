/**
 * What becomes of what a command of a distributed run writes: one part as it is, one that is checked to be JSON, or a sorted part for
 * each reducer.
 */
import { OperationError } from "../errors.ts";
import type { PartInfo, PartName } from "../protocol/part.ts";
import { createJsonCheck } from "./check_json.ts";
import type { RunParts } from "./run_parts.ts";
import { createLineSorter, type LineSorter } from "./sort_lines.ts";

/** How the output is kept. */
export interface PartOutputOptions {
  /** Beginning of the names. */
  readonly name: PartName;
  readonly as: "whole" | "value" | "keyed";
  /** How many parts; 1 unless `keyed`. */
  readonly reducers: number;
}

/** Takes output; disposing of it removes what was not finished. */
export interface PartOutput extends AsyncDisposable {
  /** Takes the next bytes. Calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Makes parts of all that was taken: of all of it, or none.
   *
   * @throws {OperationError} `cannot_run` if it is no JSON value where it should be, or cannot be kept.
   */
  finish(): Promise<PartInfo[]>;
}

/** Makes what takes the output. */
export async function createPartOutput(parts: RunParts, options: PartOutputOptions): Promise<PartOutput> {
  return options.as === "keyed" ? createKeyed(parts, options) : await createWhole(parts, options);
}

async function createWhole(parts: RunParts, { name, as }: PartOutputOptions): Promise<PartOutput> {
  const writer = await parts.write(`${name}.0`);
  const check = as === "value" ? createJsonCheck() : undefined;
  return {
    async write(bytes) {
      checked(() => check?.push(bytes));
      await writer.write(bytes);
    },
    async finish() {
      checked(() => check?.end());
      return [await writer.finish(check === undefined ? undefined : 1)];
    },
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

function createKeyed(parts: RunParts, { name, reducers }: PartOutputOptions): PartOutput {
  const sorter = createLineSorter({ reducers, scratch: () => parts.scratch() });
  return {
    write: (bytes) => sorter.push(bytes),
    async finish() {
      await sorter.end();
      const finished: PartInfo[] = [];
      try {
        for (let reducer = 0; reducer < reducers; reducer++) {
          finished.push(await writeSorted(parts, `${name}.${reducer}`, sorter.linesOf(reducer)));
        }
      } catch (error) {
        for (const part of finished) await parts.remove(part.name);
        throw error;
      }
      return finished;
    },
    [Symbol.asyncDispose]: () => sorter[Symbol.asyncDispose](),
  };
}

/** A part without a line needs no file. */
async function writeSorted(
  parts: RunParts,
  name: PartName,
  lines: ReturnType<LineSorter["linesOf"]>,
): Promise<PartInfo> {
  const stack = new AsyncDisposableStack();
  await using _owned = stack;
  let writer: Awaited<ReturnType<RunParts["write"]>> | undefined;
  for await (const chunk of lines) {
    writer ??= stack.use(await parts.write(name));
    await writer.write(chunk);
  }
  return writer === undefined ? parts.addBytes(name, new Uint8Array(0)) : await writer.finish();
}

function checked(work: () => void): void {
  try {
    work();
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new OperationError(
      "cannot_run",
      "Cannot keep the output: the command did not write one JSON value",
      {
        cause,
        remedy: "Let the command write one JSON value and nothing else to its standard output",
      },
    );
  }
}
