/**
 * Many host names that all are an sshd of our own on loopback, for the tools that reach a fleet by ssh. Keys, configuration and
 * sockets are in a temporary folder.
 */
import { killTree } from "../../src/host/process_tree.ts";
import { temporaryFolder } from "../helpers/temporary_folder.ts";

const START_MS = 10_000;
/** sshd wants this folder, which a system that does not run it may lack. */
const PRIVILEGE_SEPARATION_FOLDER = "/run/sshd";

/** The fleet. */
export interface SshFleet extends AsyncDisposable {
  readonly folder: string;
  readonly names: readonly string[];
  /** Configuration of ssh with a connection for each call. */
  readonly plainConfig: string;
  /** Configuration that keeps a connection to each name open (ControlMaster). */
  readonly keptConfig: string;
}

/** Whether a program is installed. */
export async function isInstalled(program: string): Promise<boolean> {
  const { success } = await new Deno.Command("/bin/sh", {
    args: ["-c", 'command -v "$1" >/dev/null', "sh", program],
    stdin: "null",
  }).spawn().status;
  return success;
}

/**
 * Starts sshd for this account and makes the names.
 *
 * @throws {Error} If sshd, ssh or ssh-keygen is missing or does not start.
 */
export async function startSshFleet(count: number): Promise<SshFleet> {
  for (const program of ["/usr/sbin/sshd", "ssh", "ssh-keygen"]) {
    if (!await isInstalled(program)) throw new Error(`Cannot start the ssh fleet: there is no ${program}`);
  }
  await using starting = new AsyncDisposableStack();
  const { folder } = starting.use(await temporaryFolder());
  for (const key of ["host_key", "client_key"]) await makeKey(`${folder}/${key}`);
  await Deno.copyFile(`${folder}/client_key.pub`, `${folder}/authorized_keys`);
  const port = freePort();
  await Deno.writeTextFile(`${folder}/sshd_config`, sshdConfig(folder, port));
  await ownFolder(starting, PRIVILEGE_SEPARATION_FOLDER);
  const sshd = new Deno.Command("/usr/sbin/sshd", {
    args: ["-D", "-e", "-f", `${folder}/sshd_config`],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  starting.defer(async () => {
    // With the connections that were kept open, whose clients end then.
    await killTree(sshd.pid);
    await sshd.status;
  });
  const [plainConfig, keptConfig] = [`${folder}/ssh_plain`, `${folder}/ssh_kept`];
  await Deno.writeTextFile(plainConfig, sshConfig(folder, port));
  await Deno.writeTextFile(
    keptConfig,
    `${sshConfig(folder, port)}ControlMaster auto\nControlPath ${folder}/%n.sock\nControlPersist 60\n`,
  );
  const names = Array.from({ length: count }, (_, i) => `node${i + 1}`);
  await answers(plainConfig);
  const owned = starting.move();
  return { folder, names, plainConfig, keptConfig, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function sshdConfig(folder: string, port: number): string {
  return [
    `Port ${port}`,
    "ListenAddress 127.0.0.1",
    `HostKey ${folder}/host_key`,
    `AuthorizedKeysFile ${folder}/authorized_keys`,
    "PidFile none",
    "StrictModes no",
    "PasswordAuthentication no",
    "KbdInteractiveAuthentication no",
    "PermitRootLogin prohibit-password",
    "UsePAM no",
    "UseDNS no",
    "PrintMotd no",
    "PrintLastLog no",
    // Else it refuses at random once ten connections are being made.
    "MaxStartups 1000",
    // As from another shell: else bash reads the account's ~/.bashrc for each command, which may take a long time.
    "SetEnv SHLVL=2",
    "LogLevel ERROR",
    "",
  ].join("\n");
}

function sshConfig(folder: string, port: number): string {
  return [
    "HostName 127.0.0.1",
    `Port ${port}`,
    `IdentityFile ${folder}/client_key`,
    "IdentitiesOnly yes",
    "BatchMode yes",
    "StrictHostKeyChecking no",
    "UserKnownHostsFile /dev/null",
    "LogLevel ERROR",
    "",
  ].join("\n");
}

async function makeKey(path: string): Promise<void> {
  const { success } = await new Deno.Command("ssh-keygen", {
    args: ["-q", "-t", "ed25519", "-N", "", "-f", path],
    stdin: "null",
  }).spawn().status;
  if (!success) throw new Error("Cannot start the ssh fleet: ssh-keygen made no key");
}

function freePort(): number {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  return listener.addr.port;
}

/** Makes a folder for as long as it is needed, unless it is there. */
async function ownFolder(stack: AsyncDisposableStack, path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { mode: 0o755 });
    stack.defer(() => Deno.remove(path));
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists || error instanceof Deno.errors.PermissionDenied)) {
      throw error;
    }
  }
}

async function answers(config: string): Promise<void> {
  const deadline = performance.now() + START_MS;
  for (;;) {
    const { success } = await new Deno.Command("ssh", {
      args: ["-F", config, "node1", "true"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn().status;
    if (success) return;
    if (performance.now() > deadline) throw new Error("Cannot start the ssh fleet: sshd does not answer");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}
