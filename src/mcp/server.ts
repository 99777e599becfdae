/**
 * The MCP server on stdio, through the official SDK. Nothing but JSON-RPC ever goes to stdout.
 */
import { type CallToolResult, McpServer, type ServerContext } from "@modelcontextprotocol/server";
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { OperationError } from "../errors.ts";
import type { Fleet } from "../fleet/fleet.ts";
import { VERSION } from "../version.ts";
import { describeError } from "./result.ts";
import type { Tool } from "./tool.ts";
import { allTools } from "./tools.ts";

const INSTRUCTIONS = `Remote Agents runs commands on a fleet of machines. Each machine is an agent.
- list_agents shows them. Pass an agent's name or id as agent_id; without it a tool works on this server's own machine.
- Each machine decides by its mode what may be done on it: plan only reads (commands run in isolation, so nothing that \
they change remains), edit writes with backups, bypass is unrestricted, disabled refuses everything but get_info. A refusal \
is the owner's decision: report it, do not look for a way around it, and change a mode only if the user asks for it.
- Prefer the file tools over commands: they say what they left out, refuse lost updates (expected_sha256) and keep backups.
- A command that takes longer than wait_ms becomes a job: job_get reads its output and waits for its end.
- exec has no terminal: avoid programs that ask questions, pass options such as --yes, and limit long output with \
head, tail or grep. An exit code other than 0 means that the command failed.
- When an answer says that a host is gone or a connection was lost, look at the host's state before running a command \
again: it may have been carried out.`;

/** What serving needs. */
export interface McpOptions {
  /** The fleet, once it is there: the server answers `initialize` before the node has started. */
  readonly fleet: Promise<Fleet>;
  /** Ends the server. */
  readonly signal: AbortSignal;
  /** Called when the client's first message was answered. */
  readonly onGreeted: () => void;
  /** Takes errors of the connection, for the log. */
  readonly onError: (error: Error) => void;
}

/** Serves MCP on stdin and stdout. Resolves when the client has closed one of them, or the signal aborts. */
export async function serveMcp({ fleet, signal, onGreeted, onError }: McpOptions): Promise<void> {
  const tools = allTools();
  const ended = Promise.withResolvers<void>();
  const create = () => {
    // A server is made for the first message, whose answer takes no timer.
    setTimeout(onGreeted);
    const server = new McpServer(
      { name: "remote-agents", title: "Remote Agents", version: VERSION },
      { capabilities: { tools: {} }, instructions: INSTRUCTIONS },
    );
    for (const tool of tools) registerTool(server, tool, { fleet, signal });
    return server;
  };
  const handle = serveStdio(create, { onerror: onError });
  const { stdin, stdout } = await import("node:process");
  stdin.once("end", ended.resolve);
  stdin.once("close", ended.resolve);
  // Nobody reads the answers any more; that shows at the next write.
  stdout.once("error", () => ended.resolve());
  signal.addEventListener("abort", () => ended.resolve(), { once: true });
  if (signal.aborted) ended.resolve();
  await ended.promise;
  await handle.close();
}

function registerTool(
  server: McpServer,
  tool: Tool,
  { fleet, signal }: { fleet: Promise<Fleet>; signal: AbortSignal },
): void {
  server.registerTool(tool.name, {
    title: tool.title,
    description: tool.description,
    inputSchema: tool.input,
    outputSchema: tool.output,
    annotations: {
      title: tool.title,
      readOnlyHint: tool.hints.readOnly,
      destructiveHint: tool.hints.destructive,
      idempotentHint: tool.hints.idempotent,
      openWorldHint: tool.hints.openWorld,
    },
  }, async (args, { mcpReq }): Promise<CallToolResult> => {
    try {
      const answer = await tool.handle(args, {
        fleet: await fleet,
        signal: AbortSignal.any([signal, mcpReq.signal]),
        onLines: progressOf(mcpReq),
      });
      const images = (answer.images ?? []).map((image) => ({ type: "image" as const, ...image }));
      return {
        content: [{ type: "text", text: answer.text }, ...images],
        structuredContent: answer.structured,
      };
    } catch (error) {
      return { content: [{ type: "text", text: describeError(OperationError.from(error)) }], isError: true };
    }
  });
}

/** Sends lines as progress notifications, if the client gave a token for them. */
function progressOf(request: ServerContext["mcpReq"]): ((text: string) => Promise<void>) | undefined {
  const progressToken = request._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  let progress = 0;
  return async (message) => {
    progress++;
    await request.notify({ method: "notifications/progress", params: { progressToken, progress, message } });
  };
}
