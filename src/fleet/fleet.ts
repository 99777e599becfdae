/**
 * All machines that a node can reach, its own among them: finds the one that is meant and carries out an operation
 * there. A local call and a remote one differ in nothing else. Used by the MCP tools and the CLI.
 */
import { OperationError } from "../errors.ts";
import type { Executors } from "../executors/mod.ts";
import type { Anomaly } from "../peer/anomalies.ts";
import type { Spool } from "../parts/spool.ts";
import type { Peer } from "../peer/peer.ts";
import { type Agent, findAgent, type Member } from "../peer/roster.ts";
import { formatAddress } from "../protocol/address.ts";
import { type Bytes, equalBytes as isSameAddress } from "../protocol/bytes.ts";
import type { Platform, Role } from "../protocol/card.ts";
import { ADDRESS_BYTES } from "../protocol/limits.ts";
import type { Mode } from "../protocol/mode.ts";
import { type OperationName, OPERATIONS, type ParamsOf, type ResultOf } from "../protocol/operation.ts";
import { createRuns, type Runs } from "./fan_out.ts";
import type { SavedRuns } from "./mapreduce/saved_runs.ts";
import { createMapReduces, type MapReduces } from "./mapreduce/service.ts";
import type { RunStore } from "./run_store.ts";

/** Stands for this machine where there is no room, and no address in it. */
export const LOCAL_ADDRESS = formatAddress(new Uint8Array(ADDRESS_BYTES));
/** Agents whose round trip is measured for a list. */
const MAX_PINGS = 64;
const PING_TIMEOUT_MS = 2_000;

/** Which machine carried an operation out. */
export interface AgentRef {
  readonly id: string;
  readonly name: string;
}

/** How an operation is called. */
export interface CallOptions {
  readonly signal: AbortSignal;
  /** Takes output as it comes; while its promise is pending, the command waits. */
  readonly onOutput?: ((channel: "stdout" | "stderr", bytes: Bytes) => void | Promise<void>) | undefined;
}

/** One agent in a list. */
export interface AgentSummary extends AgentRef {
  readonly isSelf: boolean;
  readonly tags: readonly string[];
  readonly platform: Platform;
  readonly mode: Mode;
  readonly version: string;
  readonly role: Role;
  readonly accepts: boolean;
  /** ISO 8601. */
  readonly connectedSince: string;
  /** Round trip through relay and encryption; null if it was not measured or not answered within 2 s. */
  readonly latencyMs: number | null;
  /** Processes of this agent in the room. */
  readonly connections: number;
}

/** What a node knows of its fleet. */
export interface AgentList {
  readonly agents: readonly AgentSummary[];
  /** Whether the list is of a room or of this machine alone. */
  readonly isConnected: boolean;
  /** What an honest relay and honest peers never cause, counted since the start. */
  readonly anomalies: Partial<Record<Anomaly, number>>;
}

/** The machines within reach. */
export interface Hosts {
  /**
   * Carries out an operation on one machine.
   *
   * @param agent - id, beginning of an id, or name; undefined for this machine
   * @throws {OperationError} If there is no such agent or the operation was not carried out.
   */
  call<K extends OperationName>(
    agent: string | undefined,
    call: { readonly op: K; readonly params: ParamsOf<K> },
    options: CallOptions,
  ): Promise<{ agent: AgentRef; result: ResultOf<K> }>;
  /** Who is there, without measuring anything. Rejects with an `OperationError` while there is no connection. */
  present(): Promise<readonly AgentSummary[]>;
  /** Where requests for an agent of that id go, as `formatAddress` writes it; undefined if it is not there. */
  addressOf(agentId: string): string | undefined;
  /** Calls `listener` when somebody came, left or changed; what is returned stops that. */
  onAgentsChange(listener: () => void): () => void;
}

/** The reach of a node, and what it does with it. */
export interface Fleet extends Hosts {
  /**
   * Lists who is there, with round trips. Rejects with an `OperationError` while there is no connection.
   *
   * @param choose - picks those that are listed, before they are measured @default all
   */
  list(choose?: (agents: readonly AgentSummary[]) => readonly AgentSummary[]): Promise<AgentList>;
  /** Calls that are carried out on many machines. */
  readonly runs: Runs;
  /** Distributed runs. */
  readonly mapReduces: MapReduces;
}

/** What a fleet is made of. */
export interface FleetOptions {
  readonly self: AgentRef;
  readonly executors: Executors;
  /** Absent on a node without a room. */
  readonly peer: Peer | undefined;
  /** Describes this machine for a list without a room. */
  readonly describeSelf: () => AgentSummary;
  /** Where runs are kept. */
  readonly runStore: RunStore;
  /** Where distributed runs are kept. */
  readonly savedRuns: SavedRuns;
  /** Where this machine's parts of distributed runs are kept. */
  readonly spool: Spool;
  readonly randomBytes: (length: number) => Uint8Array;
}

/** Makes the fleet of a node. */
export function createFleet(options: FleetOptions): Fleet {
  const { self, executors, peer, describeSelf } = options;
  const callHere = async (op: string, params: unknown, { signal, onOutput }: CallOptions) =>
    await executors.execute(op, params, {
      signal,
      caller: { ...self, isLocal: true },
      ...(onOutput === undefined ? {} : { output: async (channel, bytes) => await onOutput(channel, bytes) }),
    });

  let indexed: { readonly agents: readonly Agent[]; readonly byId: ReadonlyMap<string, Agent> } | undefined;
  /** The list is another one after every change, and the same one until then. */
  const agentById = (agents: readonly Agent[], id: string): Agent | undefined => {
    if (indexed?.agents !== agents) {
      indexed = { agents, byId: new Map(agents.map((agent) => [agent.id, agent])) };
    }
    return indexed.byId.get(id);
  };

  /** Finds who is meant: undefined for this process. A service beside it on the same machine is somebody else. */
  const find = async (query: string | undefined): Promise<Agent | undefined> => {
    if (query === undefined) return undefined;
    const isSelf = query === self.id || query === self.name;
    if (peer === undefined) {
      if (isSelf || (query !== "" && self.id.startsWith(query))) return undefined;
      throw notInRoom(query);
    }
    if (query === self.id && peer.connection.status !== "connected") return undefined;
    await peer.ready();
    const agent = agentById(peer.agents, query) ?? findAgent(peer.agents, query);
    const [member] = agent.members;
    if (member === undefined || isSameAddress(member.address, peer.address)) return undefined;
    // If nothing on this machine runs commands for others, another process of it would refuse what this one can do.
    return agent.id === self.id && !member.card.accepts ? undefined : agent;
  };

  const callThere = async (agent: Agent, op: string, params: unknown, options: CallOptions) => {
    const [member] = agent.members;
    if (peer === undefined || member === undefined) throw notInRoom(agent.name);
    return await peer.request(member.address, { op, params }, options);
  };

  const call: Hosts["call"] = async (query, { op, params }, options) => {
    const agent = await find(query);
    const value = agent === undefined
      ? await callHere(op, params, options)
      : await callThere(agent, op, params, options);
    const ref = agent === undefined ? self : { id: agent.id, name: agent.name };
    return { agent: ref, result: checkResult(op, value, ref) };
  };

  const hosts: Hosts = {
    call,

    async present() {
      if (peer === undefined) return [describeSelf()];
      await peer.ready();
      return peer.agents.flatMap((agent) => summarize(agent, self));
    },

    addressOf(agentId) {
      if (peer === undefined) return agentId === self.id ? LOCAL_ADDRESS : undefined;
      const agent = agentById(peer.agents, agentId);
      if (agent === undefined) return agentId === self.id ? formatAddress(peer.address) : undefined;
      const [member] = agent.members;
      const isHere = member === undefined || (agentId === self.id && !member.card.accepts);
      return formatAddress(isHere ? peer.address : member.address);
    },

    onAgentsChange: (listener) => peer?.onAgentsChange(listener) ?? (() => {}),
  };

  return {
    ...hosts,

    runs: createRuns({
      request: async (agentId, { op, params }, { signal }) =>
        // What a tool's schema has parsed, or a plan made; the host checks it.
        (await call(agentId, { op, params: params as ParamsOf<OperationName> }, { signal })).result,
      store: options.runStore,
      randomBytes: options.randomBytes,
    }),

    mapReduces: createMapReduces(hosts, {
      saved: options.savedRuns,
      spool: options.spool,
      ownAddress: () => peer === undefined ? LOCAL_ADDRESS : formatAddress(peer.address),
      randomBytes: options.randomBytes,
      now: Date.now,
    }),

    async list(choose = (agents) => agents) {
      if (peer === undefined) return { agents: choose([describeSelf()]), isConnected: false, anomalies: {} };
      await peer.ready();
      const { agents } = peer;
      const chosen = choose(agents.flatMap((agent) => summarize(agent, self)));
      const members = new Map(agents.map((agent) => [agent.id, agent]));
      const measured = chosen.map(async (summary, i) => {
        const agent = members.get(summary.id);
        return agent === undefined || i >= MAX_PINGS
          ? summary
          : { ...summary, latencyMs: await measure(peer, agent) };
      });
      return {
        agents: await Promise.all(measured),
        isConnected: true,
        anomalies: peer.anomalies.snapshot(),
      };
    },
  };
}

async function measure(peer: Peer, agent: Agent): Promise<number | null> {
  const [member] = agent.members;
  if (member === undefined || isSameAddress(member.address, peer.address)) return null;
  try {
    // The first one may have to open a session; it is the second that tells the round trip.
    await peer.ping(member.address, PING_TIMEOUT_MS);
    return Math.round(await peer.ping(member.address, PING_TIMEOUT_MS) * 10) / 10;
  } catch (error) {
    if (error instanceof OperationError) return null;
    throw error;
  }
}

function summarize(agent: Agent, self: AgentRef): AgentSummary[] {
  const [member]: readonly Member[] = agent.members;
  if (member === undefined) return [];
  const { card } = member;
  return [{
    id: agent.id,
    name: agent.name,
    isSelf: agent.id === self.id,
    tags: card.tags,
    platform: card.platform,
    mode: card.mode,
    version: card.version,
    role: card.role,
    accepts: card.accepts,
    connectedSince: new Date(card.connectedAt).toISOString(),
    latencyMs: null,
    connections: agent.members.length,
  }];
}

/** Checks what a host answered: it may be of another version, or hostile. */
function checkResult<K extends OperationName>(op: K, value: unknown, agent: AgentRef): ResultOf<K> {
  const parsed = OPERATIONS[op].result.safeParse(value);
  // The schema of `op` has just produced it; the union of all operations' results loses that link.
  if (parsed.success) return parsed.data as ResultOf<K>;
  throw new OperationError(
    "internal",
    `Cannot read the answer of "${agent.name}": it is not of the shape of "${op}", perhaps of another version`,
    { cause: parsed.error },
  );
}

function notInRoom(query: string): OperationError {
  return new OperationError("unknown_agent", `Cannot find agent "${query}": this node is not in a room`, {
    remedy: 'Set relay, room and token, for example with "remote-agent init", and start it again',
  });
}
