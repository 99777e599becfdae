/**
 * The table of tools: what an assistant can do, in the order in which clients list it.
 */
import { operationTools } from "./operation_tools.ts";
import type { Tool } from "./tool.ts";
import { listAgents } from "./tools/list_agents.ts";

/** All tools. */
export function allTools(): Tool[] {
  return [listAgents, ...operationTools()];
}
