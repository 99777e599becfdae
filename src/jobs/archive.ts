/**
 * What is kept of jobs beyond the process that runs them: finds those whose process is gone, forgets the old, and reads
 * output from files. Used by `runner.ts`.
 */
import { join } from "node:path";
import type { OwnerLock } from "../host/owner_lock.ts";
import type { Bytes } from "../protocol/bytes.ts";
import { JobId } from "../protocol/job.ts";
import { type JobStream, outputSizes, readOutputFile, removeOutput } from "./output_file.ts";
import { chooseForgotten, isOver, type JobLimits } from "./rules.ts";
import type { JobRecord, JobStore } from "./store.ts";

/** A part of one output of a job, from a cursor on. */
export interface JobPart {
  readonly bytes: Bytes;
  /** Bytes of that output that can be read in all, so far. */
  readonly kept: number;
  /** Bytes that were written and are not kept, as far as known. */
  readonly dropped: number;
}

/** The kept jobs of all processes of this machine and user. */
export interface Archive {
  /** To be called at the start: marks what is lost, and removes what belongs to no job. */
  recover(): Promise<void>;
  /** Marks the jobs lost whose process is gone. */
  markLost(): Promise<void>;
  /**
   * Forgets ended jobs as the limits demand.
   *
   * @param ownBytes - output on disk of the jobs that this process runs
   * @returns whether the output of running jobs alone is over the limit
   */
  forget(ownBytes: number): Promise<boolean>;
  /** Reads from the file of a job that this process does not run. */
  read(record: JobRecord, stream: JobStream, range: { from: number; maxBytes: number }): Promise<JobPart>;
}

/** Makes the archive over an index and the folder of the outputs. */
export function createArchive(options: {
  readonly store: JobStore;
  readonly owner: OwnerLock;
  readonly folder: string;
  readonly limits: JobLimits;
  readonly now: () => number;
}): Archive {
  const { store, owner, folder, limits, now } = options;

  const markLost = async () => {
    const others = store.running().filter(({ ownerId }) => ownerId !== owner.id);
    const isAlive = new Map<string, boolean>();
    for (const record of others) {
      const known = isAlive.get(record.ownerId) ?? await owner.isAlive(record.ownerId);
      isAlive.set(record.ownerId, known);
      if (!known) store.update([await lost(record)]);
    }
  };

  const lost = async (record: JobRecord): Promise<JobRecord> => {
    const sizes = await outputSizes(join(folder, record.id));
    return {
      ...record,
      status: "lost",
      reason: "the agent that ran it broke off",
      endedAt: now(),
      durationMs: null,
      stdoutBytes: Math.max(record.stdoutBytes, sizes?.stdout ?? 0),
      stderrBytes: Math.max(record.stderrBytes, sizes?.stderr ?? 0),
      stdoutKept: sizes?.stdout ?? 0,
      stderrKept: sizes?.stderr ?? 0,
      hasFiles: sizes !== undefined,
    };
  };

  const removeStrays = async () => {
    // First the folders, then the rows: a folder is made after its row.
    const found: JobId[] = [];
    for await (const { name } of Deno.readDir(folder)) if (JobId.safeParse(name).success) found.push(name);
    for (const id of found) if (store.get(id) === undefined) await removeOutput(join(folder, id));
  };

  return {
    markLost,
    async recover() {
      await markLost();
      await removeStrays();
      await owner.sweep();
    },
    async forget(ownBytes) {
      const runningBytes = store.running()
        .filter(({ ownerId }) => ownerId !== owner.id)
        .reduce((sum, { stdoutKept, stderrKept }) => sum + stdoutKept + stderrKept, ownBytes);
      const { forget, isOverfull } = chooseForgotten(store.ended(), { runningBytes, now: now(), limits });
      store.remove(forget);
      for (const id of forget) await removeOutput(join(folder, id));
      return isOverfull;
    },
    async read(record, stream, range) {
      const path = join(folder, record.id);
      const [written, keptAtEnd] = stream === "stdout"
        ? [record.stdoutBytes, record.stdoutKept]
        : [record.stderrBytes, record.stderrKept];
      const kept = isOver(record.status) ? keptAtEnd : (await outputSizes(path))?.[stream] ?? 0;
      const maxBytes = Math.max(0, Math.min(range.maxBytes, kept - range.from));
      const bytes = maxBytes === 0
        ? new Uint8Array(0)
        : await readOutputFile(path, stream, { ...range, maxBytes });
      return {
        bytes,
        kept,
        dropped: record.hasFiles && isOver(record.status) ? Math.max(0, written - kept) : 0,
      };
    },
  };
}
