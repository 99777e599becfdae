/**
 * The executor of `set_mode`: changes what this host allows, up to its ceiling.
 */
import type { Executor } from "./executor.ts";
import type { Modes } from "./modes.ts";

/** Makes the executor. */
export function createSetMode(modes: Modes): Executor<"set_mode"> {
  return async ({ mode, for_minutes: minutes }, { caller }) => {
    const previous = modes.status.mode;
    const status = await modes.request({
      mode,
      forMs: minutes === undefined ? undefined : minutes * 60_000,
      by: `${caller.name} (${caller.id})`,
    });
    return {
      mode: status.mode,
      previous,
      maxMode: status.ceiling,
      ...(status.until === undefined ? {} : { until: new Date(status.until).toISOString() }),
      ...(status.fallback === undefined ? {} : { fallback: status.fallback }),
    };
  };
}
