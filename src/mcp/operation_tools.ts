/**
 * One tool for each operation, derived from it: its parameters plus `agent_id`, its result plus where it came from.
 */
import * as z from "zod";
import { hasGitFailed } from "../protocol/git_outcome.ts";
import {
  type ParamsOf,
  type ResultOf,
  TOOL_OPERATIONS,
  type ToolOperationName,
} from "../protocol/operation.ts";
import { createLineReader } from "./line_reader.ts";
import { RESULT_TEXTS } from "./result.ts";
import { hasSucceeded } from "./texts/jobs.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";

const AgentId = z.string().min(1).max(128).optional().describe(
  "Which machine: an agent's id, the beginning of its id, or its name, as list_agents shows them. " +
    "Without it: the machine that this server runs on",
);

const Agent = z.object({ id: z.string(), name: z.string() }).describe("The machine that carried it out");

/** The tools of all operations, in the table's order. */
export function operationTools(): Tool[] {
  return (Object.keys(TOOL_OPERATIONS) as ToolOperationName[]).map(operationTool); // The keys of a constant object.
}

function operationTool<K extends ToolOperationName>(name: K): Tool {
  const operation = TOOL_OPERATIONS[name];
  return {
    name,
    title: operation.title,
    description: operation.description,
    input: z.strictObject({ agent_id: AgentId, ...operation.params.shape }),
    output: z.object({ agent: Agent, ...operation.result.shape }),
    hints: operation.hints,
    handle: (args, context) => call(name, args, context),
  };
}

async function call<K extends ToolOperationName>(
  name: K,
  { agent_id: agentId, ...params }: Record<string, unknown>,
  { fleet, signal, onLines }: ToolContext,
): Promise<ToolAnswer> {
  using lines = onLines === undefined ? undefined : createLineReader(onLines);
  const { agent, result } = await fleet.call(
    agentId as string | undefined, // The tool's input schema parsed both.
    { op: name, params: params as ParamsOf<K> },
    { signal, ...(lines === undefined ? {} : { onOutput: lines.push }) },
  );
  await lines?.end();
  const text = (RESULT_TEXTS[name] as (result: ResultOf<K>, of: typeof agent) => string)(result, agent);
  const image = name === "read_file" ? imageOf(result as ResultOf<"read_file">) : undefined; // The name says so.
  return {
    structured: { agent, ...result, ...(image === undefined ? {} : { base64: undefined }) },
    text,
    ...(image === undefined ? {} : { images: [image] }),
    hasFailed: isFailure(name, result),
  };
}

/** A picture goes as one, and not a second time as text. */
function imageOf({ kind, base64, mimeType }: ResultOf<"read_file">) {
  return kind === "image" && base64 !== undefined && mimeType !== undefined
    ? { data: base64, mimeType }
    : undefined;
}

/** What did not do what it was asked to is a normal result, but it must not look like a success. */
function isFailure<K extends ToolOperationName>(name: K, result: ResultOf<K>): boolean {
  if (name !== "exec") return hasGitFailed(name, result);
  const ended = result as ResultOf<"exec">; // The name says so.
  return ended.status === "ended" && !hasSucceeded(ended);
}
