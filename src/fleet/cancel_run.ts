/**
 * Ends a run with all that it has begun: hosts that were not begun are skipped, and the jobs of those that were are ended there.
 */
import { OperationError } from "../errors.ts";
import type { Run } from "./fan_out.ts";
import type { Fleet } from "./fleet.ts";

/** Jobs that are ended at once. */
const PARALLEL = 64;

/** Ends a run. Hosts that cannot be reached keep what runs there; the run's record says so by their status. */
export async function cancelRun(fleet: Fleet, run: Run, signal: AbortSignal): Promise<void> {
  const jobs = run.record.hosts.flatMap(({ agent, job, status }) =>
    job !== undefined && status === "running" ? [{ agent: agent.id, job }] : []
  );
  run.cancel("It was ended with fleet_cancel");
  const waiting = jobs.values();
  const work = async () => {
    for (const { agent, job } of waiting) {
      try {
        await fleet.call(agent, { op: "job_cancel", params: { job } }, { signal });
      } catch (error) {
        if (!(error instanceof OperationError)) throw error; // The host's line tells what is known of it.
      }
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, work));
}
