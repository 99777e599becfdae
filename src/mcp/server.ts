/**
 * The MCP server on stdio, through the official SDK. Nothing but JSON-RPC ever goes to stdout.
 */
import { serveStdio } from "@modelcontextprotocol/server/stdio";
import { createServer, loadParts, type PartsOptions } from "./handlers.ts";

/** What serving needs. */
export interface McpOptions extends PartsOptions {
  /** Ends the server. */
  readonly signal: AbortSignal;
  /** Called when the client's first message was answered. */
  readonly onGreeted: () => void;
  /** Takes errors of the connection, for the log. */
  readonly onError: (error: Error) => void;
}

/** Serves MCP on stdin and stdout. Resolves when the client has closed one of them, or the signal aborts. */
export async function serveMcp(options: McpOptions): Promise<void> {
  const { signal, onGreeted, onError } = options;
  const ended = Promise.withResolvers<void>();
  const parts = loadParts(options);
  const handle = serveStdio(({ era }) => {
    // A server is made for the first message, whose answer takes no timer.
    setTimeout(onGreeted);
    return createServer({ isModern: era === "modern", parts, signal, onError });
  }, { onerror: onError });
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
