/**
 * The table of tools: what an assistant can do, in the order in which clients list it.
 */
import { operationTools } from "./operation_tools.ts";
import type { Tool } from "./tool.ts";
import { fleetCancel, fleetGet } from "./tools/fleet_get.ts";
import { fleetTools } from "./tools/fleet_tools.ts";
import { listAgents } from "./tools/list_agents.ts";
import { mapReduce } from "./tools/mapreduce.ts";
import { undoRun } from "./tools/undo_run.ts";

/** All tools. */
export function allTools(): Tool[] {
  return [listAgents, ...operationTools(), ...fleetTools(), fleetGet, fleetCancel, undoRun, mapReduce];
}
