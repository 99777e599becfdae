/**
 * Divides the input of a distributed run into partitions: how many, and lists of items or files into them. Pure; files of the
 * coordinator are divided by `split_file.ts`.
 */
import { OperationError } from "../../errors.ts";
import { type Bytes, utf8 } from "../../protocol/bytes.ts";
import type { MapInput } from "./ports.ts";

/** Partitions of a run, at most. */
export const MAX_PARTITIONS = 10_000;
/** Partitions for each slot: enough that a slow host costs little, and few enough that each is worth its start. */
const PARTITIONS_PER_SLOT = 4;
const MIN_SPLIT_BYTES = 1024 * 1024;
const MAX_SPLIT_BYTES = 64 * 1024 * 1024;
/** Files of one partition, as one request may name them. */
const MAX_FILES = 4_096;
/** Characters of their paths together, so that the request stays small. */
const MAX_PATHS_LENGTH = 512 * 1024;
const DEFAULT_SLOTS = 2;

/** How finely an input is divided. */
export interface SplitPlan {
  readonly partitions: number;
  /** Bytes of each partition, about. */
  readonly splitBytes: number;
}

/**
 * Decides how many partitions an input has.
 *
 * @param options.bytes - size of the whole input; an empty one has no partitions
 * @param options.partitions - as the caller wants it; there are no more than bytes, and no more than 10 000
 * @param options.splitBytes - the size of a partition instead; it grows if there were more than 10 000
 * @throws {OperationError} `bad_request` if a number is not positive, or there are more than 10 000 partitions asked for.
 */
export function planSplits(
  { bytes, hosts, slots = DEFAULT_SLOTS, partitions, splitBytes }: {
    readonly bytes: number;
    readonly hosts: number;
    readonly slots?: number | undefined;
    readonly partitions?: number | undefined;
    readonly splitBytes?: number | undefined;
  },
): SplitPlan {
  if (partitions !== undefined && (!(partitions >= 1) || partitions > MAX_PARTITIONS)) {
    throw badRequest(
      `Cannot divide the input into ${partitions} partitions: 1 to ${MAX_PARTITIONS} are possible`,
    );
  }
  if (splitBytes !== undefined && !(splitBytes >= 1)) {
    throw badRequest(`Cannot divide the input into pieces of ${splitBytes} bytes: it must be 1 or more`);
  }
  const slotsInAll = Math.max(1, hosts) * slots * PARTITIONS_PER_SLOT;
  const usual = Math.min(MAX_SPLIT_BYTES, Math.max(MIN_SPLIT_BYTES, Math.ceil(bytes / slotsInAll)));
  const wanted = partitions === undefined ? splitBytes ?? usual : Math.ceil(bytes / partitions);
  const size = Math.max(1, wanted, Math.ceil(bytes / MAX_PARTITIONS));
  return { partitions: Math.ceil(bytes / size), splitBytes: size };
}

/**
 * Divides a list into partitions of about as many items each, as lines: strings as they are and other values as JSON, or with
 * `json` every item as JSON.
 *
 * @param partitions - at most; no partition is empty
 * @returns one text a partition, none for an empty list
 * @throws {OperationError} `bad_request` if a string that is to be a line holds a newline, or a value is not JSON.
 */
export function splitItems(
  items: readonly unknown[],
  { partitions, format }: { readonly partitions: number; readonly format: "lines" | "json" },
): Bytes[] {
  const count = Math.min(Math.floor(partitions), items.length, MAX_PARTITIONS);
  return Array.from({ length: count }, (_, i) => {
    const from = Math.floor(i * items.length / count);
    const to = Math.floor((i + 1) * items.length / count);
    return utf8(items.slice(from, to).map((item, at) => `${lineOf(item, from + at, format)}\n`).join(""));
  });
}

/**
 * Divides files into partitions that each lie on one host, small ones together and in their order.
 *
 * @param options.splitBytes - bytes from which a partition takes no further file; it grows if there were more than 10 000
 * @throws {OperationError} `too_large` if there are more than 10 000 partitions all the same.
 */
export function splitFiles(
  files: readonly { readonly host: string; readonly path: string; readonly bytes: number }[],
  { splitBytes }: { readonly splitBytes: number },
): MapInput[] {
  const byHost = new Map<string, { path: string; bytes: number }[]>();
  for (const { host, path, bytes } of files) {
    const known = byHost.get(host);
    if (known === undefined) byHost.set(host, [{ path, bytes }]);
    else known.push({ path, bytes });
  }
  let total = 0;
  for (const { bytes } of files) total += bytes;
  for (let size = splitBytes;; size *= 2) {
    const inputs = [...byHost].flatMap(([host, own]) =>
      groupFiles(own, size).map((group) => inputOf(host, group))
    );
    if (inputs.length <= MAX_PARTITIONS) return inputs;
    if (size > total) {
      throw new OperationError(
        "too_large",
        `Cannot divide ${files.length} files: they make ${inputs.length} partitions, at most ${MAX_PARTITIONS} are possible`,
        { remedy: "Name fewer files or hosts" },
      );
    }
  }
}

/** Hashes data that a run is made from, so that it is known again when the run is resumed. */
export async function identityOfData(parts: readonly Bytes[]): Promise<string> {
  const hashes = await Promise.all(parts.map((part) => crypto.subtle.digest("SHA-256", part)));
  const all = await crypto.subtle.digest("SHA-256", await new Blob(hashes).arrayBuffer());
  return `sha256:${new Uint8Array(all).toHex()}`;
}

function groupFiles(files: readonly { path: string; bytes: number }[], splitBytes: number) {
  const groups: { path: string; bytes: number }[][] = [];
  let group: { path: string; bytes: number }[] = [];
  let bytes = 0;
  let length = 0;
  for (const file of files) {
    const isFull = bytes + file.bytes > splitBytes || group.length >= MAX_FILES ||
      length + file.path.length > MAX_PATHS_LENGTH;
    if (group.length > 0 && isFull) {
      groups.push(group);
      group = [];
      bytes = length = 0;
    }
    group.push(file);
    bytes += file.bytes;
    length += file.path.length;
  }
  if (group.length > 0) groups.push(group);
  return groups;
}

function inputOf(host: string, files: readonly { path: string; bytes: number }[]): MapInput {
  let bytes = 0;
  for (const file of files) bytes += file.bytes;
  return { type: "files", host, paths: files.map(({ path }) => path), bytes };
}

function lineOf(item: unknown, index: number, format: "lines" | "json"): string {
  if (format === "lines" && typeof item === "string") {
    if (!item.includes("\n")) return item;
    throw new OperationError(
      "bad_request",
      `Cannot make a line of item ${index}: it holds a line break`,
      { remedy: 'Pass format "json", or items of one line each' },
    );
  }
  const text: string | undefined = JSON.stringify(item);
  if (text === undefined) throw badRequest(`Cannot write item ${index} as JSON: it is no value`);
  return text;
}

function badRequest(message: string): OperationError {
  return new OperationError("bad_request", message);
}
