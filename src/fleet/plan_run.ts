/**
 * From what a caller asks of many hosts to a run that can begin: who is meant, in which order and how fast. Used by the fleet
 * tools and the CLI, so that both mean the same.
 */
import { OperationError } from "../errors.ts";
import type { OperationName } from "../protocol/operation.ts";
import type { HostStatus } from "../protocol/run.ts";
import { chooseHosts } from "./choose_hosts.ts";
import type { Run, RunRequest } from "./fan_out.ts";
import type { AgentRef, AgentSummary, Fleet } from "./fleet.ts";
import { parseCount } from "./rollout.ts";
import type { Flow, RunRecord } from "./run.ts";

/** Hosts that are worked on at once unless the caller says otherwise. */
export const DEFAULT_PARALLEL = 64;

/** A number, or a part of the hosts such as `10%`. */
export type Count = number | string;

/** What a caller asks. */
export interface RunPlan {
  readonly tool: string;
  readonly op: OperationName;
  readonly params: Record<string, unknown>;
  /** Undefined with `retryFailed`: the hosts of that run. */
  readonly target?: string | undefined;
  /** Whether this machine is among those that may be meant. */
  readonly includeSelf?: boolean | undefined;
  /** Id of an earlier run: only its hosts that did not succeed. */
  readonly retryFailed?: string | undefined;
  readonly parallel?: number | undefined;
  readonly canary?: Count | undefined;
  readonly waveSize?: number | undefined;
  readonly maxFailures?: Count | undefined;
}

/** Those who are meant, and how they are gone about. */
export type PlannedRun = Pick<RunRequest, "tool" | "op" | "params" | "target" | "hosts" | "leftOut" | "flow">;

/** Parameters of which only one may be given: what to run, and what to write. */
const EITHER = [["command", "argv"], ["content", "content_base64"]] as const;
/** Which hosts are to be tried again. */
const TO_RETRY: ReadonlySet<HostStatus> = new Set(["failed", "refused", "timed_out", "gone", "skipped"]);

/**
 * Decides who is meant.
 *
 * @throws {OperationError} If the target cannot be read, means nobody, or the earlier run is not known, runs on, or had no failures.
 */
export async function planRun(fleet: Fleet, plan: RunPlan): Promise<PlannedRun> {
  const earlier = plan.retryFailed === undefined
    ? undefined
    : (await requireRun(fleet, plan.retryFailed)).record;
  if (earlier === undefined && plan.target === undefined) {
    throw new OperationError("bad_request", 'Cannot choose hosts: "target" is missing', {
      remedy: 'Give a target such as "all", "web,db" or "os:linux & !canary"',
    });
  }
  const target = plan.target ?? "all";
  const only = earlier === undefined ? undefined : hostsToRetry(earlier);
  const agents = await fleet.present();
  const chosen = chooseHosts(earlier === undefined ? agents : agents.filter(isIn(earlier)), {
    target,
    includeSelf: plan.includeSelf ?? (earlier !== undefined && hasSelf(earlier, agents)),
    ...(only === undefined ? {} : { only }),
  });
  const { leftOut } = chosen;
  // Without a target all hosts that did not succeed are meant: those that have left are asked too, so that the answer has them.
  const left = earlier === undefined || plan.target !== undefined ? [] : absentOf(earlier, agents);
  const hosts = [...chosen.hosts, ...left].map(({ id, name }) => ({ id, name }));
  return {
    tool: plan.tool,
    op: plan.op,
    params: earlier === undefined ? plan.params : { ...paramsOf(earlier, plan), ...plan.params },
    target,
    hosts,
    leftOut,
    flow: flowOf(plan, hosts.length),
  };
}

/** Finds a run. @throws {OperationError} If there is none of that id. */
export async function requireRun(fleet: Fleet, id: string): Promise<Run> {
  const run = await fleet.runs.find(id);
  if (run !== undefined) return run;
  throw new OperationError("bad_request", `Cannot find run "${id}": this machine knows none of that id`, {
    remedy: "Runs are remembered for 7 days on the machine that began them, at most 200",
  });
}

function hostsToRetry(record: RunRecord): ReadonlySet<string> {
  if (record.status === "running") {
    throw new OperationError("bad_request", `Cannot retry run ${record.id}: it is still running`, {
      remedy: "Wait for its end with fleet_get, or end it with fleet_cancel",
    });
  }
  const ids = record.hosts.filter(({ status }) => TO_RETRY.has(status)).map(({ agent }) => agent.id);
  if (ids.length > 0) return new Set(ids);
  throw new OperationError("bad_request", `Cannot retry run ${record.id}: every host of it succeeded`);
}

function isIn({ hosts }: RunRecord): (agent: AgentSummary) => boolean {
  const ids = new Set(hosts.map(({ agent }) => agent.id));
  return ({ id }) => ids.has(id);
}

/** Hosts that are to be tried again and are not there. */
function absentOf({ hosts }: RunRecord, agents: readonly AgentSummary[]): readonly AgentRef[] {
  const present = new Set(agents.map(({ id }) => id));
  return hosts.filter(({ status, agent }) => TO_RETRY.has(status) && !present.has(agent.id))
    .map(({ agent }) => agent);
}

function hasSelf({ hosts }: RunRecord, agents: readonly AgentSummary[]): boolean {
  const self = agents.find(({ isSelf }) => isSelf);
  return hosts.some(({ agent }) => agent.id === self?.id);
}

/** What the earlier run was asked, where the caller leaves it out; of another operation it would mean nothing. */
function paramsOf(earlier: RunRecord, { op, params }: RunPlan): Record<string, unknown> {
  if (earlier.op !== op || typeof earlier.params !== "object" || earlier.params === null) return {};
  const before = { ...earlier.params } as Record<string, unknown>; // An object, as it was parsed when the run began.
  for (const either of EITHER) {
    if (either.some((key) => params[key] !== undefined)) { for (const key of either) delete before[key]; }
  }
  return before;
}

function flowOf({ parallel, canary, waveSize, maxFailures }: RunPlan, hosts: number): Flow {
  return {
    parallel: parallel ?? DEFAULT_PARALLEL,
    canary: canary === undefined ? 0 : parseCount(canary, hosts, "up"),
    waveSize: waveSize ?? 0,
    maxFailures: maxFailures === undefined ? Infinity : parseCount(maxFailures, hosts, "down"),
  };
}
