/**
 * `remote-agent mcp`: serves an assistant on stdin and stdout, as a member of the room.
 */
import { connectionOf } from "../../config/connection.ts";
import { loggerOf } from "../../log.ts";
import { serveMcp } from "../../mcp/server.ts";
import type { CommandContext } from "../command.ts";

/** Serves until the assistant closes stdin or the process is told to stop. */
export async function execute({ settings, paths, signal }: CommandContext): Promise<number> {
  const connection = connectionOf(settings);
  const log = loggerOf("mcp");
  // What the node needs is loaded while the client and the server greet each other.
  const starting = import("../../node.ts").then(({ startNode }) =>
    startNode({ settings, connection, paths, role: "session", watch: true })
  );
  const failed = new AbortController();
  starting.catch((error: unknown) => failed.abort(error));
  try {
    await serveMcp({
      fleet: starting.then(({ fleet }) => fleet),
      signal: AbortSignal.any([signal, failed.signal]),
      onError: (error) => log.warn("The connection to the client failed", { error }),
    });
  } finally {
    if (!failed.signal.aborted) await (await starting)[Symbol.asyncDispose]();
  }
  failed.signal.throwIfAborted();
  return 0;
}
