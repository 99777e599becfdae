/**
 * The sandbox of Linux: bubblewrap (bwrap(1)) with a seccomp filter.
 */
import type { Grant } from "../../safety/grants.ts";
import { ancestorsOf, type Look, outermostOf } from "./covered_paths.ts";
import type { GuardedConfinement, Sandbox, StrictConfinement } from "./sandbox.ts";

/** What confining needs. */
export interface BubblewrapOptions {
  /** Absolute path of `bwrap`. */
  readonly program: string;
  /** Files that hold the seccomp programs. */
  readonly filters: { readonly closed: string; readonly unixSockets: string };
  /** Looks what is at a path. */
  readonly look: Look;
  /** Absolute path of bash, or of another shell where there is none. */
  readonly shell: string;
  /** Whether this `bwrap` can bound the private folders (0.7 and later); else each may take half of the memory. */
  readonly canBound: boolean;
  /** Whether a user namespace is needed although we are root: in some containers root may do nothing else. */
  readonly userNamespace: boolean;
  /** The last capability that the kernel has. @default {40} */
  readonly lastCapability?: number | undefined;
}

/** Of kernels from 5.9 on. */
const LAST_CAPABILITY = 40;

/** What a command may write to each of its private folders, which are in memory. */
export const PRIVATE_FOLDER_BYTES = 1 << 30;
/** Where a command may write in strict isolation, and nobody else sees it. */
export const PRIVATE_TEMPORARY_FOLDER = "/dev/shm";

const TEMPORARY_FOLDERS = ["/tmp", "/var/tmp"];
const RUN = "/run";
/** What of `/run` is neither a socket nor a pipe of a service: NixOS' programs, and users' disks. */
const VISIBLE_IN_RUN = ["/run/current-system", "/run/media"];

/**
 * Closes what the agent was started with and handed on, such as a socket of its parent: bwrap hands on everything. A shell
 * other than bash can name only the first ten descriptors.
 */
const CLOSE_DESCRIPTORS = `if [ -n "$BASH_VERSION" ]; then
for n in /proc/self/fd/*; do n=\${n##*/}; [ "$n" -le 2 ] || exec {n}>&-; done
else exec 3>&- 4>&- 5>&- 6>&- 7>&- 8>&-; fi`;
/**
 * Opens the filter for bwrap, which closes it: the runtime passes no descriptors of its own to children. `cd -P` makes PWD the
 * real path of the working folder.
 */
const OPEN_FILTER = 'exec 9<"$0" || exit 1\ncd -P . || exit 1\nbwrap=$1\nshift';
const FILTER_DESCRIPTOR = "9";

/**
 * With these root writes where guarded commands must not: mounts, other processes' memory and folders, raw memory, the
 * kernel, and files by their handles. Root that sets out to finds other ways, such as the view of the disk that any process
 * without capabilities has, in `/proc/<pid>/root`; an ordinary user does not.
 */
const DROPPED_OF_ROOT = ["SYS_ADMIN", "SYS_PTRACE", "SYS_RAWIO", "SYS_MODULE", "DAC_READ_SEARCH"].map((
  name,
) => `CAP_${name}`);
/**
 * CAP_PERFMON reads the environment of every process since Linux 6.16, the agent's with its token among them; CAP_BPF the memory
 * of the kernel; CAP_CHECKPOINT_RESTORE the files that a process has mapped. By number, as older libraries have no names for
 * them, and only those that the kernel has.
 */
const DROPPED_BY_NUMBER = [38, 39, 40];

/** Makes the sandbox; whether it holds on this machine is tried by `detect.ts`. */
export function createBubblewrap(options: BubblewrapOptions): Sandbox {
  return {
    name: "bubblewrap",
    confine: (argv, confinement) =>
      confinement.kind === "strict" ? confineStrictly(argv, confinement, options) : [
        ...launcher(options.shell, `${CLOSE_DESCRIPTORS}\nexec "$0" "$@"`),
        options.program,
        ...guardedFlags(confinement, options),
        "--",
        ...argv,
      ],
  };
}

function confineStrictly(
  argv: readonly string[],
  confinement: StrictConfinement,
  options: BubblewrapOptions,
): [string, ...string[]] {
  const { filters, look, program } = options;
  const hasSockets = confinement.grants.includes("unix-sockets");
  const flags = strictFlags(confinement, options);
  // Folders over which something private lies; the real ones, as bwrap follows no absolute links within the sandbox.
  const temporary = TEMPORARY_FOLDERS.flatMap((folder) => look(folder)?.path ?? []);
  const isReadable = confinement.temporary === "readable";
  const script = [
    CLOSE_DESCRIPTORS,
    OPEN_FILTER,
    // What is after "$@" is the masks, which must come last.
    ...(isReadable ? [] : temporary.map(showWorkingFolder)),
    `exec "$bwrap" ${flags.map(quote).join(" ")} ${
      isReadable ? "" : temporary.flatMap((folder) => tmpfs(folder, options)).map(quote).join(" ")
    } --chdir "$PWD" "$@"`,
  ].join("\n");
  return [
    ...launcher(options.shell, script),
    hasSockets ? filters.unixSockets : filters.closed,
    program,
    ...hide(confinement.hidden, look),
    ...["--setenv", "TMPDIR", PRIVATE_TEMPORARY_FOLDER],
    ...["--die-with-parent", "--new-session", "--seccomp", FILTER_DESCRIPTOR],
    "--",
    ...argv,
  ];
}

/** A script to start with. By `-p`, bash takes neither functions nor a file to read first from the environment. */
function launcher(shell: string, script: string): [string, ...string[]] {
  return shell.endsWith("/bash") ? [shell, "-p", "-c", script] : [shell, "-c", script];
}

/** A line of the script: the working folder is there, read-only, if it is or lies in `folder`. */
function showWorkingFolder(folder: string): string {
  return `case $PWD/ in ${quote(`${folder}/`)}*) set -- --ro-bind "$PWD" "$PWD" "$@";; esac`;
}

function strictFlags({ grants }: StrictConfinement, options: BubblewrapOptions): string[] {
  const has = (grant: Grant) => grants.includes(grant);
  const resolver = options.look("/etc/resolv.conf")?.path;
  const visible = [
    ...VISIBLE_IN_RUN,
    ...(has("network") && resolver?.startsWith(`${RUN}/`) ? [resolver] : []),
  ];
  return [
    ...["--ro-bind", "/", "/"],
    ...["--dev", "/dev", ...tmpfs(PRIVATE_TEMPORARY_FOLDER, options), "--remount-ro", "/dev"],
    // The host's /proc shows its processes, while numbers mean the command's own: signals and the like reach no others. The
    // user namespace closes the way through /proc/<pid>/root to what other processes may write.
    ...(has("host-processes")
      ? ["--ro-bind", "/proc", "/proc", "--unshare-user"]
      : ["--proc", "/proc", "--remount-ro", "/proc", ...(options.userNamespace ? ["--unshare-user"] : [])]),
    ...(has("unix-sockets") || options.look(RUN)?.isFolder !== true
      ? []
      : [...tmpfs(RUN, options), ...visible.flatMap((path) => ["--ro-bind-try", path, path])]),
    ...(has("network") ? [] : ["--unshare-net"]),
    ...["--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"],
  ];
}

/**
 * A folder above a protected or hidden path is bound on itself, since what is mounted cannot be renamed: under another name
 * the next command would find it open. The command is not ended with us, so that it has the time between TERM and KILL.
 */
function guardedFlags(
  { readOnly, hidden, writable }: GuardedConfinement,
  { look, userNamespace, lastCapability = LAST_CAPABILITY }: BubblewrapOptions,
): string[] {
  const paths = outermostOf(readOnly, look).map(({ path }) => path);
  const covered = outermostOf(hidden, look).map(({ path }) => path);
  const open = writable === undefined ? undefined : outermostOf(writable, look).map(({ path }) => path);
  return [
    ...(open === undefined ? ["--dev-bind", "/", "/"] : [
      "--ro-bind",
      "/",
      "/",
      "--dev-bind",
      "/dev",
      "/dev",
      "--setenv",
      "TMPDIR",
      PRIVATE_TEMPORARY_FOLDER,
    ]),
    ...(open ?? []).flatMap((path) => ["--bind", path, path]),
    ...ancestorsOf([...paths, ...covered]).filter((folder) => isWritable(folder, open))
      .flatMap((folder) => ["--dev-bind", folder, folder]),
    ...paths.flatMap((path) => ["--ro-bind", path, path]),
    ...hide(hidden, look),
    ...(userNamespace ? ["--unshare-user"] : []),
    ...[...DROPPED_OF_ROOT, ...DROPPED_BY_NUMBER.filter((number) => number <= lastCapability).map(String)]
      .flatMap((capability) => ["--cap-drop", capability]),
  ];
}

/** Whether a folder can be written to, and so renamed. */
function isWritable(folder: string, open: readonly string[] | undefined): boolean {
  return open === undefined ||
    open.some((path) => path === "/" || folder === path || folder.startsWith(`${path}/`));
}

/** A file becomes a device that cannot be opened, a folder one that is empty and stays so. */
function hide(paths: readonly string[], look: Look): string[] {
  return outermostOf(paths, look).flatMap(({ path, isFolder }) =>
    isFolder ? ["--tmpfs", path, "--remount-ro", path] : ["--ro-bind", "/dev/null", path]
  );
}

function tmpfs(folder: string, { canBound }: BubblewrapOptions): string[] {
  return [...(canBound ? ["--size", String(PRIVATE_FOLDER_BYTES)] : []), "--tmpfs", folder];
}

/** Quotes a word of a shell script. */
function quote(word: string): string {
  return /^[\w/.,:=+-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
