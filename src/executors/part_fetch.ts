/**
 * The executor of `part_fetch`: takes parts of a distributed run from the host they lie on.
 */
import { OperationError } from "../errors.ts";
import { noSuchPart, type PartWriter, type RunParts } from "../parts/run_parts.ts";
import type { RunUse, Spool } from "../parts/spool.ts";
import { decodeBase32 } from "../protocol/base32.ts";
import { type Bytes, EMPTY, equalBytes } from "../protocol/bytes.ts";
import { ADDRESS_BYTES } from "../protocol/limits.ts";
import type { ParamsOf } from "../protocol/operation.ts";
import { partRead } from "../protocol/operations/part_read.ts";
import { cancelled } from "./admission.ts";
import type { Executor } from "./executor.ts";

/** Parts that one request takes at the same time. */
const PARALLEL = 4;
/** How often a part is asked for again without a byte more of it, and the milliseconds before each time. */
const RETRY_DELAYS_MS = [100, 500, 2_000, 5_000] as const;

/** Milliseconds without a byte; a host whose places are all taken is silent, too. */
const SILENCE_MS = 120_000;

/** Asks another host of the room. */
export type RequestPeer = (
  address: Bytes,
  call: { readonly op: string; readonly params: unknown },
  options: {
    readonly signal: AbortSignal;
    /** The bytes are valid until its promise resolves, which holds the other host back. */
    readonly onOutput: (channel: "stdout" | "stderr", bytes: Bytes) => Promise<void>;
  },
) => Promise<unknown>;

/** The way to other hosts. */
export interface PeerPort {
  readonly requestPeer: RequestPeer;
  /** This process's own address; undefined without a room. */
  readonly ownAddress: () => Bytes | undefined;
}

/** What {@link createPartFetch} needs. */
export interface PartFetchOptions extends PeerPort {
  readonly spool: Spool;
  /** Waits between two attempts. @default as long as it is told */
  readonly wait?: ((ms: number, signal: AbortSignal) => Promise<void>) | undefined;
  /** Milliseconds without a byte after which a part is given up. @default {120000} */
  readonly silenceMs?: number | undefined;
}

/** Makes the executor. */
export function createPartFetch(options: PartFetchOptions): Executor<"part_fetch"> {
  const { spool, ownAddress, wait = waitFor } = options;
  return async (params, { signal }) => {
    const from = addressIn(params.from);
    using use = spool.join(params, signal);
    const own = ownAddress();
    if (own !== undefined && equalBytes(own, from)) {
      for (const part of params.parts) checkHere(use.parts, part);
      return { bytes: 0 };
    }
    const missing = params.parts.filter(({ name, bytes }) => use.parts.info(name)?.bytes !== bytes);
    const bytes = await takeAll(missing, use, async (part, taking) => {
      const source = { ...options, wait, from, run: params.run, ticket: params.ticket };
      return await takePart(part, { parts: use.parts, signal: taking }, source);
    });
    return { bytes };
  };
}

type Wanted = ParamsOf<"part_fetch">["parts"][number];

interface PartSource extends PeerPort {
  readonly from: Bytes;
  readonly run: string;
  readonly ticket: string;
  readonly wait: (ms: number, signal: AbortSignal) => Promise<void>;
  readonly silenceMs?: number | undefined;
}

/** Takes parts, a few at the same time; the first that fails ends the others. */
async function takeAll(
  wanted: readonly Wanted[],
  { signal }: Pick<RunUse, "signal">,
  take: (part: Wanted, signal: AbortSignal) => Promise<number>,
): Promise<number> {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  const queue = wanted.values();
  let taken = 0;
  const work = async () => {
    for (const part of queue) {
      if (controller.signal.aborted) throw cancelled(controller.signal);
      // Not in one expression: it would add to what `taken` was before the wait.
      const bytes = await take(part, controller.signal);
      taken += bytes;
    }
  };
  let first: { readonly error: unknown } | undefined;
  const workers = Array.from(
    { length: Math.min(PARALLEL, wanted.length) },
    () =>
      work().catch((error: unknown) => {
        first ??= { error };
        controller.abort(error);
      }),
  );
  try {
    await Promise.all(workers);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
  const failure = first as { readonly error: unknown } | undefined; // Assigned by callbacks, which the compiler does not see.
  if (failure !== undefined) throw failure.error;
  return taken;
}

/** Takes one part; after a lost connection it goes on where it was. Returns its bytes. */
async function takePart(
  { name, bytes }: Wanted,
  { parts, signal }: Pick<RunUse, "parts" | "signal">,
  source: PartSource,
): Promise<number> {
  if (bytes === 0) {
    parts.addBytes(name, EMPTY);
    return 0;
  }
  await using writer = await parts.write(name);
  for (let retries = 0;;) {
    const before = writer.bytes;
    try {
      await readOn(writer, { name, bytes }, { signal, source });
      break;
    } catch (error) {
      if (signal.aborted) throw cancelled(signal);
      if (writer.bytes > before) retries = 0;
      const delayMs = RETRY_DELAYS_MS[retries++];
      if (!isPassing(error) || delayMs === undefined) throw error;
      await source.wait(delayMs, signal);
    }
  }
  await writer.finish();
  return bytes;
}

async function readOn(
  writer: PartWriter,
  { name, bytes }: Wanted,
  { signal, source }: { readonly signal: AbortSignal; readonly source: PartSource },
): Promise<void> {
  if (signal.aborted) throw cancelled(signal);
  const { run, ticket, from } = source;
  const params: ParamsOf<"part_read"> = { run, ticket, part: name, offset: writer.bytes };
  using silence = createSilence(signal, source.silenceMs ?? SILENCE_MS);
  const asked = source.requestPeer(from, { op: "part_read", params }, {
    signal: silence.signal,
    async onOutput(channel, chunk) {
      if (channel !== "stdout") return;
      if (writer.bytes + chunk.length > bytes) throw otherSize(name, bytes);
      await writer.write(chunk);
      silence.broken();
    },
  });
  let answer: unknown;
  try {
    answer = await asked;
  } catch (error) {
    // Whoever was asked knows only that the request was given up, and not why.
    throw silence.signal.reason instanceof OperationError && !signal.aborted ? silence.signal.reason : error;
  }
  const parsed = partRead.result.safeParse(answer);
  if (!parsed.success || parsed.data.bytes !== bytes || writer.bytes !== bytes) throw otherSize(name, bytes);
}

/** A signal that aborts as another does, and when nothing has come for too long: a host that stays silent would hold the run. */
function createSilence(signal: AbortSignal, limitMs: number) {
  const controller = new AbortController();
  const onAbort = () => controller.abort(signal.reason);
  const giveUp = () =>
    controller.abort(new OperationError("timed_out", "Cannot take the part: nothing comes any more"));
  let timer = setTimeout(giveUp, limitMs);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  return {
    signal: controller.signal,
    /** Something came. */
    broken() {
      clearTimeout(timer);
      if (!controller.signal.aborted) timer = setTimeout(giveUp, limitMs);
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
    },
  };
}

/** Whether a later attempt may have more luck. */
function isPassing(error: unknown): boolean {
  return error instanceof OperationError && ["link_lost", "not_connected", "busy"].includes(error.code);
}

function checkHere(parts: RunParts, { name, bytes }: Wanted): void {
  const info = parts.info(name);
  if (info === undefined) throw noSuchPart(name);
  if (info.bytes !== bytes) throw otherSize(name, bytes);
}

function otherSize(name: string, bytes: number): OperationError {
  return new OperationError(
    "cannot_run",
    `Cannot take the part "${name}": it does not have the ${bytes} bytes it should`,
  );
}

function addressIn(text: string): Bytes {
  try {
    const address = decodeBase32(text);
    if (address.length === ADDRESS_BYTES) return address;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
  }
  throw new OperationError("bad_request", `Cannot take parts from "${text}": it is no address`);
}

/** Waits, but not longer than the signal lets it. */
async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const over = Promise.withResolvers<void>();
  const timer = setTimeout(over.resolve, ms);
  signal.addEventListener("abort", over.resolve as () => void, { once: true }); // The event is not looked at.
  await over.promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", over.resolve as () => void); // The same function.
}
