/**
 * The rules of parts: how much a host keeps of distributed runs, for how long, and how its files are named. Pure; the spool obeys it.
 */
import { OperationError } from "../errors.ts";
import type { PartName } from "../protocol/part.ts";

const MIB = 1024 * 1024;
const GIB = 1024 * MIB;

/** The longest line that is sorted, merged or made JSON of. */
export const MAX_LINE_BYTES = 16 * MIB;
/** Files that one merge reads at the same time. */
export const MAX_OPEN_FILES = 64;

/** How much of parts a host keeps. */
export interface PartLimits {
  /** Bytes of all parts of this process, with what is sorted on its disk. */
  readonly totalBytes: number;
  /** Bytes of the disk that are left free, at least. */
  readonly freeBytes: number;
  /** Share of the disk that is left free, at least. */
  readonly freeShare: number;
  readonly maxRuns: number;
  readonly maxPartsOfRun: number;
  /** Parts of all runs together: also an empty one takes memory. */
  readonly maxParts: number;
  /** Milliseconds after its last use after which a run is removed. */
  readonly keepMs: number;
}

/** The limits of a node. */
export const PART_LIMITS: PartLimits = {
  totalBytes: 64 * GIB,
  freeBytes: GIB,
  freeShare: 0.05,
  maxRuns: 256,
  maxPartsOfRun: 100_000,
  maxParts: 400_000,
  keepMs: 24 * 60 * 60 * 1000,
};

/** What the disk has. */
export interface DiskSpace {
  readonly totalBytes: number;
  readonly availableBytes: number;
}

/**
 * Returns how many bytes the disk can still take, with what must stay free left out.
 *
 * @param disk - undefined if the system does not tell, which limits nothing
 */
export function spareBytes(disk: DiskSpace | undefined, limits: PartLimits): number {
  if (disk === undefined) return Infinity;
  return disk.availableBytes - Math.max(limits.freeBytes, disk.totalBytes * limits.freeShare);
}

/** The name of a part's file: none that a system gives a meaning to. */
export function fileNameOf(name: PartName): string {
  return `part-${name}`;
}

/** One answer for a wrong ticket and for a run that is not there, so that nobody learns which runs are. */
export function wrongTicket(): OperationError {
  return new OperationError(
    "refused",
    "Cannot use the run's parts: there is no such run here for this ticket",
    {
      rule: "part-ticket",
    },
  );
}

/** The error for a run over the number. */
export function tooManyRuns({ maxRuns }: PartLimits): OperationError {
  return new OperationError("busy", `Cannot begin the run: this host keeps parts of ${maxRuns}, its limit`, {
    remedy: "Drop runs that are no longer needed, or choose another host",
  });
}

/** The error for a part over the number of all runs. */
export function tooManyPartsInAll({ maxParts }: PartLimits): OperationError {
  return new OperationError(
    "busy",
    `Cannot keep the part: this host keeps ${maxParts} of all runs, its limit`,
    {
      remedy: "Drop runs that are no longer needed, or choose another host",
    },
  );
}

/** The error for a part over the number of its run. */
export function tooManyParts({ maxPartsOfRun }: PartLimits): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot keep the part: the run has ${maxPartsOfRun} on this host, the limit`,
    { remedy: "Divide the input into fewer partitions, or use fewer reducers" },
  );
}
