/**
 * How much memory a process took, as the kernel counted it.
 */

/** The most that each process of the product may take, in bytes. */
export const MAX_PROCESS_BYTES = 200 * 1024 * 1024;

/** Returns the largest resident size that a living process had so far, in bytes (`VmHWM` of /proc). */
export async function peakMemoryBytes(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  const match = /^VmHWM:\s+(\d+) kB$/m.exec(status);
  if (match === null) throw new Error(`Cannot read the memory of process ${pid}: /proc shows no VmHWM`);
  return Number(match[1]) * 1024;
}
