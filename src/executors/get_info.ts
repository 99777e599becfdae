/**
 * The executor of `get_info`: describes this host.
 */
import { statfs } from "node:fs/promises";
import type { ResultOf } from "../protocol/operation.ts";
import type { Executor } from "./executor.ts";

/** What stays the same while the agent runs. */
export type HostDescription = Pick<
  ResultOf<"get_info">,
  "id" | "name" | "tags" | "role" | "platform" | "hostname" | "user" | "home" | "accepts" | "version"
>;

/** What changes and the rest of the agent knows. */
export type HostState = Pick<
  ResultOf<"get_info">,
  "mode" | "maxMode" | "modeUntil" | "sandbox" | "running" | "queued" | "jobs" | "audit"
>;

/** What changes and the system knows. */
export type SystemState = Pick<ResultOf<"get_info">, "memory" | "disk" | "load" | "uptimeSeconds">;

/** What {@link createGetInfo} needs. */
export interface GetInfoOptions {
  readonly host: HostDescription;
  /** When the agent started. */
  readonly startedAt: Date;
  readonly state: () => HostState | Promise<HostState>;
  /** @default {askSystem} */
  readonly system?: (home: string) => Promise<SystemState>;
}

/** Makes the executor. */
export function createGetInfo(options: GetInfoOptions): Executor<"get_info"> {
  const { host, startedAt, state, system = askSystem } = options;
  return async () => ({
    ...host,
    ...await state(),
    ...await system(host.home),
    pid: Deno.pid,
    processors: navigator.hardwareConcurrency,
    startedAt: startedAt.toISOString(),
  });
}

/** Asks the system how it is doing. */
export async function askSystem(home: string): Promise<SystemState> {
  const { total, available } = Deno.systemMemoryInfo();
  return {
    memory: { totalBytes: total, availableBytes: available },
    disk: await diskOf(home),
    load: Deno.loadavg().map((average) => Math.round(average * 100) / 100),
    uptimeSeconds: Math.floor(Deno.osUptime()),
  };
}

async function diskOf(path: string): Promise<SystemState["disk"]> {
  try {
    const { bsize, blocks, bavail } = await statfs(path);
    return { path, totalBytes: bsize * blocks, availableBytes: bsize * bavail };
  } catch {
    return null; // A home that is gone, or a file system that does not tell.
  }
}
