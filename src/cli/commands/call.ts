/**
 * `remote-agent call`: any of the assistant's tools from the shell.
 */
import { ConfigError } from "../../errors.ts";
import { describeIssues } from "../../protocol/describe_issues.ts";
import type { Tool } from "../../mcp/tool.ts";
import { allTools } from "../../mcp/tools.ts";
import { callTool } from "../call_tool.ts";
import type { CallOptions, CommandContext } from "../command.ts";

const MAX_INPUT_BYTES = 16 * 1024 * 1024;

/** Calls a tool. Exit code 1 if it failed, or if the command that it ran did. */
export async function execute(context: CommandContext, options: CallOptions): Promise<number> {
  const tool = findTool(options.tool);
  const args = readArguments(tool, await readInput(options.input));
  return await callTool(context, { tool, args, json: options.json });
}

function findTool(name: string): Tool {
  const tools = allTools();
  const tool = tools.find((candidate) => candidate.name === name);
  if (tool !== undefined) return tool;
  const names = tools.map((candidate) => candidate.name).join(", ");
  throw new ConfigError(`Cannot call "${name}": the tools are ${names}`);
}

async function readInput(input: string | undefined): Promise<string> {
  if (input !== "-") return input ?? "{}";
  const chunks: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for await (const chunk of Deno.stdin.readable) {
    length += chunk.length;
    if (length > MAX_INPUT_BYTES) {
      throw new ConfigError(`Cannot read the arguments: over ${MAX_INPUT_BYTES} bytes`);
    }
    chunks.push(chunk);
  }
  return await new Blob(chunks).text();
}

function readArguments(tool: Tool, text: string): Record<string, unknown> {
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new ConfigError(`Cannot read the arguments of "${tool.name}" as JSON: ${reason}`, { cause });
  }
  const parsed = tool.input.safeParse(json);
  if (parsed.success) return parsed.data;
  const known = Object.keys(tool.input.shape).join(", ");
  const takes = known === "" ? "it takes no arguments" : `it takes ${known}`;
  throw new ConfigError(`Cannot call "${tool.name}": ${describeIssues(parsed.error)}; ${takes}`);
}
