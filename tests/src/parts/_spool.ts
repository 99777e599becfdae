/**
 * Spools in temporary folders, and the keys of runs.
 */
import type { RunKey, Spool, SpoolOptions } from "../../../src/parts/spool.ts";
import { openSpool } from "../../../src/parts/spool.ts";
import { PART_LIMITS } from "../../../src/parts/rules.ts";
import type { RunParts } from "../../../src/parts/run_parts.ts";
import type { Bytes } from "../../../src/protocol/bytes.ts";
import { utf8 } from "../../../src/protocol/bytes.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

/** The key of a run by a letter: run and ticket are of it. */
export function keyOf(letter: string, ticket = letter): RunKey {
  return { run: `r_${letter.repeat(20)}`, ticket: ticket.repeat(32) };
}

/** A spool in a folder that is gone afterwards. */
export interface TestSpool extends AsyncDisposable {
  readonly spool: Spool;
  readonly folder: string;
}

/** Opens a spool; the disk is endless unless `options` say otherwise. */
export async function openTestSpool(options: Partial<SpoolOptions> = {}): Promise<TestSpool> {
  const temporary = await temporaryFolder();
  const folder = options.folder ?? `${temporary.folder}/parts`;
  const spool = openSpool({
    askDisk: () => Promise.resolve(undefined),
    limits: PART_LIMITS,
    ...options,
    folder,
  });
  return {
    spool,
    folder,
    async [Symbol.asyncDispose]() {
      await spool[Symbol.asyncDispose]();
      await temporary[Symbol.asyncDispose]();
    },
  };
}

/** Writes a part. */
export async function writePart(parts: RunParts, name: string, content: string | Bytes): Promise<void> {
  await using writer = await parts.write(name);
  await writer.write(typeof content === "string" ? utf8(content) : content);
  await writer.finish();
}

/** Reads a part as text. */
export async function readPart(parts: RunParts, name: string, offset?: number): Promise<string> {
  let text = "";
  for await (const chunk of parts.read(name, offset)) text += new TextDecoder().decode(chunk);
  return text;
}
