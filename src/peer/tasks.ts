/**
 * The work of a peer that nobody waits for while it goes on, such as the checking of a card beside the read loop: it is
 * held here, so that whoever ends the peer can wait until all of it has ended.
 */

/** Work that goes on. */
export interface Tasks {
  /** Holds `work` until it has ended, and returns it. */
  add<T>(work: Promise<T>): Promise<T>;
  /** Resolves when all of it has ended, well or not, and what it started in turn as well. */
  settled(): Promise<void>;
}

/** Makes an empty holder. Its size is bounded by whoever adds. */
export function createTasks(): Tasks {
  const running = new Set<Promise<unknown>>();
  return {
    add(work) {
      running.add(work);
      const remove = () => void running.delete(work);
      work.then(remove, remove);
      return work;
    },
    async settled() {
      while (running.size > 0) await Promise.allSettled(running);
    },
  };
}
