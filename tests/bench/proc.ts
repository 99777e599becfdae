/**
 * What the Linux kernel counts about a process (proc(5)).
 */

/** Clock ticks a second of `/proc/<pid>/stat`; fixed on all current Linux systems. */
const TICKS_PER_SEC = 100;

/** The memory of a process, in bytes. */
export interface ProcessMemory {
  /** Resident pages, those shared with others counted in full. */
  readonly rss: number;
  /** Resident pages, each shared one divided by the number of those who share it. */
  readonly pss: number;
  /** Resident pages that belong to it alone. */
  readonly own: number;
}

/** Reads the memory of a process. */
export async function memoryOf(pid: number): Promise<ProcessMemory> {
  const text = await Deno.readTextFile(`/proc/${pid}/smaps_rollup`);
  const field = (name: string) =>
    1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1] ?? NaN);
  return {
    rss: field("Rss"),
    pss: field("Pss"),
    own: field("Private_Clean") + field("Private_Dirty"),
  };
}

/** Reads the processor time that a process has used, all its threads together, in seconds. */
export function cpuSecondsOf(pid: number): number {
  const text = Deno.readTextFileSync(`/proc/${pid}/stat`);
  // Fields 14 and 15 of the page; the first after the name is number 3.
  const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
  return (Number(fields[11]) + Number(fields[12])) / TICKS_PER_SEC;
}

/** Reads the processor time of the threads that a process has now, in milliseconds and exactly; for short times. */
export function threadCpuMsOf(pid: number): number {
  let nanoseconds = 0;
  for (const { name } of Deno.readDirSync(`/proc/${pid}/task`)) {
    nanoseconds += Number(Deno.readTextFileSync(`/proc/${pid}/task/${name}/schedstat`).split(" ")[0]);
  }
  return nanoseconds / 1e6;
}
