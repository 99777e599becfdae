/**
 * Where a host keeps the modes that were set on it, beside what its processes were started with: small files that every process of
 * this machine and user reads. What the console says has a file of its own, so that no request can write over it.
 */
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { ConsoleModes, ModeChange, type ModeChanges } from "../safety/ladder.ts";
import { replaceFile } from "./replace_file.ts";

const CONSOLE_FILE = "mode.json";
const REQUEST_FILE = "mode_request.json";

/** The modes that were set. */
export interface ModeStore {
  /**
   * What is set now, from the files: a change by another process holds from the next request on. A console's file that cannot be
   * read stands for `plan`, so that a damaged one never allows more; a request's counts as none.
   */
  read(): ModeChanges;
  /** Replaces what the console has set, and ends what a request has. */
  writeConsole(modes: ConsoleModes): Promise<void>;
  /** Replaces what a request has set. */
  writeRequest(change: ModeChange): Promise<void>;
}

/** Opens the store; the folder must exist. */
export function createModeStore(stateFolder: string): ModeStore {
  const ofConsole = cachedFile(join(stateFolder, CONSOLE_FILE), ConsoleModes, {}, {
    lasting: { mode: "plan", at: 0, by: `"${CONSOLE_FILE}" in the state folder, which cannot be read` },
  });
  const ofRequest = cachedFile(
    join(stateFolder, REQUEST_FILE),
    ModeChange.optional(),
    undefined,
    undefined,
  );
  return {
    read: () => ({ console: ofConsole.read(), request: ofRequest.read() }),
    async writeConsole(modes) {
      await ofConsole.write(modes);
      await ofRequest.remove();
    },
    writeRequest: (change) => ofRequest.write(change),
  };
}

/** A JSON file that is read again when it was replaced. */
function cachedFile<T>(
  path: string,
  schema: { parse(value: unknown): T },
  absent: T,
  damaged: T,
) {
  let known: { readonly stamp: string; readonly value: T } | undefined;
  const parse = (): T => {
    try {
      return schema.parse(JSON.parse(Deno.readTextFileSync(path)));
    } catch {
      return damaged; // The mode that is shown says so; the next change replaces the file.
    }
  };
  return {
    read(): T {
      const stamp = stampOf(path);
      if (stamp === undefined) return absent;
      if (known?.stamp !== stamp) known = { stamp, value: parse() };
      return known.value;
    },
    write: (value: T) => replaceFile(path, new TextEncoder().encode(`${JSON.stringify(value)}\n`)),
    async remove() {
      try {
        await Deno.remove(path);
      } catch (error) {
        if (!(error instanceof Deno.errors.NotFound)) throw error;
      }
    },
  };
}

/**
 * Differs for every replacement of a file; undefined if there is none. Asked several times for each request, and there is usually no
 * file: an exception for that costs more than all the rest.
 */
function stampOf(path: string): string | undefined {
  if (!existsSync(path) && existsSync(`${dirname(path)}/.`)) return undefined;
  try {
    const { ino, size, mtime } = Deno.statSync(path);
    return `${ino} ${size} ${mtime?.getTime()}`;
  } catch (error) {
    return error instanceof Deno.errors.NotFound ? undefined : "unreadable";
  }
}
