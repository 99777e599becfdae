/**
 * Operations on parts as a host carries them out, for their tests.
 */
import assert from "node:assert/strict";
import { OperationError } from "../../../src/errors.ts";
import type { RunKey } from "../../../src/parts/spool.ts";
import { type Bytes, concatBytes, utf8 } from "../../../src/protocol/bytes.ts";
import type { ErrorCode } from "../../../src/protocol/error_code.ts";
import { OPERATIONS, type ParamsOf, type ResultOf } from "../../../src/protocol/operation.ts";
import { outside, type TestHost } from "../../helpers/local_host.ts";
import { keyOf } from "../parts/_spool.ts";

/** The run that tests use unless they say otherwise. */
export const KEY: RunKey = keyOf("a");

/** How a `part_run` differs from a command without input and with one output. */
export type RunChanges = Partial<Omit<ParamsOf<"part_run">, "input" | "output">> & {
  readonly input?: Partial<ParamsOf<"part_run">["input"]>;
  readonly output?: Partial<ParamsOf<"part_run">["output"]>;
};

/** The parameters of a `part_run`. */
export function runParams(
  command: string,
  { input, output, ...changes }: RunChanges = {},
): ParamsOf<"part_run"> {
  return {
    ...KEY,
    command,
    stage: "map",
    partition: 3,
    partitions: 5,
    attempt: 1,
    input: { merge: "concat", items: "text", as: "lines", ...input },
    output: { name: "map.3", as: "whole", reducers: 1, ...output },
    ...changes,
  };
}

/** Runs a step on a host. */
export async function runPart(
  { executors }: Pick<TestHost, "executors">,
  command: string,
  changes: RunChanges = {},
  context: Parameters<typeof outside>[0] = {},
): Promise<ResultOf<"part_run">> {
  return OPERATIONS.part_run.result.parse(
    await executors.execute("part_run", runParams(command, changes), outside(context)),
  );
}

/** Puts bytes on a host as a part. */
export function addPart({ spool }: Pick<TestHost, "spool">, name: string, content: string | Bytes): void {
  using use = spool.join(KEY);
  use.parts.addBytes(name, typeof content === "string" ? utf8(content) : content);
}

/** Reads a part as `part_read` gives it. */
export async function readBytes(
  { executors }: Pick<TestHost, "executors">,
  part: string,
  changes: Partial<ParamsOf<"part_read">> = {},
  context: Parameters<typeof outside>[0] = {},
): Promise<Bytes> {
  const chunks: Bytes[] = [];
  const output = (channel: string, bytes: Bytes) => {
    assert.equal(channel, "stdout");
    chunks.push(bytes.slice());
    return Promise.resolve();
  };
  await executors.execute(
    "part_read",
    { ...KEY, part, offset: 0, ...changes },
    outside({ output, ...context }),
  );
  return concatBytes(...chunks);
}

/** The same as text. */
export async function readText(...args: Parameters<typeof readBytes>): Promise<string> {
  return new TextDecoder().decode(await readBytes(...args));
}

/** Rejects if a call does not fail like this. */
export async function failsWith(call: Promise<unknown>, code: ErrorCode, pattern: RegExp): Promise<void> {
  await assert.rejects(call, (error) => {
    assert.ok(error instanceof OperationError, String(error));
    assert.equal(error.code, code, error.message);
    assert.match(error.message, pattern);
    return true;
  });
}
