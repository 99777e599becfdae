/**
 * The port through which resources and prompts see the fleet, so that they are tested without one.
 */
import type { AgentSummary } from "../fleet/fleet.ts";
import { OperationError } from "../errors.ts";
import type { ResultOf } from "../protocol/operation.ts";
import type { ReadPage } from "./job_output.ts";
import type { DistributedRunView } from "./run_result.ts";

/** A run in a list. */
export interface RunSummary {
  readonly id: string;
  /** What it did, in a few words. */
  readonly title: string;
  /** Milliseconds since 1970. */
  readonly startedAt: number;
}

/** Where resources come from. */
export interface ResourceSource {
  /** Who is there; nothing is measured for it. */
  agents(): readonly AgentSummary[] | Promise<readonly AgentSummary[]>;
  /** Asks an agent, by id, beginning of an id, or name, what it is. */
  agentInfo(agent: string, signal: AbortSignal): Promise<ResultOf<"get_info">>;
  /** Asks an agent for a page of a job. */
  jobPage(
    agent: string,
    params: Parameters<ReadPage>[0],
    signal: AbortSignal,
  ): ReturnType<ReadPage>;
  /** All that is known of a run of a fleet tool, as text; undefined if there is no such run. */
  run(id: string, signal: AbortSignal): Promise<string | undefined>;
  /** A run of mapreduce; undefined if there is no such run. */
  distributedRun(id: string): Promise<DistributedRunView | undefined>;
  /** The runs of both kinds that are known, the newest first. */
  runs(): readonly RunSummary[];
  /** Tells when an agent came, left or changed, until the function that it returns is called. */
  onAgentsChange(listener: () => void): () => void;
  /** Tells when a run began or was forgotten. */
  onRunsChange(listener: () => void): () => void;
}

/** Who is there; without a connection, nobody is known, which is no reason to list nothing. */
export async function knownAgents(source: ResourceSource): Promise<readonly AgentSummary[]> {
  try {
    return await source.agents();
  } catch (error) {
    if (error instanceof OperationError) return [];
    throw error;
  }
}
