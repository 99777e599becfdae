/**
 * Tells a process from a later one of the same pid, so that an orphan is recognised and nobody else's process is taken
 * for it.
 */
import { parseStat } from "../host/process_table.ts";

/**
 * Returns what, with its pid, names a living process for good: the boot of the machine and when the process started.
 *
 * @returns undefined if there is no such process, it has ended, or this system does not tell (only Linux does)
 */
export function stampOf(pid: number): string | undefined {
  if (Deno.build.os !== "linux") return undefined;
  try {
    const entry = parseStat(Deno.readTextFileSync(`/proc/${pid}/stat`));
    if (entry === undefined || entry.isZombie) return undefined;
    return `${Deno.readTextFileSync("/proc/sys/kernel/random/boot_id").trim()}:${entry.startedAt}`;
  } catch {
    // It is gone.
    return undefined;
  }
}
