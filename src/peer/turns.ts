/**
 * Work that holds the processor, such as the cryptography of handshakes, a few pieces in each turn of the event loop: what
 * comes in meanwhile is read and what goes out is sent, however much of it waits.
 */
import { setImmediate } from "node:timers";
import type { Tasks } from "./tasks.ts";

/** A queue of such work. */
export interface Turns {
  /** Queues a piece; the first ones are begun in the calling turn. A piece deals with its own errors. */
  add(piece: () => Promise<void>): void;
  /** Pieces that are not begun yet. */
  readonly waiting: number;
}

/**
 * Makes an empty queue. Its length is bounded by whoever adds.
 *
 * @param perTurn - pieces that are worked on at once, and in one turn
 * @param tasks - holds the work
 */
export function createTurns(perTurn: number, tasks: Tasks): Turns {
  let queue: (() => Promise<void>)[] = [];
  let next = 0;
  let atWork = 0;
  let isPaused = false;

  const begin = (piece: () => Promise<void>) => {
    atWork++;
    tasks.add(
      piece().finally(() => {
        atWork--;
        if (next < queue.length) pause();
      }),
    );
  };
  const pause = () => {
    if (isPaused) return;
    isPaused = true;
    tasks.add(
      new Promise<void>((resolve) =>
        setImmediate(() => {
          isPaused = false;
          while (atWork < perTurn && next < queue.length) {
            const piece = queue[next++];
            if (piece !== undefined) begin(piece);
          }
          if (next === queue.length) {
            queue = [];
            next = 0;
          }
          resolve();
        })
      ),
    );
  };

  return {
    get waiting() {
      return queue.length - next;
    },
    add(piece) {
      if (atWork < perTurn && next === queue.length && !isPaused) begin(piece);
      else {
        queue.push(piece);
        if (atWork < perTurn) pause();
      }
    },
  };
}
