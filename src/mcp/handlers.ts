/**
 * What an MCP server answers to each request, whatever carries the messages. Each part is loaded when it is first asked for: clients
 * wait for the greeting, and it needs none of them.
 */
import { McpServer, type ServerContext } from "@modelcontextprotocol/server";
import type { Fleet } from "../fleet/fleet.ts";
import { VERSION } from "../version.ts";
import { createListChanges } from "./list_changes.ts";
import { createProgressSender, type ProgressSender } from "./progress.ts";
import type { ResourceSource } from "./resource_source.ts";
import type { ToolCalls } from "./tool_calls.ts";

const INSTRUCTIONS = `Remote Agents runs commands on a fleet of machines. Each machine is an agent.
- list_agents shows them. Pass an agent's name or id as agent_id; without it a tool works on this server's own machine.
- Each machine decides by its mode what may be done on it: plan only reads (commands run in isolation, so nothing that \
they change remains), edit writes with backups, bypass is unrestricted, disabled refuses everything but get_info. A refusal \
is the owner's decision: report it, do not look for a way around it, and change a mode only if the user asks for it.
- Prefer the file tools over commands: they say what they left out, refuse lost updates (expected_sha256) and keep backups.
- A command that takes longer than wait_ms becomes a job: job_get reads its output and waits for its end.
- exec has no terminal: avoid programs that ask questions, pass options such as --yes, and limit long output with \
head, tail or grep. An exit code other than 0 means that the command failed.
- To do the same on many machines use the fleet_ tools with a target such as "all", "web,db" or "os:linux & !canary", not one \
call a machine: machines that answer alike are shown as one group, and every one is accounted for. What runs longer than \
wait_ms goes on as a run: follow it with fleet_get. Before a change look with dry_run, then use canary and max_failures; \
undo_run puts back what fleet_write overwrote. mapreduce works on much data with commands on many machines.
- When an answer says that a host is gone or a connection was lost, look at the host's state before running a command \
again: it may have been carried out.`;

/** What answers are made from. */
export interface PartsOptions {
  /** The fleet, once it is there: the server answers `initialize` before the node has started. */
  readonly fleet: Promise<Fleet>;
  /** Where resources come from, once it is there. @default the fleet's agents and jobs, without runs and without news */
  readonly resources?: Promise<ResourceSource>;
}

/** What answers requests; each is loaded when it is first asked for. */
export interface Parts {
  fleet(): Promise<Fleet>;
  tools(): Promise<ToolCalls>;
  source(): Promise<ResourceSource>;
}

/** Prepares the parts, which all servers of a process share. */
export function loadParts({ fleet, resources }: PartsOptions): Parts {
  let tools: Promise<ToolCalls> | undefined;
  let source = resources;
  return {
    fleet: () => fleet,
    tools: () => tools ??= import("./tool_calls.ts").then(({ createToolCalls }) => createToolCalls()),
    source: () =>
      source ??= import("./fleet_resources.ts").then(async ({ fleetResources }) =>
        fleetResources(await fleet)
      ),
  };
}

/** How one client is served. */
export interface ServerOptions {
  /** Whether the client speaks 2026-07-28, which has no handshake. */
  readonly isModern: boolean;
  readonly parts: Parts;
  /** Ends what runs. */
  readonly signal: AbortSignal;
  /** Takes errors of the connection, for the log. */
  readonly onError: (error: Error) => void;
}

/** Makes the server of one client, with a handler for each request. */
export function createServer(options: ServerOptions): McpServer {
  const mcp = new McpServer({ name: "remote-agents", title: "Remote Agents", version: VERSION }, {
    instructions: INSTRUCTIONS,
  });
  // Handlers of our own: those of the SDK want every schema before the first message, and make it anew for every list.
  mcp.server.registerCapabilities({
    tools: {},
    resources: { listChanged: true },
    prompts: {},
    completions: {},
  });
  handleTools(mcp, options);
  handleResources(mcp, options);
  handlePrompts(mcp, options);
  tellListChanges(mcp, options);
  return mcp;
}

function handleTools({ server }: McpServer, { parts, signal }: ServerOptions): void {
  server.setRequestHandler("tools/list", async () => ({ tools: (await parts.tools()).list() }));
  server.setRequestHandler("tools/call", async ({ params }, { mcpReq }) => {
    const tools = await parts.tools();
    const progress = progressOf(mcpReq);
    try {
      return await tools.call(params, async () => ({
        fleet: await parts.fleet(),
        signal: AbortSignal.any([signal, mcpReq.signal]),
        ...(progress === undefined ? {} : { onLines: progress.lines, onProgress: progress.report }),
      }));
    } finally {
      await progress?.end();
    }
  });
}

function handleResources({ server }: McpServer, { parts, signal }: ServerOptions): void {
  server.setRequestHandler("resources/list", async () => {
    const [{ listResources }, source] = await Promise.all([import("./resource_list.ts"), parts.source()]);
    return { resources: await listResources(source) };
  });
  server.setRequestHandler("resources/templates/list", async () => {
    const { RESOURCE_TEMPLATES } = await import("./resource_list.ts");
    return { resourceTemplates: [...RESOURCE_TEMPLATES] };
  });
  server.setRequestHandler("resources/read", async ({ params }, { mcpReq }) => {
    const [{ readResource }, source] = await Promise.all([import("./resources.ts"), parts.source()]);
    return {
      contents: await readResource(params.uri, { source, signal: AbortSignal.any([signal, mcpReq.signal]) }),
    };
  });
}

function handlePrompts({ server }: McpServer, { parts }: ServerOptions): void {
  server.setRequestHandler("prompts/list", async () => {
    const { listPrompts } = await import("./prompts.ts");
    return { prompts: listPrompts() };
  });
  server.setRequestHandler("prompts/get", async ({ params }) => {
    const { writePrompt } = await import("./prompts.ts");
    const { description, text } = writePrompt(params.name, params.arguments);
    return { description, messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
  });
  server.setRequestHandler("completion/complete", async ({ params: { ref, argument } }) => {
    const [{ completePrompt }, { completeResource }, source] = await Promise.all([
      import("./prompts.ts"),
      import("./resource_list.ts"),
      parts.source(),
    ]);
    const asked = { argument: argument.name, value: argument.value, source };
    const completion = ref.type === "ref/prompt"
      ? await completePrompt(ref.name, asked)
      : await completeResource(ref.uri, asked);
    return { completion: { ...completion } };
  });
}

/** Tells the client when the list of resources changes, once it has said that it is ready for it. */
function tellListChanges({ server }: McpServer, { isModern, parts, onError }: ServerOptions): void {
  const changes = createListChanges(() => void server.sendResourceListChanged().catch(onError));
  const stops: (() => void)[] = [];
  let isClosed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  server.onclose = () => {
    isClosed = true;
    clearTimeout(timer);
    changes[Symbol.dispose]();
    for (const stop of stops.splice(0)) stop();
  };
  const start = async () => {
    // By the modern protocol the SDK tells those that have subscribed.
    const source = await parts.source();
    if (isClosed) return;
    stops.push(source.onAgentsChange(changes.changed), source.onRunsChange(changes.changed));
    changes.open();
  };
  // A fleet that never came is reported by whoever started it.
  const startQuietly = () => void start().catch(() => {});
  if (isModern) timer = setTimeout(startQuietly);
  else server.oninitialized = startQuietly;
}

/** Sends lines and how far the call is as progress notifications, if the client gave a token for them. */
function progressOf(request: ServerContext["mcpReq"]): ProgressSender | undefined {
  const progressToken = request._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return createProgressSender((progress) =>
    request.notify({ method: "notifications/progress", params: { progressToken, ...progress } })
  );
}
