/**
 * Tries a sandbox: starts commands in it that attempt what it must keep them from, and watches from outside. Used by
 * `detect.ts`, once at start.
 */
import { join } from "node:path";
import type { Confinement, Sandbox } from "./sandbox.ts";

const TRIAL_TIMEOUT_MS = 5_000;
/** The longest path that a Unix socket can be made at, on any system. */
const MAX_SOCKET_PATH = 103;

/** Where to try. */
export interface TrialPlace {
  /** Absolute path of an existing folder that can be written. */
  readonly folder: string;
  readonly os: typeof Deno.build.os;
}

/**
 * Tries what must not succeed: to write a file, to connect to a Unix socket and to a port, to see a process of the machine, to
 * signal it, to get at files through it, and in edit mode to write what is protected.
 *
 * @returns what is wrong, to be read after the sandbox's name; undefined if it holds
 */
export async function tryOut(sandbox: Sandbox, { folder, os }: TrialPlace): Promise<string | undefined> {
  const canary = join(folder, `sandbox-trial-${crypto.randomUUID()}`);
  using listeners = listen(join(folder, `t-${crypto.randomUUID().slice(0, 8)}`));
  const probes = await probeArguments(listeners);
  const attempt = (confinement: Confinement) => run(sandbox, confinement, { canary, probes, cwd: folder });
  try {
    const [strict, granted, guarded] = await Promise.all([
      attempt({ kind: "strict", grants: [], hidden: [], temporary: "readable" }),
      attempt({
        kind: "strict",
        grants: ["host-processes", "unix-sockets", "network"],
        hidden: [],
        temporary: "readable",
      }),
      attempt({ kind: "guarded", readOnly: [folder], hidden: [] }),
    ]);
    return judgeStrict(strict, { os, agent: ownStart() }) ?? judgeGranted(granted) ?? judgeGuarded(guarded);
  } finally {
    await Deno.remove(canary).catch(() => {}); // It is there only if the sandbox does not hold.
  }
}

/** What an attempt said, line by line, or why it could not be made. */
export type Attempt = { readonly lines: ReadonlySet<string> } | { readonly failure: string };

/** @param options.agent - end of our own line in the table of processes, if there is one */
export function judgeStrict(
  attempt: Attempt,
  { os, agent }: { readonly os: string; readonly agent: string | undefined },
): string | undefined {
  if ("failure" in attempt) return attempt.failure;
  const { lines } = attempt;
  if (lines.has("wrote")) return "does not keep a command from writing";
  if (lines.has("unix")) return "does not keep a command from connecting to Unix sockets";
  if (lines.has("tcp")) return "does not keep a command from the network";
  if (os !== "linux") return undefined;
  if (agent !== undefined && lines.has(`start ${agent}`)) return "shows the processes of the machine";
  // The kernel's own word, as not every machine has a program that can try sockets.
  if (!lines.has("status Seccomp: 2")) return "does not filter system calls";
  if (!lines.has("status NoNewPrivs: 1")) return "does not keep a command from gaining privileges";
  if (!lines.has("status CapEff: 0000000000000000")) return "leaves a command with capabilities";
  const device = [...lines].find((line) => line.startsWith("net ") && !/^net (?:lo|Inter-|face)/.test(line));
  return device === undefined ? undefined : "does not keep a command from the network";
}

/** Judges an attempt with all grants: files stay closed, and so do processes. */
export function judgeGranted(attempt: Attempt): string | undefined {
  if ("failure" in attempt) return `with access to processes, sockets and network ${attempt.failure}`;
  if (attempt.lines.has("wrote")) return "with grants does not keep a command from writing";
  if (attempt.lines.has("signal")) return "with grants does not keep a command from signalling processes";
  if (attempt.lines.has("root")) return "with grants opens files through other processes";
  return undefined;
}

/** Judges an attempt in edit mode. */
export function judgeGuarded(attempt: Attempt): string | undefined {
  if ("failure" in attempt) return `for edit mode ${attempt.failure}`;
  return attempt.lines.has("wrote") ? "does not keep a command from writing protected files" : undefined;
}

/** Says what is possible. `$1` is the canary, `$2` our pid; the rest is a program that tries sockets. */
const SCRIPT = `
echo in
(: >"$1") 2>/dev/null && echo wrote
kill -0 "$2" 2>/dev/null && echo signal
[ -e "/proc/$2/root/etc" ] && echo root
if [ -r /proc/self/status ]; then
  while read -r key value; do case $key in Seccomp:|NoNewPrivs:|CapEff:) echo "status $key $value";; esac; done </proc/self/status
  for file in /proc/[0-9]*/stat; do
    read -r line <"$file" && line=\${line##*) } && set_of() { shift 19; echo "start $1"; } && set_of $line
  done 2>/dev/null
  while read -r name rest; do echo "net $name"; done </proc/net/dev
fi
shift 2
[ $# -eq 0 ] || "$@" 2>/dev/null
exit 0
`;

async function run(
  sandbox: Sandbox,
  confinement: Confinement,
  { canary, probes, cwd }: {
    readonly canary: string;
    readonly probes: readonly string[];
    readonly cwd: string;
  },
): Promise<Attempt> {
  const argv = ["/bin/sh", "-c", SCRIPT, "sh", canary, String(Deno.pid), ...probes];
  const [program, ...args] = sandbox.confine(argv, confinement);
  let output: Deno.CommandOutput;
  try {
    output = await new Deno.Command(program, {
      args,
      cwd,
      clearEnv: true,
      env: { PATH: "/usr/bin:/bin", LC_ALL: "C" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      signal: AbortSignal.timeout(TRIAL_TIMEOUT_MS),
    }).output();
  } catch (error) {
    return { failure: `cannot be started: ${error instanceof Error ? error.message : String(error)}` };
  }
  const lines = new Set(new TextDecoder().decode(output.stdout).split("\n"));
  if (lines.has("in") && output.success) return { lines };
  const complaint = new TextDecoder().decode(output.stderr).trim().split("\n").at(-1) ?? "";
  return { failure: `does not work here: ${complaint || `exit code ${output.code}`}` };
}

/** When this process was started, in the kernel's ticks: field 22 of /proc/self/stat (proc(5)). */
function ownStart(): string | undefined {
  try {
    return Deno.readTextFileSync("/proc/self/stat").replace(/^.*\) /s, "").split(" ")[19];
  } catch {
    return undefined; // There is no /proc on macOS.
  }
}

interface Listeners extends Disposable {
  /** Where connecting succeeds; undefined where it cannot be tried. */
  readonly socket: string | undefined;
  readonly port: number | undefined;
}

/** Listens on a Unix socket and on a port; a connection is made whether or not it is accepted. */
function listen(path: string): Listeners {
  using stack = new DisposableStack();
  const attempt = <T extends Deno.Listener>(open: () => T): T | undefined => {
    try {
      return stack.use(open());
    } catch {
      return undefined; // A network file system has no sockets, and a machine need not have a loopback.
    }
  };
  const socket = path.length > MAX_SOCKET_PATH
    ? undefined
    : attempt(() => Deno.listen({ transport: "unix", path }));
  const tcp = attempt(() => Deno.listen({ hostname: "127.0.0.1", port: 0 }));
  if (socket !== undefined) stack.defer(() => Deno.removeSync(path));
  const all = stack.move();
  return {
    socket: socket === undefined ? undefined : path,
    port: tcp?.addr.port,
    [Symbol.dispose]: () => all.dispose(),
  };
}

const PERL =
  'use Socket; socket(S,PF_UNIX,SOCK_STREAM,0) && connect(S,sockaddr_un($ARGV[0])) && print "unix\\n";' +
  'socket(T,PF_INET,SOCK_STREAM,0) && connect(T,sockaddr_in($ARGV[1],inet_aton("127.0.0.1"))) && print "tcp\\n"';
const PYTHON = "import socket as s,sys\n" +
  "for name,family,to in (('unix',s.AF_UNIX,sys.argv[1]),('tcp',s.AF_INET,('127.0.0.1',int(sys.argv[2])))):\n" +
  "  try: s.socket(family).connect(to); print(name)\n  except OSError: pass\n";

/** A program with arguments that tries both, if there is one: perl is part of Debian and its children. */
async function probeArguments({ socket, port }: Listeners): Promise<string[]> {
  const targets = [socket ?? "", String(port ?? 0)];
  if (await isFile("/usr/bin/perl")) return ["/usr/bin/perl", "-e", PERL, ...targets];
  if (await isFile("/usr/bin/python3")) return ["/usr/bin/python3", "-I", "-c", PYTHON, ...targets];
  return [];
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await Deno.stat(path)).isFile;
  } catch {
    return false; // Not there, or not for us.
  }
}
