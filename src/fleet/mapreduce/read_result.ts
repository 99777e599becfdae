/**
 * Reads the result of a distributed run as one stream: parts one after the other, or merged by key. What is lost on the way is done
 * again and read on. Used by `run.ts`.
 */
import { createHash } from "node:crypto";
import { OperationError } from "../../errors.ts";
import { mergeSortedLines } from "../../parts/merge_lines.ts";
import { type Bytes, utf8 } from "../../protocol/bytes.ts";
import { partRead } from "../../protocol/operations/part_read.ts";
import { type Output, type PartitionStage, partOf } from "./attempts.ts";
import { isLoss, pause } from "./patience.ts";
import type { MapReduceSpec, PortRequestOptions, Ports } from "./ports.ts";
import { pullBytes } from "./pull_bytes.ts";

/** Parts that are begun before the one in front of them has been read. */
const READ_AHEAD = 8;
/**
 * Pieces that are merged from open requests, each of which waits for the others. A host sends no more than 64 parts at a time, so that
 * more than these could wait for each other for ever: they are read a little at a time into memory.
 */
const MAX_OPEN = 32;
const HELD_BYTES = 256 * 1024;
/** Times that reading on is tried without a byte coming, about half a minute in all. */
const MAX_STALLS = 15;
const STALL_DELAY_MS = 2_000;

/** One piece of the result. */
export interface ResultPart {
  readonly stage: PartitionStage;
  readonly partition: number;
}

/** What reading needs of the run. */
export interface ResultReader {
  readonly spec: MapReduceSpec;
  readonly ports: Ports;
  /** Where a piece lies; waits while it is being done again. @throws {OperationError} If the run has failed. */
  locate(part: ResultPart, signal: AbortSignal): Promise<Output>;
  /** Tells the run that a piece is not where it was. */
  reportGone(part: ResultPart, attempt: number): void;
}

/**
 * Streams the result.
 *
 * @param parts - the pieces in order; each is sorted by key if the run has keys
 * @returns chunks, each valid until the next is asked for
 */
export async function* streamResult(
  reader: ResultReader,
  parts: readonly ResultPart[],
  signal: AbortSignal,
): AsyncGenerator<Bytes, void, void> {
  const isHeld = reader.spec.isKeyed && parts.length > MAX_OPEN;
  const open = (part: ResultPart) =>
    pullBytes((onBytes, ended) =>
      readPart(reader, part, { onBytes, isHeld, signal: AbortSignal.any([signal, ended]) })
    );
  if (reader.spec.isKeyed) return yield* mergeSortedLines(parts.map(open));
  // Values of JSON must not run into each other; text is what it is.
  yield* concatenate(parts, open, reader.spec.format === "json");
}

async function* concatenate(
  parts: readonly ResultPart[],
  open: (part: ResultPart) => AsyncGenerator<Bytes, void, void>,
  endsLines: boolean,
): AsyncGenerator<Bytes, void, void> {
  const begun: { source: AsyncGenerator<Bytes, void, void>; first: Promise<IteratorResult<Bytes, void>> }[] =
    [];
  let next = 0;
  try {
    for (;;) {
      for (; begun.length < READ_AHEAD; next++) {
        const part = parts[next];
        if (part === undefined) break;
        const source = open(part);
        const first = source.next();
        // It is awaited in its turn.
        first.catch(() => {});
        begun.push({ source, first });
      }
      const [front] = begun;
      if (front === undefined) return;
      let last = 10;
      for (let chunk = await front.first; chunk.done !== true; chunk = await front.source.next()) {
        last = chunk.value.at(-1) ?? last;
        yield chunk.value;
      }
      if (endsLines && last !== 10) yield utf8("\n");
      begun.shift();
    }
  } finally {
    await Promise.allSettled(begun.map(({ source }) => source.return()));
  }
}

/** Reads one piece from the first byte to the last, wherever it moves in between. */
async function readPart(
  reader: ResultReader,
  part: ResultPart,
  { onBytes, isHeld, signal }: {
    readonly onBytes: (bytes: Bytes) => Promise<void>;
    readonly isHeld: boolean;
    readonly signal: AbortSignal;
  },
): Promise<void> {
  /** What was handed on, in all, and its hash: an attempt that takes over must begin with the same bytes. */
  let given = 0;
  const hash = createHash("sha256");
  for (;;) {
    const output = await reader.locate(part, signal);
    const size = output.bytes[0] ?? 0;
    const prefix = given > 0 ? { hash: createHash("sha256"), bytes: given } : undefined;
    if (size < given) throw differs(part);
    const isWhole = size === 0 || await readAttempt(reader, part, {
      output,
      signal,
      isHeld,
      async take(bytes, offset) {
        let fresh = bytes;
        if (prefix !== undefined && offset < prefix.bytes) {
          const old = bytes.subarray(0, prefix.bytes - offset);
          prefix.hash.update(old);
          const isComplete = offset + old.length === prefix.bytes;
          if (isComplete && prefix.hash.digest("hex") !== hash.copy().digest("hex")) throw differs(part);
          fresh = bytes.subarray(old.length);
        }
        if (fresh.length === 0) return;
        hash.update(fresh);
        given += fresh.length;
        await onBytes(fresh);
      },
    });
    if (isWhole) return;
    reader.reportGone(part, output.attempt);
  }
}

/** Reads a piece from the host of one attempt; false if it cannot be had there. */
async function readAttempt(
  { spec, ports }: ResultReader,
  { stage, partition }: ResultPart,
  { output, signal, isHeld, take }: {
    readonly output: Output;
    readonly signal: AbortSignal;
    readonly isHeld: boolean;
    readonly take: (bytes: Bytes, offset: number) => Promise<void>;
  },
): Promise<boolean> {
  const name = partOf(stage, partition, { attempt: output.attempt, number: 0 });
  const size = output.bytes[0] ?? 0;
  let offset = 0;
  let stalls = 0;
  let isTooLong = false;
  let refusal: { readonly reason: unknown } | undefined;
  const handOn = async (bytes: Bytes) => {
    isTooLong ||= offset + bytes.length > size;
    if (isTooLong) throw new RangeError(`Cannot read part "${name}": it is longer than ${size} bytes`);
    try {
      const at = offset;
      offset += bytes.length;
      stalls = 0;
      await take(bytes, at);
    } catch (reason) {
      // Whoever reads wants no more: that is no failure of the host.
      refusal = { reason };
      throw reason;
    }
  };
  while (stalls <= MAX_STALLS) {
    signal.throwIfAborted();
    const params = { run: spec.run, ticket: spec.ticket, part: name, offset };
    const held: Bytes[] = [];
    let heldBytes = 0;
    const enough = new AbortController();
    const onOutput: PortRequestOptions["onOutput"] = async (channel, bytes) => {
      if (channel !== "stdout" || bytes.length === 0 || enough.signal.aborted) return;
      if (!isHeld) return await handOn(bytes);
      held.push(bytes.slice());
      heldBytes += bytes.length;
      if (heldBytes >= HELD_BYTES) enough.abort();
    };
    try {
      const both = AbortSignal.any([signal, enough.signal]);
      const answer = await ports.request(output.host, { op: "part_read", params }, {
        signal: both,
        onOutput,
      });
      if (partRead.result.safeParse(answer).data?.bytes !== size) return false;
    } catch (thrown) {
      if (refusal !== undefined) throw refusal.reason;
      signal.throwIfAborted();
      const error = OperationError.from(thrown);
      const isGone = !isLoss(error) || error.code === "peer_gone" || error.code === "unknown_agent";
      if (isGone && !enough.signal.aborted) return false;
    }
    // With no request open: while this waits, the host's places are free for the other pieces.
    for (const bytes of held) if (!isTooLong) await handOn(bytes).catch(() => {});
    if (refusal !== undefined) throw refusal.reason;
    if (isTooLong) return false;
    if (offset === size) return true;
    if (enough.signal.aborted) continue;
    stalls++;
    await pause(Math.min(STALL_DELAY_MS, 100 * 2 ** stalls), signal);
  }
  return false;
}

function differs({ stage, partition }: ResultPart): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot read the result on: ${stage} ${partition} had to be done again, and its output is another one now`,
    { remedy: "Read the result from its beginning again" },
  );
}
