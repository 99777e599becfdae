/**
 * Keeps the seccomp programs as files in the state folder, where bwrap is given them from.
 */
import { join } from "node:path";
import type { Bytes } from "../../protocol/bytes.ts";
import { replaceFile } from "../replace_file.ts";
import { seccompFilter } from "./seccomp.ts";

/** Absolute paths of the files. */
export interface FilterFiles {
  /** Lets no Unix socket be opened. */
  readonly closed: string;
  readonly unixSockets: string;
}

/**
 * Writes the filters of a processor. A file that is right already is left alone.
 *
 * @param architecture - `Deno.build.arch`
 * @returns undefined if there are none for this processor
 */
export async function writeFilters(folder: string, architecture: string): Promise<FilterFiles | undefined> {
  const closed = seccompFilter(architecture, { unixSockets: false });
  const unixSockets = seccompFilter(architecture, { unixSockets: true });
  if (closed === undefined || unixSockets === undefined) return undefined;
  const files = {
    closed: join(folder, "seccomp-closed.bpf"),
    unixSockets: join(folder, "seccomp-sockets.bpf"),
  };
  await Promise.all([keep(files.closed, closed), keep(files.unixSockets, unixSockets)]);
  return files;
}

async function keep(file: string, content: Bytes): Promise<void> {
  const there = await Deno.readFile(file).catch(() => undefined); // Not there yet, or unreadable: it is written anew.
  if (there?.length === content.length && content.every((byte, i) => there[i] === byte)) return;
  await replaceFile(file, content);
}
