/**
 * `remote-agent mcp`: serves an assistant on stdin and stdout, as a member of the room.
 */
import { connectionOf } from "../../config/connection.ts";
import { loggerOf } from "../../log.ts";
import { serveMcp } from "../../mcp/server.ts";
import type { CommandContext } from "../command.ts";

/** How long a client may keep the node from starting by not greeting the server, in milliseconds. */
const GREETING_MS = 500;

/** Serves until the assistant closes stdin or the process is told to stop. */
export async function execute({ settings, paths, secrets, signal }: CommandContext): Promise<number> {
  const connection = connectionOf(settings);
  const log = loggerOf("mcp");
  const greeting = Promise.withResolvers<void>();
  // The client waits for the greeting and for nothing else, so loading the node comes after it.
  const timer = setTimeout(greeting.resolve, GREETING_MS);
  const starting = greeting.promise.then(() => import("../../node.ts")).then(({ startNode }) =>
    startNode({ settings, connection, paths, secrets, role: "session", watch: true })
  );
  const failed = new AbortController();
  starting.catch((error: unknown) => failed.abort(error));
  try {
    await serveMcp({
      fleet: starting.then(({ fleet }) => fleet),
      signal: AbortSignal.any([signal, failed.signal]),
      onGreeted: greeting.resolve,
      onError: (error) => log.warn("The connection to the client failed", { error }),
    });
  } finally {
    clearTimeout(timer);
    greeting.resolve();
    if (!failed.signal.aborted) await (await starting)[Symbol.asyncDispose]();
  }
  failed.signal.throwIfAborted();
  return 0;
}
