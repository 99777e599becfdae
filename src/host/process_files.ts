/**
 * What the processes of this machine and user say of themselves, one small file each in the state folder, for `remote-agent status`.
 */
import { join } from "node:path";
import * as z from "zod";
import { Role } from "../protocol/card.ts";
import { Mode } from "../protocol/mode.ts";
import { replaceFile } from "./replace_file.ts";

const FOLDER = "processes";
/** How often a process says that it lives, in milliseconds. */
const REFRESH_MS = 2_000;
/** After so long without a word a process is thought to be gone. */
const STALE_MS = 5 * REFRESH_MS;
/** A file that nobody has touched for so long is removed. */
const REMOVE_MS = 24 * 3_600_000;

/** What a process says of itself. */
export const ProcessReport = z.object({
  pid: z.number().int().positive(),
  role: Role,
  version: z.string(),
  name: z.string(),
  id: z.string(),
  startedAt: z.string(),
  /** Where it is a member of a room; null without one. */
  relay: z.string().nullable(),
  /** What the connection is doing, for people. */
  connection: z.string(),
  mode: Mode,
  maxMode: Mode,
  sandbox: z.string(),
  running: z.number().int(),
  queued: z.number().int(),
  jobs: z.number().int(),
  /** The latest that went wrong, newest last. */
  problems: z.array(z.object({ at: z.string(), message: z.string() })).max(20),
});
export type ProcessReport = z.infer<typeof ProcessReport>;

/** Goes on saying what `report` returns, until it is disposed of. */
export async function publishProcess(
  stateFolder: string,
  report: () => ProcessReport,
): Promise<AsyncDisposable> {
  const folder = join(stateFolder, FOLDER);
  const path = join(folder, `${Deno.pid}.json`);
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  let writing: Promise<void> = Promise.resolve();
  const write = () => {
    writing = writing.then(() => replaceFile(path, new TextEncoder().encode(JSON.stringify(report()))))
      .catch(() => {}); // A full disk must not end the node; status then shows an old word, and says how old.
  };
  write();
  const timer = setInterval(write, REFRESH_MS);
  return {
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      await writing;
      await Deno.remove(path).catch(() => {}); // It may never have been written.
    },
  };
}

/** A process and whether it still speaks. */
export interface ProcessEntry extends ProcessReport {
  readonly isAlive: boolean;
  /** Milliseconds since 1970 of its last word. */
  readonly heardAt: number;
}

/**
 * Reads what the processes say; files of those that are long gone are removed.
 *
 * @param now - milliseconds since 1970
 */
export async function readProcesses(stateFolder: string, now: number = Date.now()): Promise<ProcessEntry[]> {
  const folder = join(stateFolder, FOLDER);
  const entries: ProcessEntry[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!/^\d+\.json$/.test(name)) continue;
      const entry = await readEntry(join(folder, name), now);
      if (entry !== undefined) entries.push(entry);
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return entries.sort((a, b) => a.startedAt.localeCompare(b.startedAt));
}

async function readEntry(path: string, now: number): Promise<ProcessEntry | undefined> {
  try {
    const heardAt = (await Deno.stat(path)).mtime?.getTime() ?? 0;
    if (now - heardAt > REMOVE_MS) {
      await Deno.remove(path);
      return undefined;
    }
    const report = ProcessReport.parse(JSON.parse(await Deno.readTextFile(path)));
    return { ...report, heardAt, isAlive: now - heardAt <= STALE_MS };
  } catch {
    return undefined; // It ended just now, or is of another version.
  }
}
