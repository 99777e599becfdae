/**
 * Finds the sandbox of this machine by trying it: what is there is started, and is used only if what it must keep a command
 * from fails within it.
 */
import { createBubblewrap } from "./bubblewrap.ts";
import { lookAtDisk } from "./covered_paths.ts";
import { writeFilters } from "./filters.ts";
import type { Sandbox } from "./sandbox.ts";
import { createSeatbelt, SANDBOX_EXEC } from "./seatbelt.ts";
import { tryOut } from "./trial.ts";

/** Where distributions put bwrap(1); PATH is not asked, as whoever sets it would choose the sandbox. */
const BWRAP_PATHS = [
  "/usr/bin/bwrap",
  "/usr/local/bin/bwrap",
  "/bin/bwrap",
  "/run/current-system/sw/bin/bwrap",
];

const SHELLS = ["/bin/bash", "/usr/bin/bash", "/usr/local/bin/bash"];

/** What was found, and why not if nothing was. */
export type Detection =
  | { readonly sandbox: Sandbox; readonly reason?: undefined; readonly remedy?: undefined }
  | {
    readonly sandbox: undefined;
    /** Begins small and is to be read after "No sandbox: ". */
    readonly reason: string;
    /** What the owner of the machine can do, where something can be done. */
    readonly remedy?: string | undefined;
  };

/**
 * Detects the sandbox. Starts a few short programs, so it is asked once, at start.
 *
 * @param stateFolder - absolute path of an existing folder that can be written; the seccomp programs are kept there
 *
 * @example
 * ```ts
 * const { sandbox, reason } = await detectSandbox("/home/ada/.local/state/remote-agents");
 * const argv = sandbox?.confine(["ls"], { kind: "strict", grants: [], hidden: [] });
 * ```
 */
export async function detectSandbox(stateFolder: string): Promise<Detection> {
  const { os } = Deno.build;
  if (os === "linux") return await detectBubblewrap(stateFolder);
  if (os !== "darwin") return { sandbox: undefined, reason: `there is none for ${os}` };
  if (lookAtDisk(SANDBOX_EXEC)?.isFolder !== false) {
    return { sandbox: undefined, reason: `there is no ${SANDBOX_EXEC}` };
  }
  return await tried(createSeatbelt(), stateFolder);
}

/**
 * Tells what helps when bwrap does not work.
 *
 * @param complaint - what it wrote
 */
export function remedyFor(complaint: string): string | undefined {
  if (/uid map|RTM_NEWADDR/i.test(complaint)) {
    return "Allow bwrap to make user namespaces (Ubuntu: an AppArmor profile for /usr/bin/bwrap, or " +
      '"sysctl kernel.apparmor_restrict_unprivileged_userns=0")';
  }
  if (/namespace|Operation not permitted|No permissions/i.test(complaint)) {
    return 'Allow user namespaces ("sysctl user.max_user_namespaces", on older Debian ' +
      '"sysctl kernel.unprivileged_userns_clone=1"); in a container, start it with a seccomp profile that allows them';
  }
  return undefined;
}

async function detectBubblewrap(stateFolder: string): Promise<Detection> {
  const program = BWRAP_PATHS.find((path) => lookAtDisk(path)?.isFolder === false);
  if (program === undefined) {
    return {
      sandbox: undefined,
      reason: "bubblewrap is not installed",
      remedy: 'Install the package "bubblewrap" (it has this name in every distribution)',
    };
  }
  const filters = await writeFilters(stateFolder, Deno.build.arch);
  if (filters === undefined) {
    return { sandbox: undefined, reason: `there is no system call filter for ${Deno.build.arch}` };
  }
  const shell = SHELLS.find((path) => lookAtDisk(path) !== undefined) ?? "/bin/sh";
  const canBound = await canBoundFolders(program);
  const common = { program, filters, look: lookAtDisk, shell, canBound, lastCapability: lastCapability() };
  const first = await tried(createBubblewrap({ ...common, userNamespace: false }), stateFolder);
  if (first.sandbox !== undefined || Deno.uid() !== 0) return first;
  const second = await tried(createBubblewrap({ ...common, userNamespace: true }), stateFolder);
  return second.sandbox === undefined ? first : second;
}

async function tried(sandbox: Sandbox, folder: string): Promise<Detection> {
  const problem = await tryOut(sandbox, { folder, os: Deno.build.os });
  if (problem === undefined) return { sandbox };
  return { sandbox: undefined, reason: `${sandbox.name} ${problem}`, remedy: remedyFor(problem) };
}

/** Undefined where /proc does not tell. */
function lastCapability(): number | undefined {
  try {
    const last = Number(Deno.readTextFileSync("/proc/sys/kernel/cap_last_cap"));
    return Number.isSafeInteger(last) ? last : undefined;
  } catch {
    return undefined;
  }
}

async function canBoundFolders(program: string): Promise<boolean> {
  try {
    const { stdout } = await new Deno.Command(program, { args: ["--help"], stdin: "null", stderr: "null" })
      .output();
    return new TextDecoder().decode(stdout).includes("--size ");
  } catch {
    return false; // What is wrong with it shows when it is tried.
  }
}
