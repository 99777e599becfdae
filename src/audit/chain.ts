/**
 * The hash chain of the audit log: how a line is sealed to the one before it, and what can be read from a sealed line.
 *
 * A line is `{"seq":12,"prev":"<hash of line 11>",...,"hash":"<hash of this line>"}`. The hash is SHA-256 over {@link LABEL} and the
 * line's own bytes up to `,"hash"`: over bytes and not over what they mean, so that no second way to write the same record exists.
 */
import { createHash } from "node:crypto";

/** What each line's hash begins with, so that it is the hash of nothing else. */
export const LABEL = "remote-agents audit 1\n";
/** The longest line that is written or accepted, with its end. */
export const MAX_LINE_BYTES = 128 * 1024;

/** Where a chain stands: the number and the hash of its last record. */
export interface ChainState {
  /** Number of the last record; 0 before the first. */
  readonly seq: number;
  /** 64 hexadecimal digits. */
  readonly hash: string;
}

/** What a line says of its place in the chain. */
export interface ChainLine extends ChainState {
  /** The hash of the line before, as this line has it. */
  readonly prev: string;
  /** Whether the line's hash is that of its bytes: false if anything in it was changed. */
  readonly isIntact: boolean;
}

const SUFFIX_BYTES = `,"hash":""}`.length + 64;
const PREFIX_BYTES = 100;
const PREFIX = /^\{"seq":([1-9]\d{0,14}),"prev":"([0-9a-f]{64})",/;
const SUFFIX = /^,"hash":"([0-9a-f]{64})"\}$/;
const decoder = new TextDecoder();

/** SHA-256 in hexadecimal. */
export function sha256Hex(data: string | Uint8Array): string {
  return createHash("sha256").update(data).digest("hex");
}

/** Where the chain of a host begins. */
export function genesis(agentId: string): ChainState {
  return { seq: 0, hash: sha256Hex(`${LABEL}genesis ${agentId}`) };
}

/**
 * Seals a record to the one before it.
 *
 * @param before - where the chain stands
 * @param fields - the record as JSON: an object with at least one field
 * @returns the line with its end, and where the chain stands then
 */
export function sealLine(
  before: ChainState,
  fields: string,
): { readonly line: string; readonly state: ChainState } {
  const seq = before.seq + 1;
  const body = `{"seq":${seq},"prev":"${before.hash}",${fields.slice(1, -1)}`;
  const hash = createHash("sha256").update(LABEL).update(body).digest("hex");
  return { line: `${body},"hash":"${hash}"}\n`, state: { seq, hash } };
}

/**
 * Reads a line's place in the chain.
 *
 * @param line - its bytes without the end
 * @returns undefined if it is not of the form of a line
 */
export function readChainLine(line: Uint8Array): ChainLine | undefined {
  const found = readPlace(line);
  if (found === undefined) return undefined;
  const body = line.subarray(0, line.length - SUFFIX_BYTES);
  const hash = createHash("sha256").update(LABEL).update(body).digest("hex");
  return { ...found, isIntact: hash === found.hash };
}

/** The same without a look at the hash, which takes most of the time. */
export function readPlace(line: Uint8Array): Omit<ChainLine, "isIntact"> | undefined {
  if (line.length > MAX_LINE_BYTES || line.length <= SUFFIX_BYTES) return undefined;
  const prefix = PREFIX.exec(
    decoder.decode(line.subarray(0, Math.min(PREFIX_BYTES, line.length - SUFFIX_BYTES))),
  );
  const suffix = SUFFIX.exec(decoder.decode(line.subarray(line.length - SUFFIX_BYTES)));
  if (prefix === null || suffix === null) return undefined;
  return { seq: Number(prefix[1]), prev: prefix[2] ?? "", hash: suffix[1] ?? "" };
}
