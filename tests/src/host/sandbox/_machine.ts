/**
 * The sandbox of this machine for tests, what stands around it, and how commands are run in it.
 */
import { createBubblewrap } from "../../../../src/host/sandbox/bubblewrap.ts";
import { lookAtDisk } from "../../../../src/host/sandbox/covered_paths.ts";
import { type FilterFiles, writeFilters } from "../../../../src/host/sandbox/filters.ts";
import type { Confinement, Sandbox } from "../../../../src/host/sandbox/sandbox.ts";

/** Where tests expect it; Debian and its children have it there. */
export const BWRAP = "/usr/bin/bwrap";
const PERL = "/usr/bin/perl";

const works = async (program: string, args: readonly string[]): Promise<boolean> => {
  try {
    return (await new Deno.Command(program, { args: [...args], stdout: "null", stderr: "null" }).output())
      .success;
  } catch {
    return false; // There is no such program.
  }
};

const bwrapWorks = Deno.build.os === "linux" &&
  await works(BWRAP, ["--ro-bind", "/", "/", "--unshare-pid", "--unshare-net", "--proc", "/proc", "true"]);

/** Options of a test that needs bubblewrap, and what to add to its name. */
export const NEEDS_BWRAP = ignoreUnless(bwrapWorks, "bubblewrap does not work here");
/** The same for a test that also needs perl, which can make any system call. */
export const NEEDS_PERL = ignoreUnless(
  bwrapWorks && await works(PERL, ["-MSocket", "-e", "1"]),
  "bubblewrap or perl does not work here",
);
/** The same for a test that becomes another user. */
export const NEEDS_ROOT = ignoreUnless(
  bwrapWorks && Deno.uid() === 0 && await works(PERL, ["-e", "1"]) &&
    await works("/usr/bin/setpriv", ["--reuid", "65534", "--clear-groups", "true"]),
  "we are not root, or bubblewrap, perl or setpriv does not work here",
);

function ignoreUnless(holds: boolean, why: string): { readonly ignore: boolean; readonly why: string } {
  return { ignore: !holds, why: holds ? "" : ` (skipped: ${why})` };
}

/** Makes the sandbox with its filters in `folder`. */
export async function openSandbox(
  folder: string,
  shell = "/bin/bash",
): Promise<Sandbox & { readonly filters: FilterFiles }> {
  const filters = await writeFilters(folder, Deno.build.arch);
  if (filters === undefined) throw new Error(`There are no filters for ${Deno.build.arch}`);
  const options = {
    program: BWRAP,
    filters,
    look: lookAtDisk,
    shell,
    canBound: true,
    userNamespace: false,
  };
  return { ...createBubblewrap(options), filters };
}

/** What a command left. */
export interface Outcome {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** How to run. */
export interface RunOptions {
  readonly cwd?: string;
  readonly env?: Readonly<Record<string, string>>;
  /** Another user to run as. */
  readonly asNobody?: boolean;
}

/** Runs a program to its end, without any input. */
export async function run(
  [program = "", ...args]: readonly string[],
  { cwd = "/", env = {}, asNobody = false }: RunOptions = {},
): Promise<Outcome> {
  const become = ["--reuid", "65534", "--regid", "65534", "--clear-groups", "--", program];
  const { code, stdout, stderr } = await new Deno.Command(asNobody ? "/usr/bin/setpriv" : program, {
    args: asNobody ? [...become, ...args] : args,
    cwd,
    clearEnv: true,
    env: { PATH: "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin", HOME: "/", LC_ALL: "C", ...env },
    stdin: "null",
  }).output();
  const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
  return { code, stdout: text(stdout), stderr: text(stderr) };
}

/** Runs a line of shell in a confinement. */
export async function runConfined(
  sandbox: Sandbox,
  line: string,
  { confinement, args = [], ...options }: RunOptions & {
    readonly confinement: Confinement;
    readonly args?: readonly string[];
  },
): Promise<Outcome> {
  return await run(sandbox.confine(["/bin/sh", "-c", line, "sh", ...args], confinement), options);
}

/** Runs a line of perl in a confinement and returns what it printed. */
export async function perlConfined(
  sandbox: Sandbox,
  line: string,
  { confinement, args = [], ...options }: RunOptions & {
    readonly confinement: Confinement;
    readonly args?: readonly string[];
  },
): Promise<string> {
  const argv = [PERL, "-MSocket", "-MFcntl", "-e", line, "--", ...args];
  const { stdout, stderr } = await run(sandbox.confine(argv, confinement), options);
  return stdout === "" ? stderr : stdout;
}

/** Strict isolation without anything more. */
export const STRICT: Confinement = { kind: "strict", grants: [], hidden: [] };
