/**
 * On what the numbers were measured.
 */
import process from "node:process";

/** The machine, as far as it matters for the numbers. */
export interface Machine {
  readonly processor: string;
  readonly cores: number;
  readonly memoryGib: number;
  readonly kernel: string;
  readonly deno: string;
  readonly v8: string;
  /** Undefined if there is none, which the comparison with `ws` needs. */
  readonly node: string | undefined;
}

/** Describes this machine. */
export async function describeMachine(): Promise<Machine> {
  const cpu = await Deno.readTextFile("/proc/cpuinfo");
  return {
    processor: /^model name\s*:\s*(.+)$/m.exec(cpu)?.[1] ?? Deno.build.arch,
    cores: navigator.hardwareConcurrency,
    memoryGib: Deno.systemMemoryInfo().total / 1024 ** 3,
    kernel: `${process.platform} ${Deno.osRelease()}`,
    deno: Deno.version.deno,
    v8: Deno.version.v8,
    node: await nodeVersion(),
  };
}

/** Processes that wanted a core in the last minute, on average. */
export function loadAverage(): number {
  return Deno.loadavg()[0] ?? NaN;
}

async function nodeVersion(): Promise<string | undefined> {
  try {
    const { stdout } = await new Deno.Command("node", { args: ["--version"], stdin: "null" }).output();
    return new TextDecoder().decode(stdout).trim();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
