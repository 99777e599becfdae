/**
 * What a host's line says when it answered with an error, or the request was given up. Pure; used by the runs.
 */
import type { OperationError } from "../errors.ts";
import { statusOfError } from "./judge.ts";
import type { HostOutcome } from "./run.ts";
import { noteWith } from "./run_results.ts";

const GOES_ON = "the run was given up, the job goes on";

/** Why a request was given up. */
export interface GivenUp {
  /** Undefined: this process ends, and another one can follow the job. */
  readonly reason: string | undefined;
}

/**
 * Returns the line of a host whose request failed.
 *
 * @param host - as it was before
 * @param options.durationMs - since the request
 * @param options.givenUp - whether it was given up here
 */
export function failedHost(
  host: HostOutcome,
  error: OperationError,
  { durationMs, givenUp }: { readonly durationMs: number; readonly givenUp: GivenUp | undefined },
): HostOutcome {
  if (givenUp !== undefined && host.job !== undefined) {
    return givenUp.reason === undefined ? host : { ...host, note: noteWith(host, GOES_ON) };
  }
  const wire = error.toWire();
  const status = statusOfError(error);
  return {
    ...host,
    durationMs,
    // Of a command that has begun it is not known that it was refused, only that nobody may look at it.
    status: host.job !== undefined && status === "refused" ? "failed" : status,
    error: givenUp?.reason === undefined
      ? wire
      : { ...wire, message: `The request was given up: ${givenUp.reason}` },
  };
}
