/**
 * A timer of any length. The platform's own fires at once for anything over 2^31-1 milliseconds (24.8 days).
 */

/** The longest wait that `setTimeout` keeps. */
export const MAX_TIMEOUT_MS = 2 ** 31 - 1;

/** Calls `action` once after `ms` milliseconds, at most {@link MAX_TIMEOUT_MS}; the function returned cancels it. */
export type SetTimer = (action: () => void, ms: number) => () => void;

const setPlatformTimer: SetTimer = (action, ms) => {
  const id = setTimeout(action, ms);
  return () => clearTimeout(id);
};

/**
 * Calls `action` once after `ms` milliseconds, unless the returned handle is disposed before.
 *
 * @param ms - any non-negative number, also over 24.8 days; `Infinity` never fires
 */
export function after(ms: number, action: () => void, setTimer: SetTimer = setPlatformTimer): Disposable {
  let left = ms;
  let cancel = () => {};
  const arm = () => {
    const step = Math.min(left, MAX_TIMEOUT_MS);
    left -= step;
    cancel = setTimer(left > 0 ? arm : action, step);
  };
  arm();
  return { [Symbol.dispose]: () => cancel() };
}
