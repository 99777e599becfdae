/**
 * Who is in the room: the checked cards of all connections, and the agents that they add up to. A machine may have
 * several connections, a service and sessions of assistants; they share the agent id.
 */
import type { VerifiedCard } from "../crypto/seal.ts";
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import type { Bytes } from "../protocol/bytes.ts";

/** One connection of a room. */
export interface Member extends VerifiedCard {
  readonly address: Bytes;
}

/** One machine and user, with its connections in the order in which they are chosen for commands. */
export interface Agent {
  readonly id: string;
  readonly name: string;
  /** Never empty; the first one takes commands. */
  readonly members: readonly Member[];
}

/** What became of a card. */
export type CardOutcome = "added" | "updated" | "stale" | "imposter";

/** The checked cards. */
export interface Roster {
  /**
   * Takes a checked card. `stale` ones are not newer than the one known, `imposter` ones claim an address that
   * another machine's card holds; neither changes anything.
   */
  accept(address: Bytes, card: VerifiedCard): CardOutcome;
  remove(address: Bytes): void;
  clear(): void;
  get(address: Bytes): Member | undefined;
  readonly members: readonly Member[];
  /** How many members there are. */
  readonly size: number;
  /** The members as {@link agentsOf} groups them; computed once after each change. */
  readonly agents: readonly Agent[];
  /**
   * Calls `listener` after each change, at once: who has much to do with it gathers them.
   *
   * @returns what ends it
   */
  onChange(listener: () => void): () => void;
}

/** Connections that a roster holds; past it, the one that has been there longest goes. */
export const MAX_ROSTER_MEMBERS = 16_384;
/** What an agent's whole id looks like. */
const FULL_ID = /^[a-z2-7]{20}$/;

/**
 * Makes an empty roster.
 *
 * @param maxMembers - its bound @default {MAX_ROSTER_MEMBERS}
 */
export function createRoster(maxMembers: number = MAX_ROSTER_MEMBERS): Roster {
  const members = new Map<string, Member>();
  const listeners = new Set<() => void>();
  let agents: readonly Agent[] | undefined;
  const change = () => {
    agents = undefined;
    for (const listener of [...listeners]) listener();
  };
  return {
    accept(address, verified) {
      const key = formatAddress(address);
      const known = members.get(key);
      if (known !== undefined && known.agentId !== verified.agentId) return "imposter";
      if (known !== undefined && verified.card.seq <= known.card.seq) return "stale";
      members.set(key, { ...verified, address: address.slice() });
      const [oldest] = members.keys();
      if (members.size > maxMembers && oldest !== undefined) members.delete(oldest);
      change();
      return known === undefined ? "added" : "updated";
    },
    remove(address) {
      if (members.delete(formatAddress(address))) change();
    },
    clear() {
      if (members.size === 0) return;
      members.clear();
      change();
    },
    get: (address) => members.get(formatAddress(address)),
    get members() {
      return [...members.values()];
    },
    get size() {
      return members.size;
    },
    get agents() {
      return agents ??= agentsOf([...members.values()]);
    },
    onChange(listener) {
      // A listener that is given twice is told twice.
      const own = () => listener();
      listeners.add(own);
      return () => void listeners.delete(own);
    },
  };
}

/**
 * Groups connections into agents, sorted by name and id. Commands go to an agent's service if it accepts them, else
 * to its newest session that does.
 */
export function agentsOf(members: readonly Member[]): Agent[] {
  const groups = new Map<string, Member[]>();
  for (const member of members) {
    const group = groups.get(member.agentId);
    if (group === undefined) groups.set(member.agentId, [member]);
    else group.push(member);
  }
  const agents: Agent[] = [];
  for (const [id, group] of groups) {
    group.sort(compareForCommands);
    const [first] = group;
    if (first !== undefined) agents.push({ id, name: first.card.name, members: group });
  }
  return agents.sort((a, b) => a.name.localeCompare(b.name) || a.id.localeCompare(b.id));
}

/**
 * Finds the agent that a user means: by its full id, else by name or by the beginning of its id. A name that is the
 * beginning of another's id is ambiguous, or any member could catch commands by its choice of a name; so it could those for
 * an agent that is away, if what looks like a full id were a name too.
 *
 * @throws {OperationError} With `ambiguous_agent` and the candidates if several match, with `unknown_agent` and who
 * is there if none does.
 */
export function findAgent(agents: readonly Agent[], query: string): Agent {
  const exact = agents.find(({ id }) => id === query);
  if (exact !== undefined) return exact;
  const candidates = FULL_ID.test(query)
    ? []
    : agents.filter(({ id, name }) => name === query || (query !== "" && id.startsWith(query)));
  const [only, another] = candidates;
  if (only === undefined) {
    const present = agents.length === 0 ? "no agent is connected" : `connected are ${listAgents(agents)}`;
    throw new OperationError("unknown_agent", `Cannot find agent "${query}": ${present}`, {
      remedy: "Give an id, the beginning of an id, or a name that list_agents shows",
    });
  }
  if (another !== undefined) {
    throw new OperationError(
      "ambiguous_agent",
      `Cannot choose agent "${query}": it may be ${listAgents(candidates)}`,
      {
        remedy: "Give more of the id",
      },
    );
  }
  return only;
}

function compareForCommands(a: Member, b: Member): number {
  return Number(b.card.accepts) - Number(a.card.accepts) ||
    Number(b.card.role === "service") - Number(a.card.role === "service") ||
    b.card.startedAt - a.card.startedAt;
}

function listAgents(agents: readonly Agent[]): string {
  const shown = agents.slice(0, 20).map(({ id, name }) => `${name} (${id})`).join(", ");
  return agents.length > 20 ? `${shown} and ${agents.length - 20} more` : shown;
}
