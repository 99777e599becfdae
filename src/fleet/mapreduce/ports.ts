/**
 * What a distributed run is given: what to do, with which data, and the reach of its coordinator. Used by whoever starts a run;
 * `run.ts` carries it out.
 */
import type { Bytes } from "../../protocol/bytes.ts";
import type { FileStamp } from "../../parts/part_content.ts";
import type { PartName, Ticket } from "../../protocol/part.ts";
import type { RunId } from "../../protocol/run.ts";
import type { AgentRef } from "../fleet.ts";

/** The data of one map partition. */
export type MapInput =
  /** A range of a file of the coordinator. */
  | {
    readonly type: "range";
    readonly path: string;
    readonly start: number;
    readonly end: number;
    /** The file as it was divided; in another state it is not read. */
    readonly stamp?: FileStamp | undefined;
  }
  /** Bytes that the coordinator holds. */
  | { readonly type: "bytes"; readonly bytes: Bytes }
  /** Files of one host, mapped where they lie. */
  | {
    readonly type: "files";
    readonly host: string;
    readonly paths: readonly string[];
    readonly bytes: number;
  };

/** A distributed run as it is asked for. */
export interface MapReduceSpec {
  readonly run: RunId;
  readonly ticket: Ticket;
  readonly map: string;
  readonly combine?: string | undefined;
  /** Without it and without keys the result is what the maps wrote; without it and with keys, their lines sorted by key. */
  readonly reduce?: string | undefined;
  /** Whether map output lines are `key<TAB>value`, and go to reducers by key. */
  readonly isKeyed: boolean;
  /** How commands read: lines, bytes as they are, or JSON. */
  readonly format: "lines" | "bytes" | "json";
  /** What a line of the input is. */
  readonly items: "text" | "json";
  /** How many reducers, if there are keys; from 1 to 256. */
  readonly reducers: number;
  readonly inputs: readonly MapInput[];
  /** What the input is, so that a run is not resumed with another one: size and time of a file, or a hash. */
  readonly inputIdentity: string;
  readonly cwd?: string | undefined;
  /** Limit of one command, in milliseconds. @default none */
  readonly timeoutMs?: number | undefined;
  /** Attempts that run at once on a host. @default 2 */
  readonly slots?: number | undefined;
  /** @default 2 */
  readonly maxRetries?: number | undefined;
}

/** Where the coordinator publishes its own data for the run, so that hosts can take it. What is returned is awaited. */
export interface LocalSpool {
  addRange(
    name: PartName,
    range: {
      readonly path: string;
      readonly start: number;
      readonly end: number;
      readonly stamp?: FileStamp | undefined;
    },
  ): unknown;
  addBytes(name: PartName, bytes: Bytes): unknown;
  /** Removes everything of the run. */
  remove(): unknown;
}

/** How requests are made. */
export interface PortRequestOptions {
  readonly signal: AbortSignal;
  /** Takes output as it comes; the bytes live until its promise has resolved. */
  readonly onOutput?: (channel: "stdout" | "stderr", bytes: Bytes) => void | Promise<void>;
}

/** The reach of a coordinator. Hosts are named by their ids. */
export interface Ports {
  /** @throws {OperationError} If the host did not carry it out. */
  request(
    host: string,
    call: { readonly op: string; readonly params: unknown },
    options: PortRequestOptions,
  ): Promise<unknown>;
  /** Where a host is reached, as `formatAddress` writes it; another one after its program was started anew. */
  addressOf(host: string): string | undefined;
  /** The hosts that take part, as they are now. */
  hosts(): readonly AgentRef[];
  /** Calls `listener` after each change of the hosts, and returns what ends that. */
  onHostsChange(listener: () => void): () => void;
  readonly self: { readonly address: string; readonly spool: LocalSpool };
  /** Milliseconds that never go back. */
  now(): number;
}
