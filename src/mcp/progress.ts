/**
 * The progress notifications of one call: lines of output, and how far the call is. Both count with one number, which never falls,
 * as the protocol wants it. Used by the MCP server.
 */
import type { ToolProgress } from "./tool.ts";

/** Between two notifications of how far the call is, in milliseconds; of what comes faster, the last is sent. */
const GATHER_MS = 100;

/** Sends what a client is shown while a call runs. */
export interface ProgressSender {
  /** Sends lines of output; while its promise is pending, output waits. */
  lines(text: string): Promise<void>;
  /** Takes how far the call is. The first is sent at once, then the last of each moment. */
  report(progress: ToolProgress): void;
  /** Sends the last that was reported, if it was not sent. Nothing is sent after it. */
  end(): Promise<void>;
}

/**
 * Makes the sender of one call.
 *
 * @param send - sends one notification. Errors are the connection's, which shows them at the answer
 */
export function createProgressSender(send: (progress: ToolProgress) => Promise<void>): ProgressSender {
  let waiting: ToolProgress | undefined;
  let timer: ReturnType<typeof setTimeout> | undefined;
  let sending: Promise<void> = Promise.resolve();
  let hasEnded = false;
  const count = createCount();

  const flush = () => {
    if (waiting === undefined) return;
    const { progress, total, message } = waiting;
    waiting = undefined;
    const next = {
      ...count.reached(progress, total),
      ...(message === undefined ? {} : { message }),
    };
    sending = sending.then(() => send(next)).catch(() => {});
  };
  const flushLater = () => {
    timer = setTimeout(async () => {
      const hasSent = waiting !== undefined;
      flush();
      // A client that reads slowly is not given more than it can take.
      await sending;
      timer = undefined;
      if ((hasSent || waiting !== undefined) && !hasEnded) flushLater();
    }, GATHER_MS);
  };

  return {
    async lines(message) {
      if (hasEnded) return;
      // What was reported before the lines is told before them.
      flush();
      const next = { ...count.line(), message };
      const sent = sending.then(() => send(next));
      sending = sent.catch(() => {});
      await sent;
    },
    report(progress) {
      if (hasEnded) return;
      waiting = progress;
      if (timer !== undefined) return;
      flush();
      flushLater();
    },
    async end() {
      if (hasEnded) return;
      flush();
      hasEnded = true;
      clearTimeout(timer);
      await sending;
    },
  };
}

/**
 * Counts for both. Lines alone are 1, 2, 3. Once the call has told how far it is, its numbers count, and what comes between two of
 * them is given a number between them. It stays at a total that is reached, since a client shows no more than all.
 */
function createCount() {
  let base = 0;
  let steps = 0;
  let total: number | undefined;
  let hasReported = false;
  let last = 0;
  const between = () => {
    steps++;
    last = Math.max(last, base + steps / (steps + 1));
    if (total !== undefined) last = Math.min(last, Math.max(total, base));
    return last;
  };
  const shown = (progress: number) => (total === undefined ? { progress } : { progress, total });
  return {
    line() {
      if (hasReported) return shown(between());
      return { progress: ++last };
    },
    reached(progress: number, ofTotal: number | undefined) {
      if (ofTotal !== undefined && Number.isFinite(ofTotal)) total = ofTotal;
      const isFirst = !hasReported;
      hasReported = true;
      const wanted = Number.isFinite(progress) ? Math.max(0, progress) : base;
      if (wanted > last || (isFirst && last === 0)) {
        [base, steps, last] = [wanted, 0, wanted];
        return shown(last);
      }
      if (isFirst) base = last;
      return shown(between());
    },
  };
}
