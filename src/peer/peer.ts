/**
 * A member of a room: it joins through the relay, knows who else is there, asks them to do things, and does what they
 * ask. Everything that arrives is handed on in one turn; the read loop never waits for work.
 */
import type { CipherSuite } from "../crypto/cipher_suite.ts";
import { createSessionIdentity, type HostIdentity } from "../crypto/identity.ts";
import type { RoomSecret } from "../crypto/room_secret.ts";
import { createCardSealer, type VerifiedCard } from "../crypto/seal.ts";
import { OperationError } from "../errors.ts";
import { type Bytes, equalBytes } from "../protocol/bytes.ts";
import type { Card } from "../protocol/card.ts";
import {
  decodeMessage,
  encodeMessage,
  type Header,
  type Message,
  MessageError,
} from "../protocol/message.ts";
import { isByTicket } from "../protocol/operation.ts";
import type { Dial } from "../transport/link.ts";
import { type Anomalies, type Anomaly, createAnomalies } from "./anomalies.ts";
import { createCardIntake } from "./card_intake.ts";
import { createDispatcher, type Execute } from "./dispatch.ts";
import { createFollows } from "./follows.ts";
import { createLookups } from "./lookups.ts";
import { isForHost } from "./is_for_host.ts";
import { createPending, type RequestOptions } from "./pending.ts";
import { createPings } from "./pings.ts";
import { createReadiness } from "./readiness.ts";
import { type ConnectionState, type RelayClient, startRelayClient } from "./relay_client.ts";
import { type Agent, createRoster, type Member } from "./roster.ts";
import { createSessions } from "./sessions.ts";
import { createTasks } from "./tasks.ts";

const TICK_MS = 1_000;
/** Rosters up to this size have their sessions opened ahead of need. */
const WARM_UP_MEMBERS = 32;

/** What changes about a peer while it runs. */
export type CardBody = Pick<Card, "name" | "tags" | "platform" | "mode" | "accepts" | "role" | "version">;

/** What a peer is made of. */
export interface PeerOptions {
  readonly url: URL;
  readonly dial: Dial;
  readonly suite: CipherSuite;
  readonly secret: RoomSecret;
  readonly host: HostIdentity;
  /** The description of this peer, as it is now. */
  readonly describe: () => CardBody;
  /** Whether to follow who is in the room. */
  readonly watch: boolean;
  /** Carries out what members ask. @throws {OperationError} */
  readonly execute: ExecuteForMember;
  readonly events?: PeerEvents;
  /** Milliseconds since any fixed moment. @default performance.now */
  readonly now?: () => number;
  /** Milliseconds since 1970. @default Date.now */
  readonly wallClock?: () => number;
  /** @default Math.random, which is good enough for the spreading of reconnects */
  readonly random?: () => number;
}

/** The executors' entrance: like {@link Execute}, with who the caller is. */
export type ExecuteForMember = (
  call: { readonly op: string; readonly params: unknown; readonly caller: Member },
  context: Parameters<Execute>[1],
) => Promise<unknown>;

/** What a peer reports, for the log. */
export interface PeerEvents {
  onConnected?(observed: string): void;
  onDown?(reason: string, wasConnected: boolean): void;
  onAnomaly?(kind: Anomaly, info: { count: number; detail: string | undefined }): void;
}

/** A running peer. */
export interface Peer extends AsyncDisposable {
  /** Where others reach this process. */
  readonly address: Bytes;
  readonly agentId: string;
  readonly connection: ConnectionState;
  /** The agents in the room, this one included; only who shook hands or was asked unless the peer watches. */
  readonly agents: readonly Agent[];
  /** Calls `listener` at once after each change of `agents`; it gathers them itself. Returns what ends it. */
  onAgentsChange(listener: () => void): () => void;
  readonly anomalies: Anomalies;
  /**
   * Resolves when the peer is connected and knows the room.
   *
   * @throws {OperationError} With `not_connected` and the reason if that does not happen within 5 s.
   */
  ready(): Promise<void>;
  /**
   * Asks one connection of an agent to carry out an operation, whether it is in the roster or not. Rejects with an
   * `OperationError`.
   */
  request(address: Bytes, call: { op: string; params: unknown }, options?: RequestOptions): Promise<unknown>;
  /** Measures the round trip to a connection, in milliseconds. */
  ping(address: Bytes, timeoutMs: number): Promise<number>;
  /** Publishes the description anew. */
  refreshCard(): Promise<void>;
}

/** Starts a peer. It connects in the background, and reconnects for ever. */
export async function startPeer(options: PeerOptions): Promise<Peer> {
  const { suite, secret, host, watch } = options;
  const now = options.now ?? (() => performance.now());
  const wallClock = options.wallClock ?? (() => Date.now());
  const identity = await createSessionIdentity(suite);
  const anomalies = createAnomalies(options.events?.onAnomaly?.bind(options.events));
  const sealer = await createCardSealer(suite, {
    cardKey: secret.cardKey,
    roomPublicKey: secret.roomKey.publicKey,
    host,
    session: identity,
  });
  const tasks = createTasks();
  const roster = createRoster();
  /** Who stands behind an address: kept while the link is down, since sessions go on after it. */
  const introduced = createRoster();
  const startedAt = wallClock();
  let connectedAt = startedAt;
  let seq = 0;
  let ownCard: Bytes = new Uint8Array(0);
  /** The card that the present connection joined with. */
  let joinCard = ownCard;
  let isRosterWhole = false;

  const sealOwnCard = async (): Promise<Bytes> => {
    ownCard = await sealer.seal({
      v: 1,
      seq: ++seq,
      ...options.describe(),
      capabilities: [],
      startedAt,
      connectedAt,
    });
    return ownCard;
  };

  const rememberCard = (address: Bytes, verified: VerifiedCard): void => {
    const outcome = roster.accept(address, verified);
    introduced.accept(address, verified);
    if (outcome === "imposter") anomalies.count("bad_card", "an address that another machine holds");
    if (outcome === "imposter") lookups.fail(notItsCard(), address);
    else lookups.found(address);
    if (outcome === "added" && isRosterWhole) warmUp([{ ...verified, address }]);
  };

  /** A large fleet is shaken hands with as it is asked; all at once would hold up what is asked meanwhile. */
  const warmUp = (members: readonly Member[]) => {
    if (!watch || roster.size > WARM_UP_MEMBERS) return;
    for (const { address, card } of members) {
      if (card.accepts && !equalBytes(address, identity.address)) sessions.open(address);
    }
  };

  const send = (address: Bytes, header: Header, body?: Bytes) =>
    sessions.send(address, encodeMessage(header, body));
  const drained = () => client.drained();

  const pending = createPending({
    send,
    drained,
    onSilent: (address) => sessions.renew(address),
    anomalies,
    now,
  });
  const pings = createPings({ send, now });
  const follows = createFollows((address, { card }) => {
    client.sendControl({ type: "follow", address, ...(card ? { card } : {}) });
    if (card) lookups.sent(address);
  });
  const lookups = createLookups({ ask: (address) => follows.ask(address), now });
  /** Returns what of the deadline is left when the card of an address is known. */
  const findCard = async (address: Bytes, { signal, deadlineMs }: RequestOptions = {}) => {
    if (client.state.status !== "connected") throw notConnected();
    if (roster.get(address) !== undefined) return deadlineMs;
    const startedAt = now();
    await lookups.find(address, { signal, timeoutMs: deadlineMs });
    return deadlineMs === undefined ? undefined : Math.max(0, deadlineMs - (now() - startedAt));
  };
  const dispatcher = createDispatcher({
    execute: (call, context) => {
      const caller = introduced.get(call.caller.address);
      // It left while its request was on the way; nobody would take the answer.
      if (caller === undefined) throw new OperationError("cancelled", "The caller has left");
      return options.execute({ ...call, caller }, context);
    },
    accepts: (op) => options.describe().accepts || isByTicket(op),
    send,
    drained,
    anomalies,
    now,
  });

  const failRequests = (error: OperationError, address?: Bytes) => {
    pending.fail(error, address);
    pings.fail(error, address);
  };

  const deliver = (address: Bytes, plaintext: Bytes) => {
    let message: Message;
    try {
      message = decodeMessage(plaintext);
    } catch (error) {
      if (!(error instanceof MessageError)) throw error;
      anomalies.count("bad_message", error.message);
      return;
    }
    // Whoever does not watch the room asks to be told when this caller leaves, so that its commands end with it.
    if (message.header.t === "request" && !watch) follows.add(address);
    if (message.header.t === "pong") pings.receive(address, message.header.id);
    else if (isForHost(message.header)) dispatcher.receive(address, message);
    else pending.receive(address, message);
  };

  const sessions = createSessions({
    suite,
    identity,
    psk: secret.sessionPsk,
    roomPublicKey: secret.roomKey.publicKey,
    ownCard: () => ownCard,
    dhKeyOf: (address) => roster.get(address)?.dhKey,
    async acceptCard(address, sealed) {
      const verified = await sealer.open(address, sealed);
      rememberCard(address, verified);
      // Who does not watch the room hears only of those it follows: without this the roster would keep all who ever came.
      if (!watch) follows.add(address);
      return verified;
    },
    sendFrame: (address, payload) => client.sendFrame(address, payload),
    deliver,
    onUnreachable: (address, error) => failRequests(error, address),
    onRenewed: (address) => pending.repeat(address),
    anomalies,
    tasks,
    now,
  });

  const forget = (address: Bytes, reason: string) => {
    lookups.fail(new OperationError("peer_gone", "Cannot ask the host: it is not in the room"), address);
    follows.remove(address);
    roster.remove(address);
    introduced.remove(address);
    sessions.drop(address);
    failRequests(new OperationError("peer_gone", reason), address);
    dispatcher.abandon("The caller has left", address);
  };

  const cards = createCardIntake({
    open: (address, sealed) => sealer.open(address, sealed),
    onCard(address, verified) {
      const known = roster.get(address);
      // Of a relay only: a handshake may have been on its way while its peer published a newer card.
      if (known?.agentId === verified.agentId && verified.card.seq < known.card.seq) {
        anomalies.count("stale_card");
      }
      rememberCard(address, verified);
    },
    onBadCard(address, error) {
      anomalies.count("bad_card", error.message);
      lookups.fail(notItsCard(), address);
    },
    tasks,
  });

  const client: RelayClient = startRelayClient({
    url: options.url,
    dial: options.dial,
    suite,
    roomKey: secret.roomKey,
    identity,
    client: `remote-agent/${options.describe().version}`,
    watch,
    anomalies,
    now,
    random: options.random ?? Math.random,
    async createCard() {
      connectedAt = wallClock();
      return joinCard = await sealOwnCard();
    },
    handlers: {
      onFrame: (address, payload) => sessions.receive(address, payload),
      onRoster(peers, more) {
        for (const { address, card } of peers) cards.receive(address, card);
        if (more) return;
        cards.after(() => {
          isRosterWhole = true;
          warmUp(roster.members);
          readiness.settle();
        });
      },
      onJoined: (address, card) => cards.receive(address, card),
      onLeft: (address) => cards.after(() => forget(address, "The host left before it answered")),
      onUndeliverable: (address) => cards.after(() => forget(address, "The host is not there any more")),
      onConnected({ observed }) {
        follows.clear();
        // The description has changed while the connection was being made.
        if (ownCard !== joinCard) client.sendControl({ type: "card", card: ownCard });
        options.events?.onConnected?.(observed);
        readiness.settle();
      },
      onDown(reason, wasConnected) {
        isRosterWhole = false;
        follows.clear();
        if (wasConnected) {
          roster.clear();
          lookups.fail(new OperationError("link_lost", `The connection to the relay was lost (${reason})`));
          sessions.interrupt();
          failRequests(
            new OperationError(
              "link_lost",
              `The connection to the relay was lost before the answer came (${reason}); the request is not repeated`,
              {
                remedy:
                  "The host ends a command whose caller is gone. See what it did before you run it again",
              },
            ),
          );
          dispatcher.abandon("The connection to the relay was lost");
        }
        options.events?.onDown?.(reason, wasConnected);
        readiness.fail(notConnected());
      },
    },
  });

  const notConnected = () => {
    const { state } = client;
    const reason = "reason" in state && state.reason !== undefined ? `: ${state.reason}` : "";
    return new OperationError("not_connected", `Not connected to the relay, retrying${reason}`, {
      remedy: "Tools without agent_id work on this machine meanwhile",
    });
  };

  const readiness = createReadiness({
    isReady: () => client.state.status === "connected" && (isRosterWhole || !watch),
    hasFailed: () => client.state.status === "waiting",
    explain: notConnected,
  });

  const timer = setInterval(() => {
    client.tick();
    sessions.tick();
    pending.tick();
    pings.tick();
    follows.tick();
    lookups.tick();
    dispatcher.tick();
  }, TICK_MS);

  return {
    address: identity.address,
    agentId: host.agentId,
    anomalies,
    get connection() {
      return client.state;
    },
    get agents() {
      return roster.agents;
    },
    onAgentsChange: (listener) => roster.onChange(listener),
    ready: () => readiness.wait(),
    async request(address, call, requestOptions) {
      const deadlineMs = await findCard(address, requestOptions);
      return await pending.request(address, call, { ...requestOptions, deadlineMs });
    },
    async ping(address, timeoutMs) {
      const leftMs = await findCard(address, { deadlineMs: timeoutMs });
      return await pings.ping(address, leftMs ?? timeoutMs);
    },
    async refreshCard() {
      client.sendControl({ type: "card", card: await sealOwnCard() });
    },
    async [Symbol.asyncDispose]() {
      clearInterval(timer);
      const ending = new OperationError("cancelled", "The program is ending");
      readiness.fail(ending);
      lookups.fail(ending);
      failRequests(ending);
      dispatcher.abandon("The host's program is ending");
      await client[Symbol.asyncDispose]();
      await tasks.settled();
    },
  };
}

function notItsCard(): OperationError {
  return new OperationError(
    "unknown_agent",
    "Cannot ask the host: the card that the relay gave is not its own",
  );
}

export type { Agent, Member };
