/**
 * The composition root: builds a node from its settings. A node executes operations on its machine and, if it is in a
 * room, is a peer there.
 */
import { hostname } from "node:os";
import type { Connection } from "./config/connection.ts";
import type { Settings } from "./config/settings.ts";
import { hostIdentity } from "./crypto/identity.ts";
import { deriveRoomSecret } from "./crypto/room_secret.ts";
import { ConfigError, OperationError } from "./errors.ts";
import type { Secrets } from "./config/redact.ts";
import type { Caller } from "./executors/executor.ts";
import type { HostDescription, HostState } from "./executors/get_info.ts";
import { createFleet, type Fleet } from "./fleet/fleet.ts";
import { openSavedRuns } from "./fleet/mapreduce/saved_runs.ts";
import { createRunStore } from "./fleet/run_store.ts";
import { loadHostSeed } from "./host/host_key.ts";
import { hybridSuite } from "./host/hybrid_suite.ts";
import type { NodePaths } from "./host/paths.ts";
import { detectAccount, detectPlatform } from "./host/platform.ts";
import { publishProcess } from "./host/process_files.ts";
import { openLocalHost } from "./local_host.ts";
import { type Logger, loggerOf } from "./log.ts";
import { ANOMALIES } from "./peer/anomalies.ts";
import { type Member, type Peer, type PeerEvents, startPeer } from "./peer/peer.ts";
import type { ConnectionState } from "./peer/relay_client.ts";
import { createProblems, type Problems } from "./problems.ts";
import { formatAddress } from "./protocol/address.ts";
import { ADDRESS_BYTES } from "./protocol/limits.ts";
import type { Role } from "./protocol/card.ts";
import { dialWebSocket } from "./transport/websocket_link.ts";
import { VERSION } from "./version.ts";

/** What a node is made from. */
export interface NodeOptions {
  readonly settings: Settings;
  /** Undefined: the node works on its own machine only. */
  readonly connection: Connection | undefined;
  readonly paths: NodePaths;
  /** What must not get into the audit log. */
  readonly secrets: Pick<Secrets, "redact">;
  readonly role: Role;
  /** Whether the node follows who is in the room: those that dispatch do. */
  readonly watch: boolean;
  /** Whether it runs what others ask. @default unless `no_agent` is set */
  readonly accepts?: boolean;
}

/** A running node. */
export interface Node extends AsyncDisposable {
  readonly id: string;
  readonly name: string;
  readonly fleet: Fleet;
  /** How its own machine is doing. */
  readonly state: HostState;
  /** Absent without a room. */
  readonly peer: Peer | undefined;
}

/**
 * Starts a node. It joins its room in the background and stays until it is disposed of.
 *
 * @throws {ConfigError} If the token is mistyped or the state folder cannot be used.
 */
export async function startNode(options: NodeOptions): Promise<Node> {
  const { settings, connection, paths, role } = options;
  const suite = hybridSuite;
  const seed = await loadHostSeed(paths.stateFolder, () => suite.randomBytes(32));
  const host = await hostIdentity(suite, seed);
  const accepts = options.accepts ?? !settings.no_agent;
  const startedAt = new Date();
  const description: HostDescription = {
    id: host.agentId,
    name: settings.name,
    tags: [...settings.tags],
    role,
    platform: detectPlatform(),
    hostname: hostname(),
    ...detectAccount(),
    // What the machine's owner set, and not that a command such as `call` joins for a moment only to ask.
    accepts: !settings.no_agent,
    version: VERSION,
  };
  // A mistyped token is told before anything is opened.
  const membership = connection === undefined ? undefined : {
    url: new URL(connection.relay),
    secret: await deriveSecret(connection),
  };
  const problems = createProblems();
  const log = loggerOf("node");
  await using opening = new AsyncDisposableStack();
  // The mode may change while the peer is being made.
  let peer: Peer | undefined = undefined;
  const publishMode = (joined: Peer | undefined) => {
    joined?.refreshCard().catch((error: unknown) => log.error("Cannot publish the mode", { error }));
  };
  const local = opening.use(
    await openLocalHost({
      settings,
      paths,
      description,
      startedAt,
      secrets: options.secrets,
      problems,
      isLasting: options.accepts !== false,
      // A client waits a second for its server to end, so what it runs on its own machine has less than the usual 2 s.
      ...(role === "session" ? { endGraceMs: 500 } : {}),
      peers: {
        // Without a room it stands for this machine alone.
        ownAddress: () => peer?.address ?? new Uint8Array(ADDRESS_BYTES),
        async requestPeer(address, call, context) {
          if (peer === undefined) {
            throw new OperationError("not_connected", "Cannot ask the host: this node is not in a room");
          }
          return await peer.request(address, call, context);
        },
      },
      onModeChange: ({ mode, source }) => {
        log.info("The mode has changed", { mode, source });
        publishMode(peer);
      },
    }),
  );
  peer = membership === undefined ? undefined : await startPeer({
    ...membership,
    dial: dialWebSocket,
    suite,
    host,
    describe: () => {
      const { name, tags, platform, version } = description;
      return { name, tags, platform, version, mode: local.modes.status.mode, accepts, role };
    },
    watch: options.watch,
    execute: ({ op, params, caller }, context) =>
      local.executors.execute(op, params, { ...context, caller: callerOf(caller) }),
    events: logEvents(loggerOf("peer"), {
      self: { name: settings.name, id: host.agentId, relay: connection?.relay },
      problems,
    }),
  });
  const joined = opening.use(peer);
  const runStore = opening.use(createRunStore({ stateFolder: paths.stateFolder }));
  const savedRuns = opening.use(openSavedRuns({ stateFolder: paths.stateFolder, now: Date.now }));
  const fleet = createFleet({
    self: { id: host.agentId, name: settings.name },
    executors: local.executors,
    peer: joined,
    describeSelf: () => ({
      ...description,
      isSelf: true,
      mode: local.modes.status.mode,
      connectedSince: startedAt.toISOString(),
      latencyMs: null,
      connections: 1,
    }),
    runStore,
    savedRuns,
    spool: local.spool,
    randomBytes: (length) => suite.randomBytes(length),
  });
  // Commands that join for a moment are nobody's to look at.
  const published = options.accepts === false ? undefined : await publishProcess(paths.stateFolder, () => ({
    pid: Deno.pid,
    role,
    version: VERSION,
    name: settings.name,
    id: host.agentId,
    startedAt: startedAt.toISOString(),
    relay: connection?.relay ?? null,
    connection: describeConnection(joined?.connection),
    ...reportOf(local.state),
    problems: [...problems.latest],
  }));
  opening.move(); // From here on the node owns them, and ends them in an order of its own.
  return {
    id: host.agentId,
    name: settings.name,
    fleet,
    peer: joined,
    get state() {
      return local.state;
    },
    async [Symbol.asyncDispose]() {
      // What was asked of others is given up, and written down.
      await Promise.all([fleet.runs[Symbol.asyncDispose](), fleet.mapReduces[Symbol.asyncDispose]()]);
      // Then commands: their callers are told that they ended while there is still a connection.
      await local[Symbol.asyncDispose]();
      await joined?.[Symbol.asyncDispose]();
      await published?.[Symbol.asyncDispose]();
      await runStore[Symbol.asyncDispose]();
      await savedRuns[Symbol.asyncDispose]();
    },
  };
}

function callerOf({ agentId, card, address }: Member): Caller {
  return { id: agentId, name: card.name, isLocal: false, address: formatAddress(address) };
}

function reportOf({ mode, maxMode, sandbox, running, queued, jobs }: HostState) {
  return { mode, maxMode, sandbox: sandbox.name ?? `none: ${sandbox.reason}`, running, queued, jobs };
}

function describeConnection(state: ConnectionState | undefined): string {
  if (state === undefined) return "works on this machine alone";
  return "reason" in state && state.reason !== undefined ? `${state.status}: ${state.reason}` : state.status;
}

async function deriveSecret({ token, room, encryptionKey }: Connection) {
  try {
    return await deriveRoomSecret({ token, room, encryptionKey, suite: hybridSuite });
  } catch (cause) {
    if (cause instanceof SyntaxError || cause instanceof RangeError) {
      throw new ConfigError(cause.message, { cause });
    }
    throw cause;
  }
}

/** Failed attempts with the same reason that are logged one by one; after that each power of ten. */
const LOGGED_ATTEMPTS = 2;
/** How many anomalies of a kind are logged one by one; after that each power of ten. */
const LOGGED_ANOMALIES = 3;

function logEvents(
  log: Logger,
  { self, problems }: { self: { name: string; id: string; relay: string | undefined }; problems: Problems },
): PeerEvents {
  let last = { reason: "", attempts: 0 };
  return {
    onConnected(observed) {
      last = { reason: "", attempts: 0 };
      log.info("Joined the room", { ...self, observed });
    },
    onDown(reason, wasConnected) {
      last = { reason, attempts: reason === last.reason ? last.attempts + 1 : 1 };
      if (last.attempts === 1) {
        problems.add(`${wasConnected ? "Lost the relay" : "Cannot join the room"}: ${reason}`);
      }
      if (wasConnected) log.warn("Lost the relay, retrying", { reason });
      else if (isWorthLogging(last.attempts, LOGGED_ATTEMPTS)) {
        log.warn("Cannot join the room, retrying", { reason, attempts: last.attempts });
      }
    },
    onAnomaly(kind, { count, detail }) {
      if (!isWorthLogging(count, LOGGED_ANOMALIES)) return;
      log.warn(ANOMALIES[kind], { kind, count, ...(detail === undefined ? {} : { detail }) });
    },
  };
}

/** The first few of what repeats, and then each power of ten. */
function isWorthLogging(count: number, first: number): boolean {
  return count <= first || Number.isInteger(Math.log10(count));
}
