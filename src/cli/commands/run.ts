/**
 * `remote-agent run`: a headless member of the room that carries out what others ask.
 */
import { requireConnection } from "../../config/connection.ts";
import { startNode } from "../../node.ts";
import type { CommandContext } from "../command.ts";

/** Runs until it is told to stop. */
export async function execute({ settings, paths, secrets, signal }: CommandContext): Promise<number> {
  const connection = requireConnection(settings);
  await using _node = await startNode({
    settings,
    connection,
    paths,
    secrets,
    role: "service",
    watch: false,
  });
  await aborted(signal);
  return 0;
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener("abort", () => resolve(), { once: true }));
}
