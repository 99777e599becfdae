/**
 * Finds the sandbox of this machine by trying it: what is there is started, and is used only if an attempt to change
 * something and to open a Unix socket fails within it.
 */
import { join } from "node:path";
import { createBubblewrap } from "./bubblewrap.ts";
import type { Confinement, Sandbox } from "./sandbox.ts";
import { createSeatbelt, SANDBOX_EXEC } from "./seatbelt.ts";
import { seccompFilter } from "./seccomp.ts";

/** Where distributions put bwrap(1); PATH is not asked, as whoever sets it would choose the sandbox. */
const BWRAP_PATHS = ["/usr/bin/bwrap", "/usr/local/bin/bwrap", "/bin/bwrap"];
const TRIAL_TIMEOUT_MS = 5_000;

/** What was found, and why not if nothing was. */
export type Detection =
  | { readonly sandbox: Sandbox; readonly reason?: undefined }
  | { readonly sandbox: undefined; readonly reason: string };

/**
 * Detects the sandbox.
 *
 * @param stateFolder - absolute path of an existing folder that can be written; the seccomp programs are kept there
 */
export async function detectSandbox(stateFolder: string): Promise<Detection> {
  const found = await findSandbox(stateFolder);
  if (found.sandbox === undefined) return found;
  const canary = join(stateFolder, `sandbox-trial-${crypto.randomUUID()}`);
  try {
    const problem = await tryOut(found.sandbox, canary);
    return problem === undefined ? found : { sandbox: undefined, reason: `${found.sandbox.name} ${problem}` };
  } finally {
    await Deno.remove(canary).catch(() => {}); // It is there only if the sandbox does not hold.
  }
}

async function findSandbox(stateFolder: string): Promise<Detection> {
  if (Deno.build.os === "darwin") {
    return await isFile(SANDBOX_EXEC)
      ? { sandbox: createSeatbelt() }
      : { sandbox: undefined, reason: `there is no ${SANDBOX_EXEC}` };
  }
  if (Deno.build.os !== "linux") return { sandbox: undefined, reason: `there is none for ${Deno.build.os}` };
  const program = await firstFile(BWRAP_PATHS);
  if (program === undefined) {
    return { sandbox: undefined, reason: "bubblewrap is not installed (package bubblewrap)" };
  }
  const filters = await writeFilters(stateFolder);
  if (filters === undefined) {
    return { sandbox: undefined, reason: `there is no filter for ${Deno.build.arch}` };
  }
  return { sandbox: createBubblewrap({ program, filters, isFolder: isFolderSync }) };
}

/** Returns what is wrong with a sandbox, or undefined if it holds. */
async function tryOut(sandbox: Sandbox, canary: string): Promise<string | undefined> {
  const strict: Confinement = { kind: "strict", grants: [], hidden: [] };
  const argv = ["/bin/sh", "-c", 'echo in; (: >"$1") 2>/dev/null && echo out; exit 0', "sh", canary];
  const [program, ...args] = sandbox.confine(argv, strict);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args,
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS),
    }).output();
  } catch (error) {
    return `cannot be started: ${error instanceof Error ? error.message : String(error)}`;
  }
  const said = new TextDecoder().decode(output.stdout);
  if (said === "in\n") return undefined;
  if (said.includes("out")) return "does not keep a command from writing";
  const complaint = new TextDecoder().decode(output.stderr).trim().split("\n")[0] ?? "";
  return `does not work here: ${complaint || `exit code ${output.code}`}`;
}

async function writeFilters(folder: string): Promise<{ closed: string; unixSockets: string } | undefined> {
  const closed = seccompFilter(Deno.build.arch, { unixSockets: false });
  const unixSockets = seccompFilter(Deno.build.arch, { unixSockets: true });
  if (closed === undefined || unixSockets === undefined) return undefined;
  const files = {
    closed: join(folder, "seccomp-closed.bpf"),
    unixSockets: join(folder, "seccomp-sockets.bpf"),
  };
  await Promise.all([replaceFile(files.closed, closed), replaceFile(files.unixSockets, unixSockets)]);
  return files;
}

/** Another process of this machine may be reading the file: it sees the old content or the new, never half. */
async function replaceFile(file: string, content: Uint8Array): Promise<void> {
  const draft = `${file}.${crypto.randomUUID()}`;
  await Deno.writeFile(draft, content, { mode: 0o600, createNew: true });
  await Deno.rename(draft, file);
}

async function firstFile(paths: readonly string[]): Promise<string | undefined> {
  for (const path of paths) if (await isFile(path)) return path;
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false; // Not there, or not for us: it cannot be used.
  }
}

function isFolderSync(path: string): boolean {
  try {
    return Deno.statSync(path).isDirectory;
  } catch {
    return false; // It vanished since it was listed; then there is nothing to hide.
  }
}
