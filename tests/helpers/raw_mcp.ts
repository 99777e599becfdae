/**
 * A real `remote-agent mcp` with JSON-RPC written and read by hand, to see every byte of its stdout and to close its
 * pipes one by one.
 */
import * as z from "zod";
import { ProcessLog } from "./process_log.ts";
import { NODE_ARGS, type NodeOptions, type RealProcess, startProcess } from "./processes.ts";

const Message = z.looseObject({
  jsonrpc: z.literal("2.0"),
  id: z.union([z.number(), z.string()]).optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).optional(),
  result: z.record(z.string(), z.unknown()).optional(),
  error: z.object({ code: z.number(), message: z.string(), data: z.unknown().optional() }).optional(),
});

/** Any message of JSON-RPC. */
export type RpcMessage = z.infer<typeof Message>;

/** What a request of protocol 2026-07-28 carries in its parameters. */
export const MODERN_META = {
  "io.modelcontextprotocol/protocolVersion": "2026-07-28",
  "io.modelcontextprotocol/clientInfo": { name: "raw", version: "1" },
  "io.modelcontextprotocol/clientCapabilities": {},
};

/** A server on two pipes. */
export interface RawMcp extends AsyncDisposable {
  readonly process: RealProcess;
  /** The lines of stdout, as they came. */
  readonly output: ProcessLog;
  /** Sends a request and waits for its answer. */
  request(method: string, params?: Record<string, unknown>): Promise<RpcMessage>;
  /** Sends a request without waiting, and returns its id. */
  post(method: string, params?: Record<string, unknown>): Promise<number>;
  /** Waits for the answer to a request. */
  answer(id: number): Promise<RpcMessage>;
  /** Sends a notification. */
  notify(method: string, params?: Record<string, unknown>): Promise<void>;
  closeStdin(): Promise<void>;
  /** Closes the reading end of stdout: the server's next write fails. */
  closeStdout(): Promise<void>;
  /** Parses every line of stdout so far. @throws If one is not a message of JSON-RPC. */
  messages(): RpcMessage[];
}

/**
 * Starts the server.
 *
 * @param options.command - the subcommand, or none at all. @default ["mcp"]
 */
export function startRawMcp(
  { home, env = {}, args = [], command = ["mcp"] }: NodeOptions & { readonly command?: readonly string[] },
): RawMcp {
  const process = startProcess({
    args: [...NODE_ARGS, ...command, ...args],
    env: { REMOTE_AGENTS_HOME: home, ...env },
    pipes: true,
  });
  const { child } = process;
  const output = new ProcessLog();
  const stopReading = new AbortController();
  const passing = new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>();
  const piping = child.stdout.pipeTo(passing.writable, { signal: stopReading.signal, preventAbort: true })
    .catch(() => passing.writable.abort());
  const reading = output.read(passing.readable).catch(() => {});
  const writer = child.stdin.getWriter();
  // A server that ended is reported by whoever waits for its answer.
  writer.closed.catch(() => {});
  let lastId = 0;

  const write = async (message: Record<string, unknown>) => {
    const line = `${JSON.stringify({ jsonrpc: "2.0", ...message })}\n`;
    await writer.write(new TextEncoder().encode(line)).catch(() => {});
  };
  const closeStdin = () => writer.close().catch(() => {});
  const closeStdout = async () => {
    stopReading.abort();
    await Promise.all([piping, reading]);
  };
  const raw: RawMcp = {
    process,
    output,
    async request(method, params) {
      return await raw.answer(await raw.post(method, params));
    },
    async post(method, params) {
      const id = ++lastId;
      await write({ id, method, ...(params === undefined ? {} : { params }) });
      return id;
    },
    async answer(id) {
      const { input } = await output.waitFor(new RegExp(`"id":${id}[,}]`));
      return Message.parse(JSON.parse(input));
    },
    notify: (method, params) => write({ method, ...(params === undefined ? {} : { params }) }),
    closeStdin,
    closeStdout,
    messages: () => output.lines.map((line) => Message.parse(JSON.parse(line))),
    async [Symbol.asyncDispose]() {
      await closeStdin();
      await process[Symbol.asyncDispose]();
      await closeStdout();
    },
  };
  return raw;
}
