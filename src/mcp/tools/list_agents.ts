/**
 * The tool `list_agents`: who is in the room.
 */
import * as z from "zod";
import { matchAgents } from "../../fleet/choose_hosts.ts";
import type { AgentList, AgentSummary } from "../../fleet/fleet.ts";
import { Platform, Role } from "../../protocol/card.ts";
import { Mode } from "../../protocol/mode.ts";
import { TARGET_HELP } from "../flow_input.ts";
import type { Tool } from "../tool.ts";

const Input = z.strictObject({
  target: z.string().min(1).max(4096).optional().describe(`${TARGET_HELP}. Without it: everybody`),
});

/** Lists the agents of the room. */
export const listAgents: Tool = {
  name: "list_agents",
  title: "List the machines",
  description:
    "Lists the machines that can be reached, with the id and name by which other tools take them as agent_id, their " +
    "tags, platform, safety mode, and whether they run commands for others. Call this first to learn what there is, and with a " +
    "target to see whom it means.",
  input: Input,
  output: z.object({
    agents: z.array(z.object({
      id: z.string().describe("Lasting id of the machine and user; give it, or its beginning, as agent_id"),
      name: z.string(),
      isSelf: z.boolean().describe("True for the machine that this server runs on"),
      tags: z.array(z.string()),
      platform: Platform,
      mode: Mode.describe("plan reads only, edit and bypass run commands, disabled refuses everything"),
      version: z.string(),
      role: Role,
      accepts: z.boolean().describe("Whether it runs commands for others"),
      connectedSince: z.string().describe("ISO 8601"),
      latencyMs: z.number().nullable().describe(
        "Round trip; null if it was not measured or not answered in 2 s",
      ),
      connections: z.number().int().describe("How many processes of this machine are in the room"),
    })),
    isConnected: z.boolean().describe("False if this server is in no room and lists its own machine only"),
    anomalies: z.record(z.string(), z.number()).describe(
      "Signs of a fault or an attack on the way, counted since the start; empty is normal",
    ),
  }),
  hints: { readOnly: true, destructive: false, idempotent: true, openWorld: false },
  async handle(args, { fleet }) {
    const { target } = Input.parse(args);
    const list = await fleet.list(target === undefined ? undefined : (agents) => matchAgents(agents, target));
    return { structured: { ...list }, text: describeList(list) };
  },
};

function describeList({ agents, isConnected }: AgentList): string {
  const count = agents.length === 1 ? "1 machine" : `${agents.length} machines`;
  const where = isConnected ? "in the room" : "(this one: no room is set)";
  return [`${count} ${where}:`, ...agents.map(describeAgent)].join("\n");
}

function describeAgent(agent: AgentSummary): string {
  const notes = [
    agent.platform.distro ?? agent.platform.os,
    agent.platform.arch,
    `mode ${agent.mode}`,
    ...(agent.tags.length > 0 ? [`tags ${agent.tags.join(",")}`] : []),
    ...(agent.isSelf ? ["this machine"] : []),
    ...(agent.accepts ? [] : ["runs nothing for others"]),
    ...(agent.latencyMs === null ? [] : [`${agent.latencyMs} ms`]),
  ];
  return `- ${agent.name} (${agent.id}): ${notes.join(", ")}`;
}
