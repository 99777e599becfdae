/**
 * What the coordinator of the scale run does: waits until the fleet is there, and asks every host once.
 */
import { OperationError } from "../../src/errors.ts";
import type { Peer } from "../../src/peer/peer.ts";
import type { Agent } from "../../src/peer/roster.ts";

/** How often the roster is looked at while it is waited for, in milliseconds. */
const LOOK_MS = 10;
const REQUEST_TIMEOUT_MS = 60_000;

/** Every host of a fan-out is in exactly one of the two. */
export interface FanOutOutcome {
  readonly ms: number;
  readonly answered: ReadonlySet<string>;
  /** Error code of each host that did not answer, by its name. */
  readonly failed: ReadonlyMap<string, string>;
}

/** Hosts in the roster, without the coordinators. */
export function hostsOf(peer: Peer): readonly Agent[] {
  return peer.agents.filter(({ members }) => members[0]?.card.accepts === true);
}

/**
 * Waits until `count` hosts are in the roster.
 *
 * @returns how long it took, in milliseconds
 * @throws {Error} If they are not there in time; says how many are.
 */
export async function waitForHosts(peer: Peer, count: number, timeoutMs = 60_000): Promise<number> {
  const startedAt = performance.now();
  for (;;) {
    const present = peer.connection.status === "connected" ? hostsOf(peer).length : 0;
    const ms = performance.now() - startedAt;
    if (present >= count) return ms;
    if (ms > timeoutMs) throw new Error(`Cannot go on: ${present} of ${count} hosts are in the roster`);
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** Asks every host of the roster once, at most `parallel` at a time, and accounts for each. */
export async function fanOut(peer: Peer, parallel: number): Promise<FanOutOutcome> {
  const hosts = hostsOf(peer);
  const answered = new Set<string>();
  const failed = new Map<string, string>();
  const ask = async ({ name, members }: Agent) => {
    const [member] = members;
    if (member === undefined) return;
    try {
      await peer.request(member.address, { op: "get_info", params: {} }, { deadlineMs: REQUEST_TIMEOUT_MS });
      answered.add(name);
    } catch (error) {
      failed.set(name, OperationError.from(error).code);
    }
  };
  const startedAt = performance.now();
  const queue = hosts.values();
  const work = async () => {
    for (const host of queue) await ask(host);
  };
  await Promise.all(Array.from({ length: Math.min(parallel, hosts.length) }, work));
  return { ms: performance.now() - startedAt, answered, failed };
}
