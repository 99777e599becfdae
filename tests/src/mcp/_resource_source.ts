/**
 * A source of resources that a test fills, for tests of what is read from it.
 */
import type { AgentSummary } from "../../../src/fleet/fleet.ts";
import type { ResourceSource } from "../../../src/mcp/resource_source.ts";
import { OperationError } from "../../../src/errors.ts";
import { SAMPLE_PLATFORM } from "../../helpers/sample_card.ts";
import { infoResult } from "../../helpers/sample_results.ts";

/** An agent in a list, but for `changes`. */
export function summary(name: string, changes: Partial<AgentSummary> = {}): AgentSummary {
  return {
    id: name.replaceAll(/[^a-z2-7]/g, "").padEnd(20, "2"),
    name,
    isSelf: false,
    tags: [],
    platform: SAMPLE_PLATFORM,
    mode: "edit",
    version: "1",
    role: "service",
    accepts: true,
    connectedSince: "2026-01-01T00:00:00.000Z",
    latencyMs: null,
    connections: 1,
    ...changes,
  };
}

/** A source with those agents, whose other parts a test replaces. */
export function resourceSource(
  agents: readonly AgentSummary[],
  changes: Partial<ResourceSource> = {},
): ResourceSource {
  return {
    agents: () => agents,
    agentInfo(query) {
      const found = agents.find(({ id, name }) => id === query || name === query);
      if (found !== undefined) return Promise.resolve(infoResult({ id: found.id, name: found.name }));
      return Promise.reject(new OperationError("unknown_agent", `Cannot find agent "${query}"`));
    },
    jobPage: () => Promise.reject(new OperationError("bad_request", "Cannot find the job")),
    run: () => Promise.resolve(undefined),
    distributedRun: () => Promise.resolve(undefined),
    runs: () => [],
    onAgentsChange: () => () => {},
    onRunsChange: () => () => {},
    ...changes,
  };
}
