/**
 * Which resources there are: the list and the templates that a client is shown, and what completes the variables of a template.
 */
import { ProtocolError, ProtocolErrorCode } from "@modelcontextprotocol/server";
import type { AgentSummary } from "../fleet/fleet.ts";
import { plainLine } from "../protocol/plain_line.ts";
import { type Completion, completion } from "./completion.ts";
import { knownAgents, type ResourceSource, type RunSummary } from "./resource_source.ts";
import { formatResourceUri, URI_TEMPLATES } from "./uris.ts";

/** Agents that a list shows; the others are found in the roster and by the template. */
const MAX_LISTED_AGENTS = 200;
const MAX_LISTED_RUNS = 20;

/** A resource in a list. */
export interface ListedResource {
  readonly uri: string;
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly mimeType: string;
}

/** The resources with variables in their addresses. */
export const RESOURCE_TEMPLATES = [
  {
    name: "agent",
    title: "A machine",
    uriTemplate: URI_TEMPLATES.agent,
    description:
      "What one machine is and what it allows. agent: its id, the beginning of its id, or its name",
    mimeType: "application/json",
  },
  {
    name: "job_output",
    title: "Output of a job",
    uriTemplate: URI_TEMPLATES.job,
    description:
      "The whole output of a job, up to 8 MiB a read. stream: stdout or stderr, to read one of them, from the byte from on",
    mimeType: "text/plain",
  },
  {
    name: "run",
    title: "A run over the fleet",
    uriTemplate: URI_TEMPLATES.run,
    description:
      "Every host of a run with its state and output, or the whole result of a mapreduce, up to 8 MiB a read. from: the byte to " +
      "read on from",
    mimeType: "text/plain",
  },
] as const;

/** Lists what can be read: the roster, the first agents, and the newest runs. */
export async function listResources(source: ResourceSource): Promise<ListedResource[]> {
  const agents = await knownAgents(source);
  const shown = agents.slice(0, MAX_LISTED_AGENTS);
  const left = agents.length - shown.length;
  return [
    {
      uri: formatResourceUri({ kind: "agents" }),
      name: "agents",
      title: "The machines",
      description: `Who is there: ${agents.length === 1 ? "1 machine" : `${agents.length} machines`}` +
        (left > 0
          ? `. ${left} of them are not in this list; each can be read at ${URI_TEMPLATES.agent}`
          : ""),
      mimeType: "application/json",
    },
    ...shown.map(listAgent),
    ...source.runs().slice(0, MAX_LISTED_RUNS).map(listRun),
  ];
}

function listAgent({ id, name, platform, mode, tags }: AgentSummary): ListedResource {
  const facts = [
    platform.distro ?? platform.os,
    `mode ${mode}`,
    ...(tags.length > 0 ? [`tags ${tags.join(",")}`] : []),
  ];
  return {
    uri: formatResourceUri({ kind: "agent", agent: id }),
    name: plainLine(name),
    title: plainLine(name),
    description: plainLine(facts.join(", ")),
    mimeType: "application/json",
  };
}

function listRun({ id, title, startedAt }: RunSummary): ListedResource {
  return {
    uri: `run://${encodeURIComponent(id.toWellFormed())}`,
    name: plainLine(id),
    title: plainLine(title),
    description: `Begun ${new Date(startedAt).toISOString()}`,
    mimeType: "text/plain",
  };
}

/**
 * Completes a variable of a template with what begins like `value`: ids and names of agents, ids of runs, names of outputs.
 *
 * @param template - the address with variables, as it is listed
 */
export async function completeResource(
  template: string,
  { argument, value, source }: {
    readonly argument: string;
    readonly value: string;
    readonly source: ResourceSource;
  },
): Promise<Completion> {
  if (!RESOURCE_TEMPLATES.some(({ uriTemplate }) => uriTemplate === template)) {
    throw new ProtocolError(
      ProtocolErrorCode.InvalidParams,
      `Cannot complete: there is no template "${plainLine(template.slice(0, 200))}"`,
    );
  }
  const isOf = (variable: string) => argument === variable && template.includes(`{${variable}}`);
  if (isOf("agent")) {
    const agents = await knownAgents(source);
    return completion([...agents.map(({ id }) => id), ...agents.map(({ name }) => name)], value);
  }
  if (isOf("run")) return completion(source.runs().map(({ id }) => id), value);
  if (argument === "stream" && template === URI_TEMPLATES.job) return completion(["stdout", "stderr"], value);
  return completion([], value);
}
