/**
 * Asks one host of a run, and again if it is too busy to begin.
 */
import { OperationError } from "../errors.ts";
import { pause } from "./pause.ts";
import type { HostCall } from "./run.ts";

/** Carries out an operation on a host, and checks the answer's shape. */
export type HostRequest = (
  agentId: string,
  call: HostCall,
  options: { readonly signal: AbortSignal },
) => Promise<unknown>;

/** Pauses before a host that answered `busy` is asked again, in milliseconds; after the last one it has failed. */
export const BUSY_PAUSES_MS = [250, 500, 1_000, 2_000, 4_000, 8_000] as const;

/**
 * Asks a host.
 *
 * @param callNow - what it is asked, made anew for each attempt
 * @throws {OperationError} What the host answers in the end.
 */
export async function askHost(
  request: HostRequest,
  agentId: string,
  { callNow, signal }: { readonly callNow: () => HostCall; readonly signal: AbortSignal },
): Promise<unknown> {
  for (let attempt = 0;; attempt++) {
    try {
      return await request(agentId, callNow(), { signal });
    } catch (error) {
      const ms = BUSY_PAUSES_MS[attempt];
      if (!(error instanceof OperationError) || error.code !== "busy" || ms === undefined) throw error;
      await pause(ms, signal);
    }
  }
}
