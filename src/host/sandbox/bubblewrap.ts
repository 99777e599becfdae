/**
 * The sandbox of Linux: bubblewrap (bwrap(1)) with a seccomp filter.
 */
import type { Grant } from "../../safety/grants.ts";
import type { Confinement, Sandbox } from "./sandbox.ts";

/** What confining needs. */
export interface BubblewrapOptions {
  /** Absolute path of `bwrap`. */
  readonly program: string;
  /** Files that hold the seccomp programs. */
  readonly filters: { readonly closed: string; readonly unixSockets: string };
  /** Tells whether an absolute path is a folder. */
  readonly isFolder: (path: string) => boolean;
}

/** Opens the filter as descriptor 9 for bwrap: Deno passes no descriptors of its own to children. */
const OPEN_FILTER = ["/bin/sh", "-c", 'exec 9<"$0"; exec "$@"'] as const;
const FILTER_DESCRIPTOR = "9";

/** Makes the sandbox; whether it holds on this machine is tried by `detect.ts`. */
export function createBubblewrap(options: BubblewrapOptions): Sandbox {
  return {
    name: "bubblewrap",
    confine(argv, confinement) {
      const hasSockets = confinement.kind === "guarded" || confinement.grants.includes("unix-sockets");
      const filter = hasSockets ? options.filters.unixSockets : options.filters.closed;
      return [
        ...OPEN_FILTER,
        filter,
        options.program,
        ...(confinement.kind === "strict"
          ? strictFlags(confinement.grants)
          : guardedFlags(confinement.readOnly)),
        ...confinement.hidden.flatMap((path) => hide(path, options.isFolder)),
        "--die-with-parent",
        "--new-session",
        ...(confinement.kind === "strict" ? ["--seccomp", FILTER_DESCRIPTOR] : []),
        "--",
        ...argv,
      ];
    },
  };
}

function strictFlags(grants: readonly Grant[]): string[] {
  const has = (grant: Grant) => grants.includes(grant);
  return [
    ...["--ro-bind", "/", "/", "--dev", "/dev"],
    // A new PID namespace needs a new /proc; the host's processes are seen through the host's, read-only.
    ...(has("host-processes") ? ["--ro-bind", "/proc", "/proc"] : ["--unshare-pid", "--proc", "/proc"]),
    ...["--tmpfs", "/tmp", "--tmpfs", "/var/tmp"],
    ...(has("unix-sockets") ? [] : ["--tmpfs", "/run"]),
    ...(has("network") ? [] : ["--unshare-net"]),
    ...["--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try", "--cap-drop", "ALL"],
  ];
}

function guardedFlags(readOnly: readonly string[]): string[] {
  return ["--dev-bind", "/", "/", ...readOnly.flatMap((path) => ["--ro-bind", path, path])];
}

function hide(path: string, isFolder: (path: string) => boolean): string[] {
  return isFolder(path) ? ["--tmpfs", path] : ["--ro-bind", "/dev/null", path];
}
