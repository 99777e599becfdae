/**
 * The output of one job: in memory while it is little, else in two files that only their owner reads. What is kept is
 * always a prefix of what was written; what comes after the limit is counted.
 */
import { join } from "node:path";
import type { Bytes } from "../protocol/bytes.ts";
import { EMPTY } from "../protocol/bytes.ts";

/** The outputs of a job. */
export type JobStream = "stdout" | "stderr";
/** In the order in which they are shown. */
export const JOB_STREAMS: readonly JobStream[] = ["stdout", "stderr"];

/** Bounds of {@link JobOutput}. */
export interface OutputLimits {
  /** Bytes of one output that stay in memory. */
  readonly memoryBytes: number;
  /** Bytes of both outputs that are kept. */
  readonly jobBytes: number;
}

const DONE: Promise<void> = Promise.resolve();

/** Takes the output of one job, and gives any part of it back. */
export class JobOutput {
  readonly #folder: string | undefined;
  readonly #limits: OutputLimits;
  readonly #streams = { stdout: new KeptStream(), stderr: new KeptStream() };
  #isToDisk = false;
  /** Set when nothing more is kept: the limit was met, the disk is full, or the host's jobs have too much in all. */
  #isClosed = false;
  /** Set when the command has ended: who comes later finds what there is, and opens no file. */
  #hasEnded = false;
  /** Work on the files, one piece after the other. Never rejects. */
  #chain: Promise<void> = DONE;

  /** @param folder - for the files, absolute; it is made when it is needed. Without one, memory is all there is */
  constructor(folder: string | undefined, limits: OutputLimits) {
    this.#folder = folder;
    this.#limits = limits;
  }

  /** Bytes that the command wrote. */
  bytes(stream: JobStream): number {
    return this.#streams[stream].bytes;
  }

  /** Bytes that can be read: the first ones. */
  kept(stream: JobStream): number {
    return this.#streams[stream].kept;
  }

  /** Bytes that were written and are not kept. */
  dropped(stream: JobStream): number {
    const { isCut, bytes, kept } = this.#streams[stream];
    return isCut ? bytes - kept : 0; // What is on its way to the file is not dropped.
  }

  /** Whether the output is in files, so that other processes can read it. */
  get hasFiles(): boolean {
    return this.#isToDisk && JOB_STREAMS.some((name) => !this.#streams[name].isInMemory);
  }

  /** Bytes that are in the file: the first ones. */
  keptOnDisk(stream: JobStream): number {
    return this.#streams[stream].isInMemory ? 0 : this.kept(stream);
  }

  /** Takes the next bytes of an output, and resolves when they can be read. They may be used again afterwards. Never rejects. */
  append(stream: JobStream, bytes: Bytes): Promise<void> {
    const kept = this.#streams[stream];
    kept.bytes += bytes.length;
    if (kept.isCut) return DONE;
    if (!this.#isToDisk) {
      if (kept.memory.length + bytes.length <= this.#limits.memoryBytes) {
        kept.remember(this.#admit(kept, bytes));
        return DONE;
      }
      if (this.#folder === undefined) {
        kept.isCut = true;
        return DONE;
      }
      void this.toDisk();
    }
    return this.#enqueue(() => this.#write(stream, bytes));
  }

  /** Moves what is in memory to files, where all that follows goes too. Without a disk that takes it, it stays. */
  toDisk(): Promise<void> {
    if (this.#isToDisk || this.#hasEnded) return this.#chain;
    if (this.#folder === undefined) return DONE;
    const folder = this.#folder;
    this.#isToDisk = true;
    return this.#enqueue(async () => {
      await Deno.mkdir(folder, { recursive: true, mode: 0o700 });
      for (const name of JOB_STREAMS) await this.#streams[name].toFile(join(folder, name));
    });
  }

  /** Keeps nothing more; what comes is counted. */
  stopKeeping(): void {
    this.#isClosed = true;
  }

  /** Returns up to `maxBytes` bytes from `from` on, as far as they are kept. */
  async read(stream: JobStream, from: number, maxBytes: number): Promise<Bytes> {
    await this.#chain;
    const kept = this.#streams[stream];
    const to = Math.min(kept.kept, from + maxBytes);
    if (kept.isInMemory || this.#folder === undefined) return kept.memory.slice(from, Math.max(from, to));
    return await readOutputFile(this.#folder, stream, { from, maxBytes: Math.max(0, to - from) });
  }

  /** Ends the writing. Without `keep` the files are removed, if there are any. */
  async close({ keep }: { readonly keep: boolean }): Promise<void> {
    if (keep) void this.toDisk();
    this.#hasEnded = true;
    await this.#chain;
    this.#isClosed = true;
    for (const name of JOB_STREAMS) this.#streams[name].close();
    const isUseless = !keep || !this.hasFiles;
    if (isUseless && this.#isToDisk && this.#folder !== undefined) {
      await removeOutput(this.#folder).catch(() => {
        // The next start of a node removes folders without a job.
      });
    }
  }

  async #write(stream: JobStream, bytes: Bytes): Promise<void> {
    const kept = this.#streams[stream];
    await kept.write(this.#admit(kept, bytes));
  }

  /** Returns how much of the next bytes is kept. Once some of an output was not, nothing later is. */
  #admit(stream: KeptStream, bytes: Bytes): Bytes {
    const { stdout, stderr } = this.#streams;
    const room = this.#isClosed || stream.isCut ? 0 : this.#limits.jobBytes - stdout.kept - stderr.kept;
    const admitted = bytes.subarray(0, Math.max(0, room));
    if (admitted.length < bytes.length) stream.isCut = true;
    return admitted;
  }

  #enqueue(work: () => Promise<void>): Promise<void> {
    this.#chain = this.#chain.then(work).catch(() => {
      // A disk that is full or gone: the command goes on, and what is lost of its output is counted.
      this.#isClosed = true;
      for (const stream of Object.values(this.#streams)) stream.isCut ||= stream.kept < stream.bytes;
    });
    return this.#chain;
  }
}

/** What is kept of one output. */
class KeptStream {
  /** Written by the command. */
  bytes = 0;
  /** Of those, how many can be read. */
  kept = 0;
  #file: Deno.FsFile | undefined;
  #buffer: Bytes = EMPTY;
  #length = 0;
  isInMemory = true;
  /** Whether some bytes were not kept. */
  isCut = false;
  #path: string | undefined;

  get memory(): Bytes {
    return this.#buffer.subarray(0, this.#length);
  }

  remember(bytes: Bytes): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#buffer.length) {
      const grown = new Uint8Array(Math.max(needed, 2 * this.#buffer.length));
      grown.set(this.memory);
      this.#buffer = grown;
    }
    this.#buffer.set(bytes, this.#length);
    this.#length = needed;
    this.kept += bytes.length;
  }

  /** Moves what is in memory to a file; one that would be empty is made with the first byte. */
  async toFile(path: string): Promise<void> {
    this.#path = path;
    const { memory } = this;
    if (memory.length > 0) await this.#writeAll(memory, () => {});
    this.isInMemory = false;
    this.#buffer = EMPTY;
    this.#length = 0;
  }

  async write(bytes: Bytes): Promise<void> {
    if (bytes.length > 0) await this.#writeAll(bytes, (written) => this.kept += written);
  }

  async #writeAll(bytes: Bytes, onWritten: (written: number) => void): Promise<void> {
    if (this.#path === undefined) return;
    this.#file ??= await Deno.open(this.#path, { createNew: true, write: true, mode: 0o600 });
    for (let at = 0; at < bytes.length;) {
      const written = await this.#file.write(bytes.subarray(at));
      at += written;
      onWritten(written);
    }
  }

  close(): void {
    this.#file?.close();
    this.#file = undefined;
  }
}

/**
 * Reads part of an output from its file, whichever process writes it.
 *
 * @returns fewer bytes than asked for at the end of the file; none if there is no file
 */
export async function readOutputFile(
  folder: string,
  stream: JobStream,
  { from, maxBytes }: { readonly from: number; readonly maxBytes: number },
): Promise<Bytes> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(join(folder, stream));
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return EMPTY;
    throw error;
  }
  using opened = file;
  const { size } = await opened.stat();
  const bytes = new Uint8Array(Math.max(0, Math.min(maxBytes, size - from)));
  // Past the end there is nothing to read, and far past it systems refuse to seek.
  if (bytes.length === 0) return EMPTY;
  await opened.seek(from, Deno.SeekMode.Start);
  let length = 0;
  while (length < bytes.length) {
    const read = await opened.read(bytes.subarray(length));
    if (read === null) break;
    length += read;
  }
  return bytes.subarray(0, length);
}

/** Returns the sizes of the files of a job; undefined if it has none. */
export async function outputSizes(folder: string): Promise<Record<JobStream, number> | undefined> {
  const sizeOf = async (path: string) => {
    try {
      return (await Deno.stat(path)).size;
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return undefined;
      throw error;
    }
  };
  if (await sizeOf(folder) === undefined) return undefined;
  return {
    stdout: await sizeOf(join(folder, "stdout")) ?? 0,
    stderr: await sizeOf(join(folder, "stderr")) ?? 0,
  };
}

/** Removes the files of a job. */
export async function removeOutput(folder: string): Promise<void> {
  await Deno.remove(folder, { recursive: true }).catch((error: unknown) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  });
}
