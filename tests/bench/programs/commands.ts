/**
 * Ways to run a command without a relay in between: `Deno.Command` alone, and the executors of the product. They run
 * in the process of whoever asks.
 */
import { createExecutors, type Executors } from "../../../src/executors/mod.ts";

/** Runs a program as plainly as Deno can, and waits for its end and its output. */
export async function runPlain(program: string, args: readonly string[] = []): Promise<void> {
  const { success } = await new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  if (!success) throw new Error(`Cannot go on: "${program}" failed`);
}

/** Makes the executors of a host that runs everything. */
export function createLocalExecutors(): Executors {
  return createExecutors({
    host: {
      id: "a".repeat(20),
      name: "bench",
      tags: [],
      role: "service",
      platform: { os: "linux", family: "linux", arch: Deno.build.arch, kernel: "", shell: "/bin/sh" },
      hostname: "bench",
      user: "bench",
      home: "/",
      accepts: true,
      version: "0.0.0",
    },
    startedAt: new Date(),
    mode: () => "bypass",
    maxRunning: 64,
    maxQueued: 1024,
  });
}
