/**
 * Requests of a distributed run that outlast a short trouble: a full queue, or a connection that is being made again. Used by
 * `work.ts` and `read_result.ts`.
 */
import { OperationError } from "../../errors.ts";
import type { ErrorCode } from "../../protocol/error_code.ts";
import type { PortRequestOptions, Ports } from "./ports.ts";

/** Repeats of a request that was not taken, about a minute in all. */
const MAX_REPEATS = 30;
/** Repeats of a request whose answer was lost, if it may be made twice. */
const MAX_LINK_REPEATS = 5;
const FIRST_DELAY_MS = 100;
const MAX_DELAY_MS = 2_000;

/** The host did not take the request now. */
const NOT_TAKEN: ReadonlySet<ErrorCode> = new Set<ErrorCode>(["busy", "not_connected"]);
/** The host, or the way to it, is lost; what it was asked for may or may not have happened. */
const LOST: ReadonlySet<ErrorCode> = new Set<ErrorCode>([
  "peer_gone",
  "link_lost",
  "not_connected",
  "unknown_agent",
  "cancelled",
  "busy",
]);

/** Tells whether a failure says more about the host or the way to it than about the request. */
export function isLoss(error: OperationError): boolean {
  return LOST.has(error.code);
}

/**
 * Makes a request, again if the host does not take it for a moment.
 *
 * @param options.isRepeatable - whether it may be made twice, so that it is repeated also when its answer was lost
 * @throws {OperationError} If it was not carried out after all repeats.
 */
export async function requestPatiently(
  ports: Ports,
  { host, op, params }: { readonly host: string; readonly op: string; readonly params: unknown },
  options: PortRequestOptions & { readonly isRepeatable: boolean },
): Promise<unknown> {
  for (let repeats = 0;; repeats++) {
    options.signal.throwIfAborted();
    try {
      return await ports.request(host, { op, params }, options);
    } catch (thrown) {
      const error = OperationError.from(thrown);
      const mayRepeat = NOT_TAKEN.has(error.code)
        ? repeats < MAX_REPEATS
        : options.isRepeatable && error.code === "link_lost" && repeats < MAX_LINK_REPEATS;
      if (!mayRepeat || options.signal.aborted) throw error;
      await pause(Math.min(MAX_DELAY_MS, FIRST_DELAY_MS * 2 ** repeats), options.signal);
    }
  }
}

/** Waits; ends early, without an error, when the signal aborts. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  if (signal.aborted) return;
  const { promise, resolve } = Promise.withResolvers<void>();
  const end = () => resolve();
  const timer = setTimeout(end, ms);
  signal.addEventListener("abort", end, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", end);
}
