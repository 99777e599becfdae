/**
 * Lists tools and carries their calls out, in the forms of the protocol. Loaded when a client first asks, since the greeting needs
 * none of it.
 */
import {
  type CallToolResult,
  ProtocolError,
  ProtocolErrorCode,
  type Tool as ListedTool,
} from "@modelcontextprotocol/server";
import { OperationError } from "../errors.ts";
import { describeIssues } from "../protocol/describe_issues.ts";
import { plainLine } from "../protocol/plain_line.ts";
import { describeError } from "./result.ts";
import type { Tool, ToolAnswer, ToolContext } from "./tool.ts";
import { allTools } from "./tools.ts";

/** The form of JSON schemas that the protocol names. */
const SCHEMA_TARGET = "draft-2020-12";

/** A call as a client makes it. */
export interface ToolCall {
  readonly name: string;
  readonly arguments?: Readonly<Record<string, unknown>> | undefined;
}

/** Serves tools. */
export interface ToolCalls {
  /** Describes all tools. Their schemas are made once. */
  list(): ListedTool[];
  /**
   * Carries a call out. What the tool cannot do is an answer marked as an error.
   *
   * @param makeContext - called when the arguments have been found right
   * @throws {ProtocolError} If there is no such tool.
   */
  call(call: ToolCall, makeContext: () => Promise<ToolContext>): Promise<CallToolResult>;
}

/** Makes the calls of a table of tools. */
export function createToolCalls(tools: readonly Tool[] = allTools()): ToolCalls {
  const byName = new Map(tools.map((tool) => [tool.name, tool]));
  let listed: ListedTool[] | undefined;
  return {
    list: () => listed ??= tools.map(describeTool),
    async call({ name, arguments: args = {} }, makeContext) {
      const tool = byName.get(name);
      if (tool === undefined) {
        const shown = plainLine(name.slice(0, 100));
        throw new ProtocolError(
          ProtocolErrorCode.InvalidParams,
          `Cannot call tool "${shown}": there is no such tool`,
        );
      }
      try {
        return toResult(tool, await tool.handle(parseArguments(tool, args), await makeContext()));
      } catch (error) {
        return {
          content: [{ type: "text", text: describeError(OperationError.from(error)) }],
          isError: true,
        };
      }
    },
  };
}

function describeTool({ name, title, description, input, output, hints }: Tool): ListedTool {
  return {
    name,
    title,
    description,
    inputSchema: { type: "object", ...input["~standard"].jsonSchema.input({ target: SCHEMA_TARGET }) },
    annotations: {
      title,
      readOnlyHint: hints.readOnly,
      destructiveHint: hints.destructive,
      idempotentHint: hints.idempotent,
      openWorldHint: hints.openWorld,
    },
    outputSchema: output["~standard"].jsonSchema.output({ target: SCHEMA_TARGET }),
  };
}

function parseArguments(
  { name, input }: Tool,
  args: Readonly<Record<string, unknown>>,
): Record<string, unknown> {
  const parsed = input.safeParse(args);
  if (parsed.success) return parsed.data;
  throw new OperationError("bad_request", `Cannot call "${name}": ${describeIssues(parsed.error)}`, {
    cause: parsed.error,
  });
}

function toResult({ name, output }: Tool, { structured, text, images = [] }: ToolAnswer): CallToolResult {
  const checked = output.safeParse(structured);
  // Clients refuse what is not of the schema that they were shown, without a word about why.
  if (!checked.success) {
    throw new OperationError(
      "internal",
      `Cannot show the answer of "${name}": ${describeIssues(checked.error)}`,
      {
        cause: checked.error,
      },
    );
  }
  return {
    content: [{ type: "text", text }, ...images.map((image) => ({ type: "image" as const, ...image }))],
    structuredContent: structured,
  };
}
