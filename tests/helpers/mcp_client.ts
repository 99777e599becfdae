/**
 * The official MCP client, connected to a real `remote-agent mcp` over stdio.
 */
import type { PassThrough } from "node:stream";
import * as z from "zod";
import { type CallToolResult, Client } from "@modelcontextprotocol/client";
import { StdioClientTransport } from "@modelcontextprotocol/client/stdio";
import type { ResultOf } from "../../src/protocol/operation.ts";
import { OPERATIONS } from "../../src/protocol/operation.ts";
import { eventually } from "./eventually.ts";
import { ProcessLog } from "./process_log.ts";
import { NODE_ARGS, type NodeOptions, programEnvironment } from "./processes.ts";

const CALL_TIMEOUT_MS = 60_000;
const AgentRef = z.object({ id: z.string(), name: z.string() });
const ExecResult = z.object({ agent: AgentRef, ...OPERATIONS.exec.result.shape });
const InfoResult = z.object({ agent: AgentRef, ...OPERATIONS.get_info.result.shape });

/** Arguments of the tool `exec`. */
export interface ExecArguments {
  readonly agent_id?: string;
  readonly command?: string;
  readonly argv?: readonly string[];
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly timeout_ms?: number;
  readonly stdin?: string;
}

/** How a call is made. */
export interface CallOptions {
  readonly signal?: AbortSignal;
  /** Takes the messages of progress notifications; asks for them. */
  readonly onProgress?: (message: string) => void;
}

/** A tool answered with an error. */
export class ToolError extends Error {
  override readonly name = "ToolError";
  /** The code at the end of the text. */
  readonly code: string;

  constructor(text: string) {
    super(text);
    this.code = /\[(\w+)(?:: [^\]]*)?\]$/.exec(text)?.[1] ?? "";
  }
}

/** A client and the server process that it started. Disposing of it closes the server's stdin. */
export interface McpSession extends AsyncDisposable {
  readonly client: Client;
  readonly pid: number;
  /** What the server wrote to stderr. */
  readonly log: ProcessLog;
  /** Calls any tool; an error of the tool is a result here. */
  call(name: string, args?: Record<string, unknown>, options?: CallOptions): Promise<CallToolResult>;
  /** Runs a command. @throws {ToolError} If the tool answers with an error. */
  exec(args: ExecArguments, options?: CallOptions): Promise<z.infer<typeof ExecResult>>;
  /** Asks for a description. @throws {ToolError} If the tool answers with an error. */
  info(agentId?: string): Promise<{ agent: z.infer<typeof AgentRef> } & ResultOf<"get_info">>;
  /** The list of agents. @throws {ToolError} If the tool answers with an error. */
  agents(): Promise<readonly AgentEntry[]>;
  /** Waits until the list of agents has all these names, and returns it. */
  waitForAgents(...names: readonly string[]): Promise<readonly AgentEntry[]>;
}

const AgentListResult = z.object({
  agents: z.array(z.object({
    id: z.string(),
    name: z.string(),
    isSelf: z.boolean(),
    tags: z.array(z.string()),
    mode: z.string(),
    role: z.string(),
    accepts: z.boolean(),
    latencyMs: z.number().nullable(),
    connections: z.number(),
  })),
});

/** One agent in a list. */
export type AgentEntry = z.infer<typeof AgentListResult>["agents"][number];

/** How the server is started. */
export interface McpOptions extends NodeOptions {
  /** Which protocol the client speaks: 2026-07-28, or what came before it. @default "modern" */
  readonly era?: "modern" | "legacy";
}

/** A server that is not started yet. Disposing of it at any moment ends what there is. */
export interface PreparedMcp extends AsyncDisposable {
  /** Starts it and greets it. */
  connect(): Promise<McpSession>;
}

/** Starts `remote-agent mcp` and greets it. */
export async function connectMcp(options: McpOptions): Promise<McpSession> {
  const prepared = prepareMcp(options);
  try {
    return await prepared.connect();
  } catch (error) {
    await prepared[Symbol.asyncDispose]();
    throw error;
  }
}

/** Prepares `remote-agent mcp`, for a caller that must be able to end it while it starts. */
export function prepareMcp({ home, env = {}, args = [], era = "modern" }: McpOptions): PreparedMcp {
  const transport = new OwnedTransport({
    command: Deno.execPath(),
    args: [...NODE_ARGS, "mcp", ...args],
    env: programEnvironment({ REMOTE_AGENTS_HOME: home, ...env }),
    stderr: "pipe",
  });
  const client = new Client({ name: "test", version: "1" }, {
    versionNegotiation: { mode: era === "modern" ? { pin: "2026-07-28" } : "legacy" },
  });
  const log = new ProcessLog();
  const reading = log.read(transport.lines());
  const close = async () => {
    await client.close();
    await transport.close();
    await reading;
  };
  return {
    [Symbol.asyncDispose]: close,
    async connect() {
      await client.connect(transport);
      const { pid } = transport;
      if (pid === null) throw new Error("Cannot use the server: it has ended");
      return createSession(client, { pid, log, close });
    },
  };
}

function createSession(
  client: Client,
  { pid, log, close }: {
    readonly pid: number;
    readonly log: ProcessLog;
    readonly close: () => Promise<void>;
  },
): McpSession {
  const session: McpSession = {
    client,
    pid,
    log,
    async call(name, callArgs = {}, { signal, onProgress } = {}) {
      return await client.callTool({ name, arguments: callArgs }, {
        timeout: CALL_TIMEOUT_MS,
        ...(signal === undefined ? {} : { signal }),
        ...(onProgress === undefined ? {} : { onprogress: ({ message }) => onProgress(message ?? "") }),
      });
    },
    exec: async (execArgs, options) =>
      ExecResult.parse(success(await session.call("exec", { ...execArgs }, options))),
    info: async (agentId) =>
      InfoResult.parse(
        success(await session.call("get_info", agentId === undefined ? {} : { agent_id: agentId })),
      ),
    agents: async () => AgentListResult.parse(success(await session.call("list_agents"))).agents,
    waitForAgents: (...names) =>
      eventually(`the room shows ${names.join(", ")}`, async () => {
        const answer = await session.call("list_agents");
        if (answer.isError) return undefined;
        const { agents } = AgentListResult.parse(answer.structuredContent);
        return names.every((name) => agents.some((agent) => agent.name === name)) ? agents : undefined;
      }),
    [Symbol.asyncDispose]: close,
  };
  return session;
}

/** The text that a client shows of an answer. */
export function textOf({ content }: CallToolResult): string {
  return content.map((block) => block.type === "text" ? block.text : "").join("\n");
}

function success(answer: CallToolResult): unknown {
  if (answer.isError) throw new ToolError(textOf(answer));
  return answer.structuredContent;
}

/**
 * The official transport, which starts its process only while it is wanted. As a class of its own it also asks this
 * one process for its protocol, where the client would start another one only to ask.
 */
class OwnedTransport extends StdioClientTransport {
  #isClosed = false;

  /** What the process writes to stderr, until the end of process and transport. */
  lines(): ReadableStream<Uint8Array<ArrayBuffer>> {
    return ReadableStream.from<Uint8Array<ArrayBuffer>>(this.#passThrough());
  }

  override async start(): Promise<void> {
    if (this.#isClosed) throw new Error("Cannot start the server: it was closed before");
    await super.start();
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
    await super.close();
    // It ended with the process, unless there never was one.
    this.#passThrough().end();
  }

  #passThrough(): PassThrough {
    // With stderr as a pipe the class has one of these from the beginning.
    return this.stderr as PassThrough;
  }
}
