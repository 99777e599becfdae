/**
 * The caller's side of requests: what was asked of other peers and is not answered yet. Each request ends exactly
 * once: by its answer, its deadline, its caller's cancelling, or the loss of its host or link.
 */
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import { type Bytes, equalBytes, fromUtf8, releaseBytes, utf8 } from "../protocol/bytes.ts";
import { INITIAL_CREDIT_BYTES, MAX_INLINE_VALUE_BYTES, MAX_VALUE_BYTES } from "../protocol/limits.ts";
import type { Channel, Header, Message } from "../protocol/message.ts";
import type { Anomalies } from "./anomalies.ts";
import {
  type Collector,
  createCollector,
  createIncomingStream,
  createOutgoingStream,
  type IncomingStream,
  type OutgoingStream,
} from "./streams.ts";

/** Bounds of waiting, in milliseconds, and of credit, in bytes. */
export const PENDING_LIMITS = {
  /** A request that heard nothing for this long is asked again; its host answers from memory or says that it runs. */
  askAgainAfterMs: 10_000,
  /** After this many unanswered repeats the host counts as gone. */
  maxRepeats: 3,
  /** How long an answer waits for output that was announced and has not come. */
  incompleteMs: 30_000,
  /** Beyond its deadline a request waits this long for the host to say so itself. */
  deadlineGraceMs: 2_000,
  /** Credit that all open requests share, so that many hosts at once do not flood the relay. */
  totalCreditBytes: 8 * 1024 * 1024,
  minCreditBytes: 32 * 1024,
} as const;

/** What the host sends beside the answer. */
export type OutputChannel = Extract<Channel, "stdout" | "stderr">;

/** How a request is made. */
export interface RequestOptions {
  /** Cancels the request, on the host too. */
  readonly signal?: AbortSignal | undefined;
  /** Milliseconds that the caller waits. @default as long as it takes */
  readonly deadlineMs?: number | undefined;
  /**
   * Takes output as it comes; while its promise is pending, the host's command waits. The bytes live until then: who
   * keeps them must copy them.
   */
  readonly onOutput?: ((channel: OutputChannel, bytes: Bytes) => void | Promise<void>) | undefined;
}

/** What pending requests need of the peer. */
export interface PendingOptions {
  /** Sends a message in the session with a peer. @throws {OperationError} If it cannot be queued. */
  readonly send: (address: Bytes, header: Header, body?: Bytes) => void;
  readonly drained: () => Promise<void>;
  /** A peer does not even answer a repeated request: what is between us may be broken. */
  readonly onSilent: (address: Bytes) => void;
  readonly anomalies: Anomalies;
  readonly now: () => number;
}

/** The caller's open requests. */
export interface Pending {
  /** Asks a peer to carry out an operation. Rejects with an `OperationError`. */
  request(address: Bytes, call: { op: string; params: unknown }, options?: RequestOptions): Promise<unknown>;
  /** Takes a message that belongs to a request of ours. */
  receive(address: Bytes, message: Message): void;
  /** Ends every request to an address, or all, with an error; those whose answer is all here are left to end by it. */
  fail(error: OperationError, address?: Bytes): void;
  /** Asks a peer again for everything that it has not answered. */
  repeat(address: Bytes): void;
  /** Repeats what is silent and ends what is overdue; called about once a second. */
  tick(): void;
  readonly count: number;
}

interface Entry {
  readonly id: number;
  readonly address: Bytes;
  readonly header: Header;
  /** Parameters that were too large for the header. */
  readonly paramsBytes: Bytes | undefined;
  params: OutgoingStream | undefined;
  readonly window: number;
  readonly outputs: Map<OutputChannel, IncomingStream>;
  result: Collector | undefined;
  response: Extract<Header, { t: "response"; ok: true }> | undefined;
  readonly onOutput: RequestOptions["onOutput"];
  readonly deadlineAt: number;
  heardAt: number;
  repeats: number;
  /** All of the answer is here; a slow consumer may still be at work on it. */
  isFinishing: boolean;
  isSettled: boolean;
  settle(outcome: { value: unknown } | { error: OperationError }): void;
}

/** Makes the caller's side of requests. */
export function createPending(options: PendingOptions): Pending {
  const { send, drained, anomalies, now } = options;
  const entries = new Map<number, Entry>();
  /** The open requests of each address: when one of a thousand hosts leaves, the others' are not looked at. */
  const byAddress = new Map<string, Set<Entry>>();
  let lastId = 0;

  const transmit = (entry: Entry) => {
    send(entry.address, entry.header);
    // Sending it may have shown that the host cannot be reached.
    if (entry.paramsBytes === undefined || entry.isSettled) return;
    entry.params?.fail(new OperationError("cancelled", "Cannot send parameters: they are sent again"));
    entry.params = createOutgoingStream({
      credit: INITIAL_CREDIT_BYTES,
      drained,
      send: (offset, chunk) =>
        send(entry.address, { t: "data", id: entry.id, channel: "params", offset }, chunk),
    });
    // Fails when the request ends first, which settles it by itself, or is repeated.
    entry.params.write(entry.paramsBytes).catch(() => {});
  };

  const cancelOnHost = (entry: Entry) => {
    try {
      send(entry.address, { t: "cancel", id: entry.id });
    } catch {
      // There is no session to cancel in: the host ends the command because its caller is gone.
    }
  };

  const grant = (entry: Entry, channel: Channel) => (bytes: number) => {
    if (entry.isSettled) return;
    try {
      send(entry.address, { t: "credit", id: entry.id, channel, bytes });
    } catch (error) {
      // Without credit the host would wait for ever.
      cancelOnHost(entry);
      entry.settle({ error: OperationError.from(error) });
    }
  };

  const outputOf = (entry: Entry, channel: OutputChannel): IncomingStream => {
    let stream = entry.outputs.get(channel);
    if (stream === undefined) {
      stream = createIncomingStream({
        window: entry.window,
        grant: grant(entry, channel),
        async consume(bytes) {
          try {
            await entry.onOutput?.(channel, bytes);
            releaseBytes(bytes);
          } catch (cause) {
            // Nobody takes the output any more: without this the host's command would wait for credit.
            cancelOnHost(entry);
            entry.settle({ error: OperationError.from(cause) });
            throw cause;
          }
        },
      });
      entry.outputs.set(channel, stream);
    }
    return stream;
  };

  const resultOf = (entry: Entry): Collector => {
    entry.result ??= createCollector(MAX_VALUE_BYTES, {
      window: entry.window,
      grant: grant(entry, "result"),
    });
    return entry.result;
  };

  /** Settles an answered request once all output that the answer announces was received and consumed. */
  const completeIfWhole = (entry: Entry) => {
    const { response } = entry;
    if (response === undefined || entry.isFinishing) return;
    const channels = Object.entries(response.sent ?? {}) as [OutputChannel, number][]; // The schema's keys.
    if (entry.onOutput !== undefined) {
      if (channels.some(([channel, bytes]) => outputOf(entry, channel).received < bytes)) return;
    }
    if (response.resultBytes !== undefined && resultOf(entry).stream.received < response.resultBytes) return;
    entry.isFinishing = true;
    finish(entry, response).then(
      (value) => entry.settle({ value }),
      (cause: unknown) => entry.settle({ error: OperationError.from(cause) }),
    );
  };

  const receiveData = (entry: Entry, { channel, offset }: Extract<Header, { t: "data" }>, body: Bytes) => {
    const stream = channel === "result"
      ? resultOf(entry).stream
      : channel !== "params" && entry.onOutput !== undefined
      ? outputOf(entry, channel)
      : undefined;
    if (stream === undefined || !stream.push(offset, body)) {
      anomalies.count("bad_message", `data on channel "${channel}" that was not asked for`);
      return;
    }
    completeIfWhole(entry);
  };

  const entriesOf = (address: Bytes | undefined): Entry[] => {
    if (address === undefined) return [...entries.values()];
    return [...byAddress.get(formatAddress(address)) ?? []];
  };

  const add = (entry: Entry) => {
    const key = formatAddress(entry.address);
    byAddress.set(key, (byAddress.get(key) ?? new Set()).add(entry));
  };
  const remove = (entry: Entry) => {
    const key = formatAddress(entry.address);
    const others = byAddress.get(key);
    others?.delete(entry);
    if (others?.size === 0) byAddress.delete(key);
  };

  const repeat = (entry: Entry) => {
    entry.heardAt = now();
    try {
      transmit(entry);
    } catch (error) {
      entry.settle({ error: OperationError.from(error) });
    }
  };

  return {
    get count() {
      return entries.size;
    },

    request(address, { op, params }, { signal, deadlineMs, onOutput } = {}) {
      const id = ++lastId;
      const share = PENDING_LIMITS.totalCreditBytes / (entries.size + 1);
      const window = Math.floor(
        Math.min(INITIAL_CREDIT_BYTES, Math.max(PENDING_LIMITS.minCreditBytes, share)),
      );
      const json = JSON.stringify(params);
      const paramsBytes = json.length > MAX_INLINE_VALUE_BYTES / 3 ? utf8(json) : undefined;
      const isLarge = paramsBytes !== undefined && paramsBytes.length > MAX_INLINE_VALUE_BYTES;
      const { promise, resolve, reject } = Promise.withResolvers<unknown>();
      if (isLarge && paramsBytes.length > MAX_VALUE_BYTES) {
        return Promise.reject(
          new OperationError(
            "too_large",
            `Cannot send request: its parameters are ${paramsBytes.length} bytes, the limit is ${MAX_VALUE_BYTES}`,
          ),
        );
      }
      if (signal?.aborted) return Promise.reject(cancelled());
      const onAbort = () => {
        cancelOnHost(entry);
        entry.settle({ error: cancelled() });
      };
      const entry: Entry = {
        id,
        address,
        header: {
          t: "request",
          id,
          op,
          credit: window,
          ...(isLarge ? { paramsBytes: paramsBytes.length } : { params }),
          ...(deadlineMs === undefined ? {} : { deadlineMs }),
          ...(onOutput === undefined ? {} : { stream: true }),
        },
        paramsBytes: isLarge ? paramsBytes : undefined,
        params: undefined,
        window,
        outputs: new Map(),
        result: undefined,
        response: undefined,
        onOutput,
        deadlineAt: deadlineMs === undefined ? Infinity : now() + deadlineMs + PENDING_LIMITS.deadlineGraceMs,
        heardAt: now(),
        repeats: 0,
        isFinishing: false,
        isSettled: false,
        settle(outcome) {
          if (entry.isSettled) return;
          entry.isSettled = true;
          entries.delete(id);
          remove(entry);
          signal?.removeEventListener("abort", onAbort);
          entry.params?.fail(
            new OperationError("cancelled", "Cannot send parameters: the request has ended"),
          );
          if ("error" in outcome) reject(outcome.error);
          else resolve(outcome.value);
        },
      };
      entries.set(id, entry);
      add(entry);
      signal?.addEventListener("abort", onAbort, { once: true });
      try {
        transmit(entry);
      } catch (error) {
        entry.settle({ error: OperationError.from(error) });
      }
      return promise;
    },

    receive(address, { header, body }) {
      const entry = entries.get(header.id);
      // What comes for a request that has ended is late, not wrong.
      if (entry === undefined) return;
      if (!equalBytes(entry.address, address)) {
        anomalies.count("bad_message", "an answer of another peer than was asked");
        return;
      }
      entry.heardAt = now();
      entry.repeats = 0;
      switch (header.t) {
        case "response":
          // The first answer counts: to a repeated request the host may say next that its answer is not kept.
          if (entry.response !== undefined) return;
          if (!header.ok) {
            entry.settle({ error: OperationError.fromWire(header.error) });
            return;
          }
          entry.response = header;
          completeIfWhole(entry);
          return;
        case "data":
          return receiveData(entry, header, body);
        case "credit":
          if (header.channel === "params") entry.params?.grant(header.bytes);
          return;
        case "progress":
          return;
        default:
          anomalies.count("bad_message", `"${header.t}" for a request of ours`);
      }
    },

    fail(error, address) {
      for (const entry of entriesOf(address)) if (!entry.isFinishing) entry.settle({ error });
    },

    repeat(address) {
      for (const entry of entriesOf(address)) repeat(entry);
    },

    tick() {
      const time = now();
      for (const entry of [...entries.values()]) {
        if (entry.isFinishing) continue;
        if (time >= entry.deadlineAt) {
          cancelOnHost(entry);
          entry.settle({
            error: new OperationError("timed_out", "Cannot get an answer: the deadline passed"),
          });
        } else if (time - entry.heardAt < PENDING_LIMITS.askAgainAfterMs) {
          continue;
        } else if (entry.response !== undefined) {
          if (time - entry.heardAt >= PENDING_LIMITS.incompleteMs) entry.settle({ error: lostOutput() });
        } else if (entry.repeats >= PENDING_LIMITS.maxRepeats) {
          entry.settle({ error: silent() });
        } else {
          if (entry.repeats > 0) options.onSilent(entry.address);
          entry.repeats++;
          repeat(entry);
        }
      }
    },
  };
}

async function finish(
  entry: Entry,
  response: Extract<Header, { t: "response"; ok: true }>,
): Promise<unknown> {
  for (const stream of entry.outputs.values()) await stream.consumed();
  if (response.resultBytes === undefined) return response.result;
  const bytes = await entry.result?.collected();
  if (bytes === undefined || bytes.length !== response.resultBytes) throw lostOutput();
  return JSON.parse(fromUtf8(bytes));
}

function cancelled(): OperationError {
  return new OperationError("cancelled", "The request was cancelled");
}

function silent(): OperationError {
  const seconds = (PENDING_LIMITS.askAgainAfterMs * (PENDING_LIMITS.maxRepeats + 1)) / 1000;
  return new OperationError(
    "peer_gone",
    `The host has not answered for ${seconds} s, not even that it is still running`,
  );
}

function lostOutput(): OperationError {
  return new OperationError("link_lost", "The answer is incomplete: part of the output was lost on the way");
}
