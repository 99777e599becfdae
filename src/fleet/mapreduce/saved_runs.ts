/**
 * Keeps distributed runs in the state folder, so that they can be resumed by another process, and their results, so that they can be
 * read after the answer. What is old or too much is removed.
 */
import { join } from "node:path";
import * as z from "zod";
import { OperationError } from "../../errors.ts";
import { lockOwner, type OwnerLock } from "../../host/owner_lock.ts";
import { replaceFile } from "../../host/replace_file.ts";
import { utf8 } from "../../protocol/bytes.ts";
import { Ticket } from "../../protocol/part.ts";
import { RunId } from "../../protocol/run.ts";
import { MapReduceRequest } from "./request.ts";
import { Snapshot } from "./snapshot.ts";

/** How long runs and their results are kept. */
export const KEEP_SAVED_MS = 24 * 3_600_000;
/** Runs, and bytes of their results; past it the oldest go. */
const MAX_SAVED = 64;
const MAX_RESULT_BYTES = 16 * 1024 ** 3;
/** Milliseconds between two looks at what is too much. */
const SWEEP_MS = 10 * 60_000;

/** A run as it is kept. */
export const SavedRun = z.object({
  id: RunId,
  ticket: Ticket,
  request: MapReduceRequest,
  /** Ids of the hosts that it began with. */
  hosts: z.array(z.string()),
  status: z.enum(["running", "done", "failed", "cancelled"]),
  startedAt: z.number(),
  endedAt: z.number().optional(),
  /** Bytes of the kept result. */
  resultBytes: z.number().optional(),
  /** In words, why it failed. */
  problem: z.string().optional(),
  snapshot: Snapshot.optional(),
  owner: z.string(),
});
export type SavedRun = z.infer<typeof SavedRun>;

/** The kept runs. */
export interface SavedRuns extends AsyncDisposable {
  save(run: Omit<SavedRun, "owner">): Promise<void>;
  get(id: RunId): Promise<SavedRun | undefined>;
  /** Whether another process, which is still there, carries it out. */
  isElsewhere(run: SavedRun): Promise<boolean>;
  /** Where its result lies, or is to lie. The folder exists. */
  resultPath(id: RunId): Promise<string>;
  removeResult(id: RunId): Promise<void>;
}

/** What they need. */
export interface SavedRunsOptions {
  /** Absolute path of the node's state folder, which exists. */
  readonly stateFolder: string;
  readonly now: () => number;
}

/** Opens the kept runs. The folder is made when it is first needed. */
export function openSavedRuns({ stateFolder, now }: SavedRunsOptions): SavedRuns {
  const folder = join(stateFolder, "mapreduce");
  let owning: Promise<OwnerLock> | undefined;
  let sweptAt = -Infinity;
  const own = (): Promise<OwnerLock> => {
    if (owning === undefined) {
      owning = openFolder(folder);
      // The next one may have more luck: the disk was full, for example.
      owning.catch(() => owning = undefined);
    }
    return owning;
  };
  const sweep = async () => {
    if (now() - sweptAt < SWEEP_MS) return;
    sweptAt = now();
    await sweepFolder(folder, sweptAt);
  };
  const pathOf = (id: RunId) => join(folder, `${id}.json`);

  return {
    async save(run) {
      const owner = await own();
      await replaceFile(pathOf(run.id), utf8(JSON.stringify({ ...run, owner: owner.id })));
      await sweep().catch(() => {}); // What cannot be removed now is tried again later; the run is kept.
    },
    async get(id) {
      let text: string;
      try {
        text = await Deno.readTextFile(pathOf(id));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return undefined;
        throw error;
      }
      return readSaved(id, text);
    },
    async isElsewhere({ status, owner: id }) {
      const owner = await own();
      return status === "running" && id !== owner.id && await owner.isAlive(id);
    },
    async resultPath(id) {
      await own();
      return join(folder, `${id}.result`);
    },
    removeResult: (id) => removeIfThere(join(folder, `${id}.result`)),
    async [Symbol.asyncDispose]() {
      const owner = await owning?.catch(() => undefined); // Whoever needed it was told.
      await owner?.[Symbol.asyncDispose]();
    },
  };
}

function readSaved(id: RunId, text: string): SavedRun {
  try {
    return SavedRun.parse(JSON.parse(text));
  } catch (cause) {
    throw new OperationError(
      "cannot_run",
      `Cannot read run ${id} back: its file in the state folder is damaged`,
      {
        cause,
      },
    );
  }
}

async function openFolder(folder: string): Promise<OwnerLock> {
  await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
  const owner = await lockOwner(join(folder, "owners"), crypto.randomUUID());
  await owner.sweep().catch(() => {}); // The next one does it.
  return owner;
}

/** Removes what is past its time or too much. */
async function sweepFolder(folder: string, now: number): Promise<void> {
  const files: { readonly path: string; readonly size: number; readonly at: number }[] = [];
  for await (const { name, isFile } of Deno.readDir(folder)) {
    if (!isFile) continue;
    const path = join(folder, name);
    try {
      const { size, mtime } = await Deno.stat(path);
      files.push({ path, size, at: mtime?.getTime() ?? 0 });
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error; // Another process removed it.
    }
  }
  for (const path of chooseRemoved(files, now)) await removeIfThere(path);
}

/** Decides which files are removed: those past their time, and the oldest over the number or the bytes. */
export function chooseRemoved(
  files: readonly { readonly path: string; readonly size: number; readonly at: number }[],
  now: number,
): string[] {
  let bytes = 0;
  return files.toSorted((a, b) => b.at - a.at).filter(({ size, at }, i) => {
    bytes += size;
    if (now - at > KEEP_SAVED_MS) return true;
    // Each run has at most two files. The newest two may be of a run that goes on, however large its result is.
    return i >= 2 && (i >= 2 * MAX_SAVED || bytes > MAX_RESULT_BYTES);
  }).map(({ path }) => path);
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
