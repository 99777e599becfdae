/**
 * The parts of one run on this host: made whole or not at all, read from any offset, and removed together.
 */
import { join } from "node:path";
import { OperationError } from "../errors.ts";
import type { Bytes } from "../protocol/bytes.ts";
import type { PartInfo, PartName } from "../protocol/part.ts";
import type { RunId } from "../protocol/run.ts";
import {
  checkSame,
  type FileRange,
  type FileStamp,
  type PartContent,
  readContent,
  stampOf,
} from "./part_content.ts";
import { fileNameOf, type PartLimits, tooManyParts, tooManyPartsInAll } from "./rules.ts";
import type { Space } from "./space.ts";
import { createSpoolFile, type SpoolFile } from "./spool_file.ts";

/** A part while it is written; disposing of it removes it, unless it was finished. */
export interface PartWriter extends AsyncDisposable {
  /** Bytes that were written. */
  readonly bytes: number;
  /** Writes at the end; the bytes may be used again when it resolves. Calls must not overlap. */
  write(bytes: Uint8Array): Promise<void>;
  /**
   * Ends the part and gives it its name, in the place of one that had it.
   *
   * @param records - how many lines it counts as. @default its lines
   */
  finish(records?: number): Promise<PartInfo>;
}

/** The parts of one run. */
export interface RunParts {
  readonly id: RunId;
  /** What is known of a part; undefined if it is not here. */
  info(name: PartName): PartInfo | undefined;
  /**
   * Reads a part from an offset on. The pieces may be kept.
   *
   * @throws {OperationError} `cannot_run` if it is not here, or, at the first piece or later, if it cannot be read.
   */
  read(name: PartName, offset?: number): AsyncIterable<Bytes>;
  /** Begins a part. */
  write(name: PartName): Promise<PartWriter>;
  /** Makes a file for what is not a part. */
  scratch(): Promise<SpoolFile>;
  /** Makes a part of bytes in memory. */
  addBytes(name: PartName, bytes: Bytes): PartInfo;
  /**
   * Makes a part of a range of a file, which stays where it is. If the file changes, reading the part fails.
   *
   * @param options.records - how many lines it is known to have. @default {0}
   * @param options.stamp - the state in which the file was divided. @default as it is now
   * @throws {OperationError} `cannot_run` if the file is not in that state, or cannot be looked at.
   */
  addRange(
    name: PartName,
    range: FileRange,
    options?: { readonly records?: number; readonly stamp?: FileStamp | undefined },
  ): Promise<PartInfo>;
  /** Removes a part; one that is not there is none. */
  remove(name: PartName): Promise<void>;
}

/** What the parts of a run stand on. */
export interface RunPartsOptions {
  readonly id: RunId;
  /** Makes the run's folder when it is first needed, and tells its path. */
  readonly folder: () => Promise<string>;
  readonly space: Space;
  readonly limits: PartLimits;
  /** How many parts there are of all runs. */
  readonly count: { parts: number };
}

interface Part {
  readonly info: PartInfo;
  readonly content: PartContent;
}

/** The parts of one run, and how they are forgotten. */
export interface OwnedRunParts extends RunParts {
  /** Bytes of all parts that are on the disk. */
  readonly bytes: number;
  readonly isEmpty: boolean;
  /** Forgets all parts; their files go with the run's folder. Returns the bytes that they had on the disk. */
  forget(): number;
}

/** Makes the parts of a run, of which there are none yet. */
export function createRunParts({ id, folder, space, limits, count }: RunPartsOptions): OwnedRunParts {
  const parts = new Map<PartName, Part>();
  let files = 0;
  let onDisk = 0;
  let isForgotten = false;

  const scratch = async () => {
    const parent = await folder();
    return await createSpoolFile(join(parent, `new-${files++}`), space);
  };
  const refuseMore = (name: PartName) => {
    if (parts.has(name)) return;
    if (parts.size >= limits.maxPartsOfRun) throw tooManyParts(limits);
    if (count.parts >= limits.maxParts) throw tooManyPartsInAll(limits);
  };
  /** Takes note of a part in the place of another; the file of the other one has been replaced, or is to be removed. */
  const put = (part: Part): PartInfo => {
    if (isForgotten) {
      if (part.content.kind === "file") space.free(part.info.bytes);
      throw new OperationError("cancelled", "Cannot keep the part: the run was dropped");
    }
    const before = parts.get(part.info.name);
    if (before === undefined) count.parts++;
    if (before?.content.kind === "file") release(before.info.bytes);
    parts.set(part.info.name, part);
    if (part.content.kind === "file") onDisk += part.info.bytes;
    return part.info;
  };
  const release = (bytes: number) => {
    onDisk -= bytes;
    space.free(bytes);
  };
  const removeFile = async (part: Part | undefined) => {
    if (part?.content.kind === "file") await Deno.remove(part.content.path).catch(() => {}); // The run's end takes it along.
  };

  return {
    id,
    get bytes() {
      return onDisk;
    },
    get isEmpty() {
      return parts.size === 0;
    },
    info: (name) => parts.get(name)?.info,
    read(name, offset = 0) {
      const part = parts.get(name);
      if (part === undefined) throw noSuchPart(name);
      return readContent(part.content, { size: part.info.bytes, offset });
    },
    scratch,
    async write(name) {
      refuseMore(name);
      const file = await scratch();
      const lines = createLineCount();
      return {
        get bytes() {
          return file.bytes;
        },
        async write(bytes) {
          await file.write(bytes);
          lines.take(bytes);
        },
        async finish(records = lines.count) {
          refuseMore(name);
          if (isForgotten) throw new OperationError("cancelled", "Cannot keep the part: the run was dropped");
          const path = join(await folder(), fileNameOf(name));
          const { bytes } = file;
          await file.keepAs(path);
          return put({ info: { name, bytes, records }, content: { kind: "file", path } });
        },
        [Symbol.asyncDispose]: () => file[Symbol.asyncDispose](),
      };
    },
    addBytes(name, bytes) {
      refuseMore(name);
      const lines = createLineCount();
      lines.take(bytes);
      const before = parts.get(name);
      const info = { name, bytes: bytes.length, records: lines.count };
      put({ info, content: { kind: "bytes", bytes } });
      void removeFile(before);
      return info;
    },
    async addRange(name, range, { records = 0, stamp: before } = {}) {
      refuseMore(name);
      const stamp = await stampOf(range.path);
      if (before !== undefined) checkSame(before, stamp);
      if (range.start < 0 || range.end < range.start || range.end > stamp.size) {
        throw new RangeError(
          `Cannot make a part of the bytes ${range.start} to ${range.end}: the file has ${stamp.size}`,
        );
      }
      const replaced = parts.get(name);
      const info = { name, bytes: range.end - range.start, records };
      put({ info, content: { kind: "range", range, stamp } });
      await removeFile(replaced);
      return info;
    },
    async remove(name) {
      const part = parts.get(name);
      if (part === undefined) return;
      parts.delete(name);
      count.parts--;
      if (part.content.kind === "file") release(part.info.bytes);
      await removeFile(part);
    },
    forget() {
      const bytes = onDisk;
      isForgotten = true;
      count.parts -= parts.size;
      parts.clear();
      release(bytes);
      return bytes;
    },
  };
}

/** The error for a part that is not on this host. */
export function noSuchPart(name: PartName): OperationError {
  return new OperationError("cannot_run", `Cannot read the part "${name}": it is not on this host`);
}

/** Counts lines as they pass; a last one without an end counts. */
function createLineCount() {
  let ends = 0;
  let last = 10;
  return {
    get count() {
      return last === 10 ? ends : ends + 1;
    },
    take(bytes: Uint8Array) {
      let count = 0;
      for (let i = 0; i < bytes.length; i++) if (bytes[i] === 10) count++;
      ends += count;
      last = bytes.at(-1) ?? last;
    },
  };
}
