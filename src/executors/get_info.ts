/**
 * The executor of `get_info`: describes this host.
 */
import type { ResultOf } from "../protocol/operation.ts";
import type { Executor } from "./executor.ts";

/** What stays the same while the agent runs. */
export type HostDescription = Pick<
  ResultOf<"get_info">,
  "id" | "name" | "tags" | "role" | "platform" | "hostname" | "user" | "home" | "accepts" | "version"
>;

/** What {@link createGetInfo} needs. */
export interface GetInfoOptions {
  readonly host: HostDescription;
  /** When the agent started. */
  readonly startedAt: Date;
  /** What changes. */
  readonly now: () => Pick<ResultOf<"get_info">, "mode" | "running" | "queued">;
  /** @default the memory of the system */
  readonly memory?: () => { readonly total: number; readonly available: number };
}

/** Makes the executor. */
export function createGetInfo(options: GetInfoOptions): Executor<"get_info"> {
  const { host, startedAt, now, memory = Deno.systemMemoryInfo } = options;
  return () => {
    const { total, available } = memory();
    return Promise.resolve({
      ...host,
      ...now(),
      pid: Deno.pid,
      processors: navigator.hardwareConcurrency,
      memory: { totalBytes: total, availableBytes: available },
      startedAt: startedAt.toISOString(),
    });
  };
}
