/**
 * Contents of files, each stored once under its SHA-256 in `objects/ab/cdef...`. Written through a draft and a rename, so
 * that what has a name is complete; checked against the name whenever it is read.
 */
import { writeAll } from "../host/write_all.ts";
import { createHash } from "node:crypto";
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
} from "node:fs";
import { open, rm } from "node:fs/promises";
import { join } from "node:path";
import { codeOf, openStampedFile, type StampedFile } from "../host/stamped_file.ts";
import type { Bytes } from "../protocol/bytes.ts";

const DRAFTS = "drafts";
/** Milliseconds after which a draft is one that somebody left who was killed. */
const DRAFT_AGE_MS = 3_600_000;
const NAME = /^[0-9a-f]{62}$/;
const FOLDER = /^[0-9a-f]{2}$/;

/** A content that is complete on the disk but has no name yet. */
export interface ObjectDraft {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
}

/** What became of a stored content. */
export type ObjectState = "intact" | "damaged" | "missing";

/** A stored content is not what was stored. */
export class DamagedObjectError extends Error {
  override readonly name = "DamagedObjectError";
}

/** The contents in one folder. */
export interface Objects {
  /** Copies a file and hashes it on the way. Whoever calls this must adopt or discard the draft. */
  draft(file: StampedFile, maxBytes: number): Promise<ObjectDraft>;
  /** Gives a draft its name, also in place of an equal content; a damaged one is repaired by that. */
  adopt(draft: ObjectDraft): void;
  /** Removes a draft that is there. */
  discard(draft: ObjectDraft): Promise<void>;
  /** Opens a content; a removal afterwards does not matter. */
  open(sha256: string): Promise<StampedFile>;
  /** Removes a content, if it is there. */
  remove(sha256: string): void;
  /** Reads a whole content and tells what became of it. */
  check(sha256: string, size: number): Promise<ObjectState>;
  /** Tells the same by the size alone. */
  glance(sha256: string, size: number): ObjectState;
  /** The hashes of all contents there are. */
  list(): string[];
  /** Removes drafts that were left. `now` in milliseconds since 1970. */
  removeOldDrafts(now: number): void;
}

/** Opens the contents in a folder, and makes the folder if there is none. */
export function openObjects(folder: string): Objects {
  const drafts = join(folder, DRAFTS);
  mkdirSync(drafts, { recursive: true, mode: 0o700 });
  const folderOf = (sha256: string) => join(folder, sha256.slice(0, 2));
  const pathOf = (sha256: string) => join(folderOf(sha256), sha256.slice(2));
  const objects: Objects = {
    draft: (file, maxBytes) => writeDraft(join(drafts, crypto.randomUUID()), { file, maxBytes }),
    adopt({ path, sha256 }) {
      const made = mkdirSync(folderOf(sha256), { recursive: true, mode: 0o700 });
      if (made !== undefined) syncFolder(folder);
      renameSync(path, pathOf(sha256));
      syncFolder(folderOf(sha256));
    },
    discard: ({ path }) => rm(path, { force: true }),
    open: (sha256) => openStampedFile(pathOf(sha256)),
    remove: (sha256) => rmSync(pathOf(sha256), { force: true }),
    async check(sha256, size) {
      try {
        await using file = await openStampedFile(pathOf(sha256));
        await readChecked(file, { sha256, size }, () => {});
        return "intact";
      } catch (error) {
        return stateOf(error);
      }
    },
    glance(sha256, size) {
      try {
        const stats = statSync(pathOf(sha256));
        return stats.isFile() && stats.size === size ? "intact" : "damaged";
      } catch (error) {
        return stateOf(error);
      }
    },
    list: () =>
      namesIn(folder).filter((name) => FOLDER.test(name)).flatMap((first) =>
        namesIn(join(folder, first)).filter((name) => NAME.test(name)).map((rest) => `${first}${rest}`)
      ),
    removeOldDrafts(now) {
      for (const name of namesIn(drafts)) removeIfOld(join(drafts, name), now);
    },
  };
  return objects;
}

/**
 * Reads a content and compares it with its hash; what was taken is only good if this does not throw.
 *
 * @throws {DamagedObjectError} If it is not what was stored.
 */
export async function readChecked(
  file: StampedFile,
  expected: { readonly sha256: string; readonly size: number },
  take: (chunk: Bytes) => void | Promise<void>,
): Promise<void> {
  const damaged = () => new DamagedObjectError("its stored content is damaged");
  if (file.size !== expected.size) throw damaged();
  const hash = createHash("sha256");
  await file.read(expected.size, async (chunk) => {
    hash.update(chunk);
    await take(chunk);
  });
  if (hash.digest("hex") !== expected.sha256) throw damaged();
}

async function writeDraft(
  path: string,
  { file, maxBytes }: { readonly file: StampedFile; readonly maxBytes: number },
): Promise<ObjectDraft> {
  const hash = createHash("sha256");
  let size = 0;
  try {
    const draft = await open(path, "wx", 0o600);
    try {
      await file.read(maxBytes, async (chunk) => {
        hash.update(chunk);
        size += chunk.length;
        await writeAll(draft, chunk);
      });
      await draft.sync();
    } finally {
      await draft.close();
    }
  } catch (error) {
    await rm(path, { force: true });
    throw error;
  }
  return { path, sha256: hash.digest("hex"), size };
}

function stateOf(error: unknown): ObjectState {
  return codeOf(error) === "ENOENT" ? "missing" : "damaged";
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (codeOf(error) === "ENOENT") return [];
    throw error;
  }
}

function removeIfOld(path: string, now: number): void {
  try {
    if (now - statSync(path).mtimeMs > DRAFT_AGE_MS) rmSync(path);
  } catch (error) {
    // Its owner, or another process that cleans up, was faster.
    if (codeOf(error) !== "ENOENT") throw error;
  }
}

function syncFolder(path: string): void {
  if (Deno.build.os === "windows") return;
  const folder = openSync(path, "r");
  try {
    fsyncSync(folder);
  } catch {
    // Some file systems cannot do this for folders.
  } finally {
    closeSync(folder);
  }
}
