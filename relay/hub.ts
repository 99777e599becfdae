/**
 * All connections of a relay: who waits to join, who is in which room, who is closing. It carries out what
 * rooms decide, and its one timer ends whoever exceeds a deadline.
 */
import { type Caller, Connection, type ConnectionLimits, type ConnectionOwner } from "./connection.ts";
import { type Effect, type Refusal, refuse } from "./core/effect.ts";
import { checkJoin } from "./core/join.ts";
import { createRoom, isEmptyRoom, room, type RoomInput, type RoomState } from "./core/room.ts";
import { type LineLog, printable, RefusalLog } from "./refusal_log.ts";
import type { RelayErrorCode, RelayLimits } from "../src/protocol/control.ts";

/** What a hub holds its connections to. */
export interface HubOptions extends ConnectionLimits {
  readonly allowedRooms: ReadonlySet<string>;
  readonly publicHost: string | undefined;
  readonly maxConnections: number;
  readonly maxRoomSize: number;
  readonly idleTimeoutSecs: number;
  /** Connections that may wait to join; the oldest makes room for one more. */
  readonly maxPending: number;
  readonly joinTimeoutMs: number;
  /** How long a peer may take to answer the close. */
  readonly closeGraceMs: number;
  readonly log: LineLog;
  readonly now: () => number;
}

/** Counts since the start, and of now. */
export interface RelayMetrics {
  /** Joined connections. */
  readonly connections: number;
  readonly pending: number;
  readonly closing: number;
  readonly rooms: number;
  /** Frames that members sent. */
  readonly frames: number;
  readonly bytes: number;
  /** Connections refused or ended, by reason. */
  readonly refused: Readonly<Partial<Record<RelayErrorCode, number>>>;
}

/** The connections of one relay. */
export class Hub {
  readonly #options: HubOptions;
  readonly #limits: RelayLimits;
  readonly #refusals: RefusalLog;
  readonly #rooms = new Map<string, RoomState<Connection>>();
  /** In the order in which they came. */
  readonly #pending = new Set<Connection>();
  readonly #joined = new Set<Connection>();
  /** Until when each may take to answer its close, earliest first. */
  readonly #closing = new Map<Connection, number>();
  readonly #refused: Partial<Record<RelayErrorCode, number>> = {};
  /** Joins that are being checked. */
  readonly #admissions = new Set<Promise<void>>();
  readonly #owner: ConnectionOwner;
  readonly #timer: ReturnType<typeof setInterval>;
  #frames = 0;
  #bytes = 0;
  #isDraining = false;
  #onAllGone: (() => void) | undefined;

  /** Starts the timer, which {@link Hub.drain} stops. */
  constructor(options: HubOptions) {
    this.#options = options;
    const { framesPerSec, bytesPerSec, idleTimeoutSecs } = options;
    this.#limits = { framesPerSec, bytesPerSec, idleTimeoutSecs };
    this.#refusals = new RefusalLog(options.log);
    this.#owner = {
      now: options.now,
      onJoinText: (connection, text) => {
        const admission = this.#admit(connection, text).finally(() => this.#admissions.delete(admission));
        this.#admissions.add(admission);
      },
      onInput: (connection, input) => this.#input(connection, input),
      onEnded: (connection, refusal) => this.#ended(connection, refusal),
      onGone: (connection) => this.#gone(connection),
    };
    const periodMs = Math.min(1000, Math.max(20, options.joinTimeoutMs / 4));
    this.#timer = setInterval(() => this.#sweep(), periodMs);
  }

  /**
   * Tells whether one more connection can be taken. Those that wait to join give way, so only joined ones fill a
   * relay; those that do not answer their close count apart, to the same bound.
   */
  hasRoom(): boolean {
    const { maxConnections } = this.#options;
    return !this.#isDraining && this.#joined.size < maxConnections && this.#closing.size < maxConnections;
  }

  /** Takes the socket of an upgrade; ends the oldest that waits to join where there would be too many. */
  accept(socket: WebSocket, caller: Caller): void {
    const { maxPending, maxConnections } = this.#options;
    const [oldest] = this.#pending;
    const isFull = this.#pending.size >= maxPending ||
      this.#pending.size + this.#joined.size >= maxConnections;
    if (oldest !== undefined && isFull) {
      oldest.end(refuse("join_timeout", "Cannot wait for the join: too many connections have not joined"));
    }
    this.#pending.add(new Connection(socket, caller, { owner: this.#owner, limits: this.#options }));
  }

  /** Counts, for `/health`, tests and benchmarks. */
  metrics(): RelayMetrics {
    return {
      connections: this.#joined.size,
      pending: this.#pending.size,
      closing: this.#closing.size,
      rooms: this.#rooms.size,
      frames: this.#frames,
      bytes: this.#bytes,
      refused: { ...this.#refused },
    };
  }

  /**
   * Ends every connection with 1012, waits until the peers answered, and gives up on the rest.
   *
   * @param timeoutMs - how long to wait
   */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    clearInterval(this.#timer);
    const refusal = refuse("restarting", "Cannot keep the connection: the relay is restarting");
    for (const connection of [...this.#pending, ...this.#joined]) connection.end(refusal);
    if (this.#closing.size > 0) {
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#onAllGone = resolve;
      const deadline = setTimeout(resolve, timeoutMs);
      await promise;
      clearTimeout(deadline);
    }
    for (const connection of [...this.#closing.keys()]) connection.terminate();
    await Promise.all(this.#admissions);
    this.#refusals.flush();
  }

  async #admit(connection: Connection, text: string): Promise<void> {
    const { publicHost, allowedRooms, maxRoomSize, log } = this.#options;
    const { host, remote } = connection.caller;
    const outcome = await checkJoin(text, {
      nonce: connection.nonce,
      expectedHosts: publicHost === undefined ? [host] : [host, publicHost],
      allowedRooms,
    });
    if (connection.stage !== "verifying") return;
    if (!outcome.ok) {
      connection.end(outcome.refusal);
      return;
    }
    const { roomId, address, card, watch, client } = outcome.joined;
    const state = this.#rooms.get(roomId) ?? createRoom<Connection>({ maxMembers: maxRoomSize });
    this.#rooms.set(roomId, state);
    connection.room = { id: roomId, state };
    connection.stage = "joined";
    this.#pending.delete(connection);
    this.#joined.add(connection);
    log.debug(`Joined ${remote} to room ${roomId}, ${printable(client)}`);
    this.#input(connection, {
      kind: "joined",
      connection,
      address,
      card,
      watch,
      observed: remote,
      limits: this.#limits,
    });
  }

  #input(connection: Connection, input: RoomInput<Connection>): void {
    if (connection.room === undefined) return;
    if (input.kind === "frames") {
      this.#frames += input.offsets.length - 1;
      this.#bytes += input.message.length;
    }
    this.#apply(room(connection.room.state, input));
  }

  #apply(effects: readonly Effect<Connection>[]): void {
    for (const effect of effects) {
      if (effect.kind === "forward") effect.to.outbox.forward(effect.segment);
      else if (effect.kind === "text") effect.to.outbox.sendText(effect.text);
      else effect.to.end(effect.refusal);
    }
  }

  #ended(connection: Connection, refusal: Refusal): void {
    const nowMs = this.#options.now();
    this.#refused[refusal.code] = (this.#refused[refusal.code] ?? 0) + 1;
    if (refusal.code !== "restarting") this.#refusals.note(connection.caller.remote, refusal, nowMs);
    this.#remove(connection);
    this.#closing.set(connection, nowMs + this.#options.closeGraceMs);
  }

  #gone(connection: Connection): void {
    this.#remove(connection);
    this.#closing.delete(connection);
    if (this.#closing.size === 0) this.#onAllGone?.();
  }

  #remove(connection: Connection): void {
    this.#pending.delete(connection);
    this.#joined.delete(connection);
    const membership = connection.room;
    if (membership === undefined) return;
    connection.room = undefined;
    const { id, state } = membership;
    const effects = room(state, { kind: "left", connection });
    // While all are being ended, a "left" for each would make a restart look like the end of the peers.
    if (!this.#isDraining) this.#apply(effects);
    if (isEmptyRoom(state) && this.#rooms.get(id) === state) this.#rooms.delete(id);
  }

  #sweep(): void {
    const nowMs = this.#options.now();
    for (const connection of this.#pending) {
      if (nowMs - connection.sinceMs < this.#options.joinTimeoutMs) break;
      const seconds = this.#options.joinTimeoutMs / 1000;
      connection.end(refuse("join_timeout", `Cannot wait for the join: it did not come in ${seconds} s`));
    }
    for (const [connection, deadlineMs] of this.#closing) {
      if (nowMs < deadlineMs) break;
      connection.terminate();
    }
    this.#refusals.tick(nowMs);
  }
}
