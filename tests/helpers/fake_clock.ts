/**
 * A clock that a test moves: the timers of the global scope and a `now` that go by it, so that no test sleeps.
 */

import { setImmediate } from "node:timers";

const real = { setTimeout, clearTimeout, setInterval, clearInterval };

/** The clock in place of the real one, until it is disposed of. */
export interface FakeClock extends Disposable {
  /** Milliseconds of this clock. */
  readonly now: () => number;
  /** Timers that are set. */
  readonly timers: number;
  /** Moves on, running each timer in its turn and what follows from it. */
  advance(ms: number): Promise<void>;
}

interface Timer {
  readonly action: () => void;
  readonly every: number | undefined;
  at: number;
}

/** Puts the global timers under a clock that stands at `startMs`. */
export function useFakeClock(startMs = 1_000): FakeClock {
  let now = startMs;
  let lastId = 0;
  const timers = new Map<number, Timer>();
  const set = (action: () => void, ms: number | undefined, isRepeated: boolean) => {
    timers.set(++lastId, { action, at: now + (ms ?? 0), every: isRepeated ? ms ?? 0 : undefined });
    return lastId;
  };
  const clear = (id?: number) => void (id !== undefined && timers.delete(id));
  Object.assign(globalThis, {
    setTimeout: (action: () => void, ms?: number) => set(action, ms, false),
    setInterval: (action: () => void, ms?: number) => set(action, ms, true),
    clearTimeout: clear,
    clearInterval: clear,
  });
  return {
    now: () => now,
    get timers() {
      return timers.size;
    },
    async advance(ms) {
      const end = now + ms;
      await turn();
      for (;;) {
        let next: [number, Timer] | undefined;
        for (const entry of timers) {
          if (entry[1].at <= end && !(next && next[1].at <= entry[1].at)) next = entry;
        }
        if (next === undefined) break;
        const [id, timer] = next;
        now = Math.max(now, timer.at);
        if (timer.every === undefined) timers.delete(id);
        else timer.at += Math.max(1, timer.every);
        timer.action();
        await turn();
      }
      now = end;
      await turn();
    },
    [Symbol.dispose]: () => void Object.assign(globalThis, real),
  };
}

/** Lets everything run that waits for no more than promises; by the real clock. */
export function turn(): Promise<void> {
  return new Promise((resolve) => void setImmediate(resolve));
}

/** Lets turns pass until something is so; by the real clock. */
export async function until(what: string, isSo: () => boolean, timeoutMs = 10_000): Promise<void> {
  const deadline = performance.now() + timeoutMs;
  while (!isSo()) {
    if (performance.now() > deadline) throw new Error(`Cannot go on: it was not so in time that ${what}`);
    await turn();
  }
}
