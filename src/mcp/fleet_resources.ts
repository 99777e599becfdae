/**
 * Resources of a fleet: its agents, the jobs on them, and its runs.
 */
import type { Fleet } from "../fleet/fleet.ts";
import { RunId } from "../protocol/run.ts";
import type { ResourceSource, RunSummary } from "./resource_source.ts";
import { describeDistributedRun } from "./texts/mapreduce.ts";
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
    async distributedRun(id) {
      const run = RunId.safeParse(id).success ? await fleet.mapReduces.find(id) : undefined;
      if (run === undefined) return undefined;
      const { status } = run;
      const isHere = status.status === "done" && status.request.output === undefined;
      return {
        text: await describeDistributedRun(status),
        resultBytes: isHere ? status.resultBytes ?? 0 : 0,
        read: (from, maxBytes) => run.readResult(from, maxBytes),
      };
    },
    runs: () =>
      [
        ...fleet.runs.recent().map(({ id, tool, target, startedAt }): RunSummary => ({
          id,
          title: `${tool} on ${target}`,
          startedAt,
        })),
        ...fleet.mapReduces.recent().map(({ id, request, startedAt }): RunSummary => ({
          id,
          title: `mapreduce on ${request.target}`,
          startedAt,
        })),
      ].sort((a, b) => b.startedAt - a.startedAt),
    onAgentsChange: (listener) => fleet.onAgentsChange(listener),
    onRunsChange(listener) {
      const stops = [fleet.runs.onChange(listener), fleet.mapReduces.onChange(listener)];
      return () => stops.forEach((stop) => stop());
    },
  };
}
