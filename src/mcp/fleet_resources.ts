/**
 * Resources of a fleet: its agents, the jobs on them, and its runs.
 */
import type { Fleet } from "../fleet/fleet.ts";
import { RunId } from "../protocol/run.ts";
import type { ResourceSource } from "./resource_source.ts";
import { describeRun } from "./texts/run.ts";

/** Makes the source of resources of a fleet. */
export function fleetResources(fleet: Fleet): ResourceSource {
  return {
    agents: () => fleet.present(),
    async agentInfo(agent, signal) {
      const { result } = await fleet.call(agent, { op: "get_info", params: {} }, { signal });
      return result;
    },
    jobPage: async (agent, params, signal) => await fleet.call(agent, { op: "job_get", params }, { signal }),
    async run(id) {
      const run = RunId.safeParse(id).success ? await fleet.runs.find(id) : undefined;
      return run === undefined ? undefined : describeRun(run.record);
    },
    runs: () =>
      fleet.runs.recent().map(({ id, tool, target, startedAt }) => ({
        id,
        title: `${tool} on ${target}`,
        startedAt,
      })),
    onAgentsChange: (listener) => fleet.onAgentsChange(listener),
    onRunsChange: (listener) => fleet.runs.onChange(listener),
  };
}
