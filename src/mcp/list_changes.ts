/**
 * Tells a client that a list has changed, not more often than it can use: at once after a quiet time, then the last of each second.
 */

/** Between two notifications, in milliseconds. */
const PAUSE_MS = 1_000;

/** Tells of changes. Disposing of it drops what was not told. */
export interface ListChanges extends Disposable {
  /** The list has changed. */
  changed(): void;
  /** The client may be told from now on; what has changed before is told now. */
  open(): void;
}

/**
 * Makes one for a list.
 *
 * @param notify - tells the client; it must not throw
 */
export function createListChanges(notify: () => void): ListChanges {
  let isOpen = false;
  let isPending = false;
  let isDisposed = false;
  let timer: ReturnType<typeof setTimeout> | undefined;
  const tell = () => {
    if (!isPending || !isOpen || isDisposed || timer !== undefined) return;
    isPending = false;
    timer = setTimeout(() => {
      timer = undefined;
      tell();
    }, PAUSE_MS);
    notify();
  };
  return {
    changed() {
      isPending = true;
      tell();
    },
    open() {
      isOpen = true;
      tell();
    },
    [Symbol.dispose]() {
      isDisposed = true;
      clearTimeout(timer);
    },
  };
}
