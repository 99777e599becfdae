/**
 * Removes what a distributed run left, on its hosts and on the coordinator. Used by `run.ts`.
 */
import { OperationError } from "../../errors.ts";
import type { MapReduceSpec, Ports } from "./ports.ts";

/** Hosts that are asked at a time. */
const AT_ONCE = 32;
/** Milliseconds that a host may take. */
const TIMEOUT_MS = 10_000;

/**
 * Has every host remove the parts of a run.
 *
 * @returns the hosts that did not confirm it
 */
export async function dropParts(
  { run, ticket }: Pick<MapReduceSpec, "run" | "ticket">,
  ports: Ports,
  hosts: Iterable<string>,
): Promise<readonly string[]> {
  const waiting = [...hosts];
  const missed: string[] = [];
  const dropNext = async () => {
    for (let host = waiting.pop(); host !== undefined; host = waiting.pop()) {
      const controller = new AbortController();
      const timer = setTimeout(() => controller.abort(), TIMEOUT_MS);
      try {
        await ports.request(host, { op: "part_drop", params: { run, ticket } }, {
          signal: controller.signal,
        });
      } catch (thrown) {
        // A host that never began anything for the run knows no such ticket. Others have left, or do not answer.
        if (OperationError.from(thrown).code !== "refused") missed.push(host);
      } finally {
        clearTimeout(timer);
      }
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, dropNext));
  await ports.self.spool.remove();
  return missed.sort();
}
