/**
 * Ways to run a command without a relay in between: `Deno.Command` alone, and the executors of the product. They run
 * in the process of whoever asks.
 */
import { openTestHost, type TestHost } from "../../helpers/local_host.ts";

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

/** Opens this machine as a host that runs everything. */
export function openBypassHost(): Promise<TestHost> {
  return openTestHost({ settings: { mode: "bypass" } });
}
