/**
 * Turns the signals that ask a process to end into an AbortSignal.
 */

/** A watch over the signals; disposing of it ends the watch. */
export interface StopSignal extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * Watches for SIGINT and SIGTERM (on Windows: SIGINT and SIGBREAK). The first one aborts; then the watch ends, so a
 * second one ends the process as it would any other.
 */
export function watchStopSignals(): StopSignal {
  const controller = new AbortController();
  const names: Deno.Signal[] = Deno.build.os === "windows" ? ["SIGINT", "SIGBREAK"] : ["SIGINT", "SIGTERM"];
  const end = () => {
    for (const name of names) Deno.removeSignalListener(name, stop);
  };
  const stop = () => {
    end();
    controller.abort(new DOMException("The process was asked to end", "AbortError"));
  };
  for (const name of names) Deno.addSignalListener(name, stop);
  return { signal: controller.signal, [Symbol.dispose]: end };
}
