/**
 * Whether a process runs, seen through /proc; for tests that end processes.
 */
import { parseStat } from "../../src/host/process_table.ts";

/** Tells whether `pid` is a process that has not ended. One that ended but was not waited for has. */
export function isAlive(pid: number): boolean {
  try {
    return parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`))?.isZombie === false;
  } catch {
    // No such process.
    return false;
  }
}
