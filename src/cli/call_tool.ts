/**
 * Calls one of the assistant's tools for a command of the shell: joins for a moment, shows how it goes on, and prints the answer.
 */
import { connectionOf } from "../config/connection.ts";
import { OperationError } from "../errors.ts";
import { describeError } from "../mcp/result.ts";
import type { Tool, ToolAnswer, ToolContext } from "../mcp/tool.ts";
import { startNode } from "../node.ts";
import { plainLine } from "../protocol/plain_line.ts";
import type { CommandContext } from "./command.ts";
import { isTerminal, printError, printJson, printLine, showStatus } from "./output.ts";

/** How a tool is called. */
export interface ToolCall {
  readonly tool: Tool;
  /** Parsed by the tool's input. */
  readonly args: Record<string, unknown>;
  readonly json: boolean;
  /** Goes on after the first answer, such as until the end of a run; returns what is printed. @default the first answer */
  readonly follow?: (answer: ToolAnswer, context: ToolContext) => Promise<ToolAnswer>;
  /** What is printed if Ctrl-C ended it: what became of what was begun. @default the error */
  readonly interrupted?: (context: ToolContext) => Promise<ToolAnswer | undefined>;
}

/** Calls a tool and prints its answer. Exit code 1 if it failed, or if what it ran did. */
export async function callTool(context: CommandContext, call: ToolCall): Promise<number> {
  const { settings, paths, secrets, signal } = context;
  const { tool, args, json, follow } = call;
  await using node = await startNode({
    settings,
    connection: connectionOf(settings),
    paths,
    secrets,
    role: "session",
    watch: true,
    accepts: false,
  });
  using status = isTerminal("stderr") ? showStatus() : undefined;
  const toolContext: ToolContext = {
    fleet: node.fleet,
    signal,
    onProgress: ({ progress, total, message }) =>
      status?.show(
        [`${progress}${total === undefined ? "" : `/${total}`}`, plainLine(message ?? "")].join(" "),
      ),
  };
  const work = async (): Promise<ToolAnswer> => {
    try {
      const first = await tool.handle(args, toolContext);
      return follow === undefined ? first : await follow(first, toolContext);
    } catch (error) {
      const unhurried = { ...toolContext, signal: new AbortController().signal };
      const answer = signal.aborted ? await call.interrupted?.(unhurried) : undefined;
      if (answer === undefined) throw error;
      return answer;
    }
  };
  try {
    const answer = await work();
    status?.clear();
    if (json) printJson(answer.structured);
    else printLine(answer.text);
    return answer.hasFailed ? 1 : 0;
  } catch (error) {
    const failure = OperationError.from(error);
    status?.clear();
    if (json) printJson({ error: failure.toWire() });
    else printError(describeError(failure));
    return 1;
  }
}
