/**
 * The sandbox of macOS: `sandbox-exec` with a profile in Apple's sandbox language (sandbox-exec(1)). It was written from
 * the documentation and has not been run on a Mac; `detect.ts` uses it only where it is seen to hold.
 */
import { ancestorsOf } from "./covered_paths.ts";
import type { Confinement, Sandbox } from "./sandbox.ts";

/** Absolute path of the program on every macOS. */
export const SANDBOX_EXEC = "/usr/bin/sandbox-exec";

/** Makes the sandbox; whether it holds on this machine is tried by `detect.ts`. */
export function createSeatbelt(): Sandbox {
  return {
    name: "sandbox-exec",
    confine: (argv, confinement) => [
      SANDBOX_EXEC,
      "-p",
      seatbeltProfile(confinement),
      ...argv,
    ],
  };
}

/** Writes the profile of a confinement. Later rules win over earlier ones. */
export function seatbeltProfile(confinement: Confinement): string {
  const hidden = confinement.hidden.map((path) => `(deny file-read* file-write* (subpath ${quote(path)}))`);
  if (confinement.kind === "guarded") {
    const { readOnly, writable } = confinement;
    return [
      "(version 1)",
      "(allow default)",
      ...(writable === undefined ? [] : ["(deny file-write*)", '(allow file-write* (subpath "/dev"))']),
      ...(writable ?? []).map((path) => `(allow file-write* (subpath ${quote(path)}))`),
      ...readOnly.map((path) => `(deny file-write* (subpath ${quote(path)}))`),
      // A folder that is renamed takes along what lies in it, and another can be put in its place.
      ...ancestorsOf(readOnly).map((folder) => `(deny file-write-unlink (literal ${quote(folder)}))`),
      ...hidden,
    ].join("\n");
  }
  const has = (grant: string) => confinement.grants.some((granted) => granted === grant);
  return [
    "(version 1)",
    "(deny default)",
    "(allow process-fork process-exec)",
    "(allow file-read*)",
    '(allow file-write-data (literal "/dev/null") (literal "/dev/tty"))',
    "(allow sysctl-read)",
    "(allow signal (target same-sandbox))",
    "(allow process-info* (target same-sandbox))",
    ...(has("host-processes") ? ["(allow process-info*)"] : []),
    ...(has("network")
      ? [
        "(allow network-outbound (remote ip))",
        "(allow network-inbound (local ip))",
        "(allow system-socket)",
        '(allow network-outbound (literal "/private/var/run/mDNSResponder"))',
      ]
      : []),
    ...(has("unix-sockets") ? ["(allow network-outbound (remote unix-socket))", "(allow mach-lookup)"] : []),
    ...hidden,
  ].join("\n");
}

function quote(path: string): string {
  const escaped = path.replaceAll("\\", "\\\\").replaceAll('"', '\\"')
    .replaceAll("\n", "\\n").replaceAll("\r", "\\r").replaceAll("\t", "\\t");
  return `"${escaped}"`;
}
