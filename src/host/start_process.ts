/**
 * Starts a program as the leader of a session and process group of its own, so that it can be ended as a tree and has no
 * terminal. The runtime's own way (`detached`) forks, which stops the whole agent for 6 to 15 ms, more the more memory
 * it has; setsid(1) in front costs 1.5 ms and stops nothing. Measured in docs/BENCHMARKS.md.
 */
import { isAbsolute, join } from "node:path";

/** What to start. */
export interface StartOptions {
  readonly argv: readonly [string, ...string[]];
  /** Absolute path of an existing folder. */
  readonly cwd: string;
  readonly env: Readonly<Record<string, string>>;
  /** Whether the program is given a pipe as its input; else it reads an end of file. */
  readonly hasInput: boolean;
  /** Absolute path of setsid(1); without it the runtime's own way is used. */
  readonly setsid: string | undefined;
}

/** Finds setsid(1), which every Linux with util-linux or BusyBox has; elsewhere there is none. */
export function findSetsid(os: string = Deno.build.os): string | undefined {
  if (os !== "linux") return undefined;
  return ["/usr/bin/setsid", "/bin/setsid"].find((path) => {
    try {
      return Deno.statSync(path).isFile;
    } catch {
      return false; // Not there: the next one, or the runtime's own way.
    }
  });
}

/**
 * Starts a program.
 *
 * @throws {Deno.errors.NotFound} If there is no such program or folder.
 * @throws {Deno.errors.PermissionDenied} If it is not executable.
 */
export function startProcess(options: StartOptions): Deno.ChildProcess {
  const { argv: [program, ...args], cwd, env, hasInput, setsid } = options;
  // setsid(1) would report a missing program by an exit code of its own.
  const command = setsid === undefined ? program : findProgram(program, options);
  return new Deno.Command(setsid ?? command, {
    args: setsid === undefined ? args : [command, ...args],
    cwd,
    env,
    clearEnv: true,
    detached: setsid === undefined,
    stdin: hasInput ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

/**
 * Finds a program as execvp(3) does: a name without a slash in the folders of `PATH`. It does not wait for a thread, which takes a
 * hundred times as long as the look itself: the start of a program, which follows, looks at the same file on this thread.
 *
 * @throws {Deno.errors.NotFound} If there is none.
 * @throws {Deno.errors.PermissionDenied} If it is not executable.
 */
export function findProgram(
  program: string,
  { cwd, env }: Pick<StartOptions, "cwd" | "env">,
): string {
  if (program.includes("/")) {
    const path = isAbsolute(program) ? program : join(cwd, program);
    if (!isExecutable(path)) {
      throw new Deno.errors.PermissionDenied(`Cannot start "${program}": it is not executable`);
    }
    return path;
  }
  for (const folder of (env["PATH"] ?? "/usr/local/bin:/usr/bin:/bin").split(":")) {
    const path = join(isAbsolute(folder) ? folder : join(cwd, folder), program);
    try {
      if (isExecutable(path)) return path;
    } catch {
      // Not there, or not for us: the next folder may have it.
    }
  }
  throw new Deno.errors.NotFound(`Cannot start "${program}": no such program`);
}

function isExecutable(path: string): boolean {
  const { isFile, mode } = Deno.statSync(path);
  return isFile && ((mode ?? 0) & 0o111) !== 0;
}
