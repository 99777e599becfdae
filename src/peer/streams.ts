/**
 * The byte streams inside a request, under credit: a sender sends no more than the receiver granted, so a slow reader
 * slows the pipe at the other end down and fills no buffer between.
 */
import { type Bytes, concatBytes } from "../protocol/bytes.ts";
import { MAX_CHUNK_BYTES } from "../protocol/limits.ts";

/** The sending end of one stream. */
export interface OutgoingStream {
  /** Bytes sent so far. */
  readonly sent: number;
  /** Sends bytes as credit allows; resolves when the last of them were sent. Calls must not overlap. */
  write(bytes: Bytes): Promise<void>;
  /** Adds credit that the receiver granted. */
  grant(bytes: number): void;
  /** Makes a waiting and every later write reject. */
  fail(reason: unknown): void;
}

/**
 * Makes the sending end.
 *
 * @param options.credit - bytes that may be sent before the first grant
 * @param options.send - sends one chunk of at most 128 KiB
 * @param options.drained - resolves when the link can take more
 */
export function createOutgoingStream(
  options: {
    readonly credit: number;
    readonly send: (offset: number, chunk: Bytes) => void;
    readonly drained: () => Promise<void>;
  },
): OutgoingStream {
  let credit = options.credit;
  let sent = 0;
  let failure: { reason: unknown } | undefined;
  let wake: (() => void) | undefined;

  return {
    get sent() {
      return sent;
    },
    async write(bytes) {
      let at = 0;
      while (at < bytes.length) {
        if (failure !== undefined) throw failure.reason;
        if (credit === 0) {
          await new Promise<void>((resolve) => (wake = resolve));
          continue;
        }
        const chunk = bytes.subarray(at, at + Math.min(credit, MAX_CHUNK_BYTES, bytes.length - at));
        options.send(sent, chunk);
        at += chunk.length;
        sent += chunk.length;
        credit -= chunk.length;
        await options.drained();
      }
      if (failure !== undefined) throw failure.reason;
    },
    grant(bytes) {
      credit += bytes;
      wake?.();
    },
    fail(reason) {
      failure ??= { reason };
      wake?.();
    },
  };
}

/** Chunks that wait for the ones before them; a link that keeps its order causes hardly any. */
const MAX_EARLY_CHUNKS = 256;

/** The receiving end of one stream. */
export interface IncomingStream {
  /** Bytes received without a gap. */
  readonly received: number;
  /**
   * Takes a chunk. Chunks may come twice or out of order; what lies beyond the granted credit is refused.
   *
   * @returns false if the chunk breaks the protocol and was dropped
   */
  push(offset: number, chunk: Bytes): boolean;
  /** Resolves when everything received so far was consumed; rejects if the consumer failed. */
  consumed(): Promise<void>;
}

/**
 * Makes the receiving end.
 *
 * @param options.window - bytes that the sender may be ahead of the consumer
 * @param options.consume - takes the bytes in order; its promise holds back further credit
 * @param options.grant - sends credit to the sender
 */
export function createIncomingStream(
  options: {
    readonly window: number;
    readonly consume: (bytes: Bytes) => void | Promise<void>;
    readonly grant: (bytes: number) => void;
  },
): IncomingStream {
  const { window, consume, grant } = options;
  const early = new Map<number, Bytes>();
  let earlyBytes = 0;
  let received = 0;
  let granted = window;
  let ungranted = 0;
  let chain: Promise<void> = Promise.resolve();

  const credit = (bytes: number) => {
    ungranted += bytes;
    if (ungranted * 4 < window) return;
    granted += ungranted;
    grant(ungranted);
    ungranted = 0;
  };
  const take = (chunk: Bytes) => {
    const own = compact(chunk);
    received += own.length;
    // Read first: the consumer may give the memory back.
    const { length } = own;
    chain = chain.then(() => consume(own)).then(() => credit(length));
    // A failed consumer is reported by consumed(); until someone asks, it is not an unhandled rejection.
    chain.catch(() => {});
  };

  /** What is sent again may be cut into other chunks: only the part that is new is taken. */
  const takeNew = (offset: number, chunk: Bytes) => {
    const known = received - offset;
    if (known < chunk.length) take(chunk.subarray(known));
  };
  const takeEarly = () => {
    for (let found = true; found;) {
      found = false;
      for (const [offset, chunk] of early) {
        if (offset > received) continue;
        early.delete(offset);
        earlyBytes -= chunk.length;
        takeNew(offset, chunk);
        found = true;
      }
    }
  };

  return {
    get received() {
      return received;
    },
    push(offset, chunk) {
      if (chunk.length === 0 || offset + chunk.length > granted) return false;
      if (offset > received) {
        const added = chunk.length - (early.get(offset)?.length ?? 0);
        if (added <= 0) return true;
        if (earlyBytes + added > window || early.size >= MAX_EARLY_CHUNKS) return false;
        early.set(offset, compact(chunk));
        earlyBytes += added;
        return true;
      }
      takeNew(offset, chunk);
      takeEarly();
      return true;
    },
    consumed: () => chain,
  };
}

/** Copies a small view of a large message, so that keeping one byte does not keep 256 KiB. */
function compact(chunk: Bytes): Bytes {
  return chunk.buffer.byteLength > 2 * chunk.length + 1024 ? chunk.slice() : chunk;
}

/** Collects a stream into one value. */
export interface Collector {
  readonly stream: IncomingStream;
  /** Resolves with everything received so far; rejects if it was more than the limit. */
  collected(): Promise<Bytes>;
}

/**
 * Collects a value of at most `limit` bytes. Nothing is allocated before it comes: an announced size is a claim.
 */
export function createCollector(
  limit: number,
  options: { readonly window: number; readonly grant: (bytes: number) => void },
): Collector {
  const chunks: Bytes[] = [];
  let length = 0;
  const stream = createIncomingStream({
    ...options,
    consume(bytes) {
      length += bytes.length;
      if (length > limit) {
        throw new RangeError(`Cannot collect value: it is over the limit of ${limit} bytes`);
      }
      chunks.push(bytes);
    },
  });
  return {
    stream,
    async collected() {
      await stream.consumed();
      return concatBytes(...chunks);
    },
  };
}
