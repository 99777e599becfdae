/**
 * What is known of a run: one call for many hosts, host by host, and how it is looked at. `fan_out.ts` fills it, `run_store.ts` keeps
 * it, and `fold.ts` shows it.
 */
import type { AgentRef } from "./fleet.ts";
import type { WireError } from "../protocol/error_code.ts";
import type { JobId } from "../protocol/job.ts";
import type { OperationName } from "../protocol/operation.ts";
import type { HostStatus, RunId, RunStatus } from "../protocol/run.ts";

/** One host of a run. */
export interface HostOutcome {
  readonly agent: AgentRef;
  readonly status: HostStatus;
  /** Milliseconds since 1970; absent if it was not begun. */
  readonly startedAt?: number;
  /** Milliseconds from the request to the end; absent while it runs. */
  readonly durationMs?: number;
  /** Of a command that has ended; null if a signal ended it. */
  readonly exitCode?: number | null;
  readonly signal?: string | null;
  /** Under which the command is read on, and ended. */
  readonly job?: JobId;
  /** Why there is no result: refused, gone, skipped, or an error. */
  readonly error?: WireError;
  /** Result of the operation, of its shape; after a restart of the coordinator only of `write_file`, so that it can be undone. */
  readonly result?: unknown;
  /** What is to be known beside: that output was dropped to save memory, or what a check found. */
  readonly note?: string;
}

/** How a run goes about its hosts. */
export interface Flow {
  /** Hosts that are worked on at once. */
  readonly parallel: number;
  /** Hosts that go first, alone; 0 for none. */
  readonly canary: number;
  /** Hosts of a wave, of which all must have ended before the next begins; 0: no waves. */
  readonly waveSize: number;
  /** Hosts that may fail; one more, and no other is begun. Infinity: any number. */
  readonly maxFailures: number;
}

/** Hosts that a target meant and a run leaves out. */
export interface LeftOut {
  readonly agent: AgentRef;
  readonly reason: "self" | "not_accepting" | "succeeded_before";
}

/** A run. */
export interface RunRecord {
  readonly id: RunId;
  /** The tool that began it. */
  readonly tool: string;
  readonly op: OperationName;
  /** Parameters of the operation; undefined if they were too large to keep. */
  readonly params: unknown;
  /** As it was given. */
  readonly target: string;
  readonly status: RunStatus;
  /** Why it was stopped, cancelled or lost. */
  readonly reason?: string;
  readonly startedAt: number;
  readonly endedAt?: number;
  readonly flow: Flow;
  /** Every host that the run is for, in the order in which they are begun. */
  readonly hosts: readonly HostOutcome[];
  readonly leftOut: readonly LeftOut[];
  /** Why nothing of it is written down, so that it ends with this program; absent if it is kept. */
  readonly notKept?: string;
}

/** What one host is asked. */
export interface HostCall {
  readonly op: OperationName;
  readonly params: unknown;
}

/** What a run does beyond its record. */
export interface RunPlan {
  /** Milliseconds that the call waits which begins it. */
  readonly waitMs: number;
  readonly params: unknown;
  readonly callFor?: ((agent: AgentRef, index: number) => HostCall | { readonly skip: string }) | undefined;
  readonly check?: ((result: unknown, agent: AgentRef) => string | undefined) | undefined;
}

/** How far a run is. */
export interface RunProgress {
  /** Hosts that have ended, in whichever way. */
  readonly done: number;
  readonly total: number;
  /** The one that has just ended. */
  readonly last?: HostOutcome;
}

/** A run, whoever carries it out. */
export interface Run {
  readonly id: RunId;
  /** What is known now. It does not change; the next one may be another. */
  readonly record: RunRecord;
  /**
   * Waits until nothing goes on any more, at most `ms`; returns at once if the signal aborts, which ends the wait and not the run.
   * Jobs of a run that was broken off are followed again.
   */
  wait(ms: number, signal?: AbortSignal): Promise<void>;
  /** Calls `listener` whenever a host has ended; what is returned stops that. */
  onProgress(listener: (progress: RunProgress) => void): () => void;
  /** Begins no other host and gives up what was asked; jobs go on on their hosts. */
  cancel(reason: string): void;
}
