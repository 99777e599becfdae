/**
 * The host's side of requests: takes what peers ask, hands it to the executors, and sends output and answers back.
 * There is one path for every link. Nothing here is awaited by the read loop.
 */
import { OperationError } from "../errors.ts";
import { formatAddress } from "../protocol/address.ts";
import { type Bytes, fromUtf8, utf8 } from "../protocol/bytes.ts";
import { INITIAL_CREDIT_BYTES, MAX_INLINE_VALUE_BYTES, MAX_VALUE_BYTES } from "../protocol/limits.ts";
import type { Channel, Header, Message } from "../protocol/message.ts";
import type { Anomalies } from "./anomalies.ts";
import { createRequestMemory, type RequestMemory, type Response } from "./memory.ts";
import { SESSION_LIMITS } from "./session_table.ts";
import { type Collector, createCollector, createOutgoingStream, type OutgoingStream } from "./streams.ts";

/** Requests whose parameters are on their way, of one peer. */
const MAX_ASSEMBLING = 64;
/** Bytes of such parameters, of all peers together. */
const MAX_ASSEMBLED_BYTES = 64 * 1024 * 1024;
/** Bytes of those of requests that run or wait for a place: they are held until the answer. */
const MAX_RUNNING_BYTES = 256 * 1024 * 1024;
/** Milliseconds without a chunk after which parameters are no longer waited for. */
const ASSEMBLING_TIMEOUT_MS = 60_000;
/**
 * Milliseconds without a request or an answer after which a peer is forgotten: longer than records of one session can
 * be opened, or a copy of a request that a relay kept back would count as new.
 */
const FORGET_AFTER_MS = SESSION_LIMITS.rekeyAfterMs + 2 * SESSION_LIMITS.graceMs;
const MAX_TIMER_MS = 2 ** 31 - 1;
/** Peers that are remembered; the longest idle goes first. */
const MAX_PEERS = 4096;

/** Who asks, by the address that its session proved. */
export interface Caller {
  readonly address: Bytes;
}

/** Carries out an operation; the executors' one entrance. Rejects with an `OperationError`. */
export type Execute = (
  call: { readonly op: string; readonly params: unknown; readonly caller: Caller },
  context: {
    readonly signal: AbortSignal;
    readonly output?: ((channel: "stdout" | "stderr", bytes: Bytes) => Promise<void>) | undefined;
  },
) => Promise<unknown>;

/** What the dispatcher needs of the peer. */
export interface DispatchOptions {
  readonly execute: Execute;
  /** Whether the node carries out an operation for others: on a `--no-agent` node only what asks for a ticket. */
  readonly accepts: (op: string) => boolean;
  /** Sends a message in the session with a peer. @throws {OperationError} If it cannot be queued. */
  readonly send: (address: Bytes, header: Header, body?: Bytes) => void;
  readonly drained: () => Promise<void>;
  readonly anomalies: Anomalies;
  readonly now: () => number;
}

/** The host's side of requests. */
export interface Dispatcher {
  /** Takes a message about a request of a peer. */
  receive(address: Bytes, message: Message): void;
  /** Ends what runs for a peer, or for all, because nobody is there to take the answer. */
  abandon(reason: string, address?: Bytes): void;
  /** Forgets old answers; called about once a second. */
  tick(): void;
  /** Requests of others that are being worked on. */
  readonly running: number;
}

interface CallerState {
  readonly address: Bytes;
  readonly memory: RequestMemory;
  readonly jobs: Map<number, Running>;
  readonly assembling: Map<number, Assembly>;
  usedAt: number;
}

/** A request whose parameters are on their way. */
interface Assembly {
  readonly request: Request;
  readonly collector: Collector;
  heardAt: number;
}

interface Running {
  readonly controller: AbortController;
  /** Bytes of parameters that came as a stream. */
  readonly paramsBytes: number;
  readonly streams: Map<Channel, OutgoingStream>;
}

type Request = Extract<Header, { t: "request" }>;

/** Makes the host's side of requests. */
export function createDispatcher(options: DispatchOptions): Dispatcher {
  const { send, now, anomalies } = options;
  const callers = new Map<string, CallerState>();

  const callerOf = (address: Bytes): CallerState => {
    const key = formatAddress(address);
    let caller = callers.get(key);
    if (caller === undefined) {
      caller = {
        address: address.slice(),
        memory: createRequestMemory(),
        jobs: new Map(),
        assembling: new Map(),
        usedAt: 0,
      };
    }
    // Kept in the order of use, so that the longest idle is first.
    callers.delete(key);
    callers.set(key, caller);
    caller.usedAt = now();
    for (const [oldKey, old] of callers) {
      if (callers.size <= MAX_PEERS) break;
      if (old.jobs.size === 0) callers.delete(oldKey);
    }
    return caller;
  };

  /** Sends unless the session is gone; the caller learns of that by itself. */
  const trySend = (address: Bytes, header: Header, body?: Bytes) => {
    try {
      send(address, header, body);
    } catch (error) {
      if (!(error instanceof OperationError)) throw error;
    }
  };

  const refuse = (caller: CallerState, id: number, error: OperationError) =>
    trySend(caller.address, { t: "response", id, ok: false, error: error.toWire() });

  const begin = (caller: CallerState, request: Request) => {
    const { id } = request;
    // What is still on its way was not carried out, whatever came after it; its parameters begin anew.
    const isAssembling = caller.assembling.has(id);
    const known = isAssembling ? { kind: "new" } as const : caller.memory.recall(id);
    if (known.kind !== "new") {
      anomalies.count("repeated_request");
      if (known.kind === "running") trySend(caller.address, { t: "progress", id });
      else if (known.kind === "answered") trySend(caller.address, known.response);
      else {refuse(
          caller,
          id,
          new OperationError("link_lost", "The request was carried out before; its answer is lost"),
        );}
      return;
    }
    if (!options.accepts(request.op)) {
      refuse(
        caller,
        id,
        new OperationError("not_accepting", "The host does not run requests of others", {
          remedy: "Its owner started it with --no-agent; choose another host",
        }),
      );
      return;
    }
    if (request.paramsBytes === undefined) {
      caller.assembling.delete(id);
      run(caller, request, request.params);
      return;
    }
    const isTooMuch = runningBytes(callers.values()) + request.paramsBytes > MAX_RUNNING_BYTES;
    if (!isAssembling && (caller.assembling.size >= MAX_ASSEMBLING || isTooMuch)) {
      refuse(caller, id, tooManyLarge());
      return;
    }
    const collector = createCollector(MAX_VALUE_BYTES, {
      window: INITIAL_CREDIT_BYTES,
      grant: (bytes) => trySend(caller.address, { t: "credit", id, channel: "params", bytes }),
    });
    caller.assembling.set(id, { request, collector, heardAt: now() });
  };

  const receiveParams = (
    caller: CallerState,
    { id, offset }: Extract<Header, { t: "data" }>,
    body: Bytes,
  ) => {
    const assembly = caller.assembling.get(id);
    // Parameters of a request that has ended or was refused are late, not wrong.
    if (assembly === undefined) return;
    const { request, collector } = assembly;
    assembly.heardAt = now();
    if (!collector.stream.push(offset, body)) anomalies.count("bad_message", "parameters beyond the credit");
    if (collector.stream.received < (request.paramsBytes ?? 0)) {
      if (assembledBytes(callers.values()) <= MAX_ASSEMBLED_BYTES) return;
      caller.assembling.delete(id);
      refuse(caller, id, tooManyLarge());
      return;
    }
    caller.assembling.delete(id);
    run(caller, request, parseParams(collector));
  };

  /** Counts as running from this turn on, also while `params` are still a promise: the request may come again in it. */
  const run = (caller: CallerState, request: Request, params: unknown) => {
    const { id, op, deadlineMs } = request;
    const running: Running = {
      controller: new AbortController(),
      paramsBytes: request.paramsBytes ?? 0,
      streams: new Map(),
    };
    caller.jobs.set(id, running);
    caller.memory.start(id);
    // A deadline past the longest timer, 24 days, is left to the caller.
    const deadline = deadlineMs === undefined || deadlineMs > MAX_TIMER_MS ? undefined : setTimeout(
      () => stop(running, new OperationError("timed_out", "The request's deadline passed")),
      deadlineMs,
    );
    const streamOf = (channel: Channel): OutgoingStream => {
      let stream = running.streams.get(channel);
      if (stream === undefined) {
        stream = createOutgoingStream({
          credit: request.credit ?? INITIAL_CREDIT_BYTES,
          drained: options.drained,
          send: (offset, chunk) => send(caller.address, { t: "data", id, channel, offset }, chunk),
        });
        running.streams.set(channel, stream);
      }
      return stream;
    };
    const answer = async (): Promise<Response> => {
      const call = { op, params: await params, caller: { address: caller.address } };
      const result = await options.execute(call, {
        signal: running.controller.signal,
        ...(request.stream ? { output: (channel, bytes) => streamOf(channel).write(bytes) } : {}),
      });
      const sent = Object.fromEntries(
        [...running.streams].map(([channel, stream]) => [channel, stream.sent]),
      );
      const whole: Response = { t: "response", id, ok: true, result, ...(request.stream ? { sent } : {}) };
      const json = JSON.stringify(result);
      if (json.length <= MAX_INLINE_VALUE_BYTES / 3) return whole;
      const bytes = utf8(json);
      if (bytes.length <= MAX_INLINE_VALUE_BYTES) return whole;
      if (bytes.length > MAX_VALUE_BYTES) {
        throw new OperationError(
          "too_large",
          `Cannot send the result: it is ${bytes.length} bytes, the limit is ${MAX_VALUE_BYTES}`,
        );
      }
      await streamOf("result").write(bytes);
      const { result: _sentAsStream, ...rest } = whole;
      return { ...rest, resultBytes: bytes.length };
    };
    answer()
      .catch((thrown: unknown): Response => {
        const { signal } = running.controller;
        const error = signal.aborted && signal.reason instanceof OperationError ? signal.reason : thrown;
        return { t: "response", id, ok: false, error: OperationError.from(error).toWire() };
      })
      .then((response) => {
        clearTimeout(deadline);
        caller.jobs.delete(id);
        caller.usedAt = now();
        // A result that went as a stream is not kept: asked again, the request counts as carried out and its answer as lost.
        const isWhole = !response.ok || response.resultBytes === undefined;
        caller.memory.answer(id, isWhole ? response : lostAnswer(id), now());
        trySend(caller.address, response);
      });
  };

  const abandonCaller = (caller: CallerState, reason: OperationError) => {
    caller.assembling.clear();
    for (const running of caller.jobs.values()) stop(running, reason);
  };

  return {
    get running() {
      let count = 0;
      for (const { jobs } of callers.values()) count += jobs.size;
      return count;
    },

    receive(address, { header, body }) {
      if (header.t === "ping") {
        trySend(address, { t: "pong", id: header.id });
        return;
      }
      if (header.t === "request") {
        begin(callerOf(address), header);
        return;
      }
      const caller = callers.get(formatAddress(address));
      const running = caller?.jobs.get(header.id);
      switch (header.t) {
        case "data":
          if (caller !== undefined) receiveParams(caller, header, body);
          return;
        case "credit":
          running?.streams.get(header.channel)?.grant(header.bytes);
          return;
        case "cancel": {
          caller?.assembling.delete(header.id);
          if (running !== undefined) {
            stop(running, new OperationError("cancelled", "The caller cancelled the request"));
          }
          return;
        }
        default:
          anomalies.count("bad_message", `"${header.t}" from a caller`);
      }
    },

    abandon(reason, address) {
      const error = new OperationError("link_lost", reason);
      if (address === undefined) {
        for (const caller of callers.values()) abandonCaller(caller, error);
        return;
      }
      const caller = callers.get(formatAddress(address));
      if (caller !== undefined) abandonCaller(caller, error);
    },

    tick() {
      const time = now();
      for (const [key, caller] of callers) {
        caller.memory.prune(time);
        for (const [id, { heardAt }] of caller.assembling) {
          if (time - heardAt < ASSEMBLING_TIMEOUT_MS) continue;
          caller.assembling.delete(id);
          refuse(caller, id, new OperationError("timed_out", "The parameters did not come in time"));
        }
        if (caller.jobs.size === 0 && time - caller.usedAt > FORGET_AFTER_MS) callers.delete(key);
      }
    },
  };
}

function assembledBytes(callers: Iterable<CallerState>): number {
  let sum = 0;
  for (const { assembling } of callers) {
    for (const { collector } of assembling.values()) sum += collector.stream.received;
  }
  return sum;
}

function runningBytes(callers: Iterable<CallerState>): number {
  let sum = 0;
  for (const { jobs } of callers) {
    for (const { paramsBytes } of jobs.values()) sum += paramsBytes;
  }
  return sum;
}

function tooManyLarge(): OperationError {
  return new OperationError("busy", "Cannot take the request: too many large ones are on their way");
}

/** Ends a request, also where its output or result waits for credit. */
function stop({ controller, streams }: Running, reason: OperationError): void {
  controller.abort(reason);
  for (const stream of streams.values()) stream.fail(reason);
}

async function parseParams(collector: Collector): Promise<unknown> {
  try {
    return JSON.parse(fromUtf8(await collector.collected()));
  } catch (cause) {
    throw new OperationError("bad_request", "Cannot read the parameters", { cause });
  }
}

function lostAnswer(id: number): Response {
  const error = new OperationError(
    "link_lost",
    "The request was carried out; its answer was lost on the way",
  );
  return { t: "response", id, ok: false, error: error.toWire() };
}
