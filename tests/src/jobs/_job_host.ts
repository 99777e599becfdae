/**
 * Jobs in a state folder of their own; a second host on the same folder stands for another process of the machine.
 */
import { type Jobs, type JobsOptions, openJobs, type StartJob } from "../../../src/jobs/runner.ts";
import { temporaryFolder } from "../../helpers/temporary_folder.ts";

/** A state folder, and the hosts that a test opens on it. They end with it. */
export interface JobHost extends AsyncDisposable {
  readonly folder: string;
  open(options?: Partial<JobsOptions>): Promise<Jobs>;
}

/** Makes the folder. */
export async function jobHost(): Promise<JobHost> {
  await using making = new AsyncDisposableStack();
  const { folder } = making.use(await temporaryFolder());
  const owned = making.move();
  return {
    folder,
    open: async (options = {}) =>
      owned.use(await openJobs({ stateFolder: folder, graceMs: () => 500, ...options })),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** A command line for a POSIX shell, to be started. */
export function shell(line: string, changes: Partial<StartJob> = {}): StartJob {
  return {
    command: { argv: ["/bin/sh", "-c", line], cwd: "/", env: { PATH: "/usr/bin:/bin" } },
    shown: line,
    caller: { id: "bcdefghij0123456789a", name: "caller" },
    mode: "edit",
    isolation: "none",
    ...changes,
  };
}

/** Never aborts. */
export function never(): AbortSignal {
  return new AbortController().signal;
}

/** Needs a POSIX shell and /proc. */
export function linuxTest(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: Deno.build.os !== "linux", fn });
}
