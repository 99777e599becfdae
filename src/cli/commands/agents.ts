/**
 * `remote-agent agents`: who is in the room.
 */
import { requireConnection } from "../../config/connection.ts";
import { OperationError } from "../../errors.ts";
import type { AgentList, AgentSummary } from "../../fleet/fleet.ts";
import { type Node, startNode } from "../../node.ts";
import { matchAgents } from "../../fleet/choose_hosts.ts";
import type { AgentsOptions, CommandContext } from "../command.ts";
import { formatTable, paint, printJson, printLine } from "../output.ts";

const HEADINGS = ["NAME", "ID", "PLATFORM", "MODE", "TAGS", "SINCE", "LATENCY", "NOTES"];

/** Joins for a moment, and prints everybody else. */
export async function execute(
  { settings, paths, secrets }: CommandContext,
  { target, json }: AgentsOptions,
): Promise<number> {
  const connection = requireConnection(settings);
  await using node = await startNode({
    settings,
    connection,
    paths,
    secrets,
    role: "session",
    watch: true,
    accepts: false,
  });
  const { agents } = await list(node, target);
  if (json) {
    printJson(agents);
    return 0;
  }
  if (agents.length === 0) {
    printLine("Nobody else is in the room. Is it the same room and token on the other machines?");
    return 0;
  }
  const rows = agents.map(rowOf);
  const [heading = "", ...lines] = formatTable([HEADINGS, ...rows]).split("\n");
  printLine(paint(heading, "bold", "stdout"));
  for (const line of lines) printLine(line);
  return 0;
}

async function list({ fleet, peer }: Node, target: string | undefined): Promise<AgentList> {
  try {
    return await fleet.list((agents) => {
      // This command's own connection is not an agent; the machine's other processes are.
      const others = agents.map(withoutThisProcess).filter((agent) => agent !== undefined);
      return target === undefined ? others : matchAgents(others, target);
    });
  } catch (cause) {
    if (cause instanceof OperationError && cause.code !== "not_connected") throw cause;
    const state = peer?.connection;
    if (state === undefined || !("reason" in state)) throw cause;
    // The tools of an assistant go on trying; this command does not.
    throw new OperationError("not_connected", `Cannot list the room: ${state.reason}`, { cause });
  }
}

function withoutThisProcess(agent: AgentSummary): AgentSummary | undefined {
  if (!agent.isSelf) return agent;
  return agent.connections > 1 ? { ...agent, connections: agent.connections - 1 } : undefined;
}

function rowOf(agent: AgentSummary): string[] {
  const { platform } = agent;
  return [
    agent.name,
    agent.id,
    `${platform.distro ?? platform.os} ${platform.arch}`,
    agent.mode,
    agent.tags.join(",") || "-",
    agent.connectedSince.slice(0, 16).replace("T", " "),
    agent.latencyMs === null ? "-" : `${agent.latencyMs} ms`,
    agent.accepts ? "" : "runs nothing for others",
  ];
}
